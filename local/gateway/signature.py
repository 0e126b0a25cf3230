"""Checks whether a request to @connections is signed as AWS requires. Pure.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

import re

_ALGORITHM = "AWS4-HMAC-SHA256"
_SCOPE = "/execute-api/aws4_request"


def complaint(authorization: str) -> tuple[str, str] | None:
    """Return AWS's objection to the header `Authorization`: an exception and its message.

    Programs may use any credentials here, so the check is only that there is a signature for this
    service, not that it is the right one.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
    """
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != _ALGORITHM:
        return "MissingAuthenticationTokenException", "Missing Authentication Token"
    parts = dict(re.findall(r"(\w+)=([^,\s]+)", rest))
    if missing := {"Credential", "SignedHeaders", "Signature"} - parts.keys():
        message = f"Authorization header requires {', '.join(sorted(missing))} parameters."
        return "IncompleteSignatureException", message
    if not parts["Credential"].endswith(_SCOPE):
        message = "Credential should be scoped to correct service: 'execute-api'."
        return "InvalidSignatureException", message
    return None
