"""The meaning of an authorizer's answer: whether a client is admitted, and its context. Pure.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
"""

import json
from typing import Any

from local.gateway.policy import decision

LARGEST_ANSWER = 8 * 1024
"""Bytes of the answer as JSON:
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""


def granted_context(result: Any, method_arn: str) -> dict[str, Any] | None:
    """Return `requestContext.authorizer` as an authorizer's `result` grants it, or None.

    None means that the client may not use `method_arn`.

    Raises:
        ValueError: it is not a policy, it is too large, or its context has a value that is neither
            a string, a number nor a boolean.
    """
    try:
        statements = result["policyDocument"]["Statement"]
        context = {key: _as_text(value) for key, value in result.get("context", {}).items()}
        principal = result["principalId"]
        size = len(json.dumps(result).encode())
    except (AttributeError, KeyError, TypeError):
        raise ValueError("it is not a policy") from None
    if size > LARGEST_ANSWER:
        raise ValueError(f"it has {size} bytes, more than {LARGEST_ANSWER}")
    if not decision(statements, "execute-api:Invoke", method_arn):
        return None
    return {"principalId": principal, "integrationLatency": 0, **context}


def _as_text(value: Any) -> str:
    if not isinstance(value, str | int | float):
        raise ValueError(f"a {type(value).__name__} in its context")
    return value if isinstance(value, str) else json.dumps(value)
