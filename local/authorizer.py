"""What an authorizer's answer means: who comes in, and with which context. Pure."""

import json
from typing import Any


def granted_context(result: Any) -> dict[str, Any] | None:
    """Return `requestContext.authorizer` as an authorizer's `result` grants it, or None.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html

    Raises:
        ValueError: it is not a policy, or its context has a value that is neither a string,
            a number nor a boolean.
    """
    try:
        effects = {statement["Effect"] for statement in result["policyDocument"]["Statement"]}
        context = {key: _as_text(value) for key, value in result.get("context", {}).items()}
        principal = result["principalId"]
    except (AttributeError, KeyError, TypeError):
        raise ValueError("it is not a policy") from None
    if effects != {"Allow"}:
        return None
    return {"principalId": principal, "integrationLatency": 0, **context}


def _as_text(value: Any) -> str:
    if not isinstance(value, str | int | float):
        raise ValueError(f"a {type(value).__name__} in its context")
    return value if isinstance(value, str) else json.dumps(value)
