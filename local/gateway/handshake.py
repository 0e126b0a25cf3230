"""The meaning of `$connect`'s answer: whether a client is admitted, and its subprotocol. Pure.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
"""

import re
from http import HTTPStatus
from typing import Any

from local.functions.invoker import LATE
from local.gateway.connection import Refusal

_SUBPROTOCOL = "sec-websocket-protocol"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# https://www.rfc-editor.org/rfc/rfc9110#name-tokens


def refusal_of(result: Any) -> Refusal | None:
    """Return the refusal of the client, if the `result` of `$connect` is one.

    Any status other than 2xx is passed on. A function that fails or whose answer has no status
    leads to a 502, a late one to a 504, as for the other APIs of API Gateway; for this one AWS says
    only that no connection is opened.
    """
    if result is LATE:
        return Refusal(HTTPStatus.GATEWAY_TIMEOUT)
    try:
        status = int(result["statusCode"])
        subprotocol_of(result)
    except (KeyError, TypeError, ValueError, AttributeError):
        return Refusal(HTTPStatus.BAD_GATEWAY)
    if not 200 <= status < 600:
        return Refusal(HTTPStatus.BAD_GATEWAY)
    return None if status < 300 else Refusal(status)


def subprotocol_of(result: Any) -> str | None:
    """Return the subprotocol in the header `Sec-WebSocket-Protocol` of a `result`, if it has one.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html

    Raises:
        ValueError: the header is not a subprotocol.
    """
    for name, value in (result.get("headers") or {}).items():
        if name.lower() == _SUBPROTOCOL:
            if not isinstance(value, str) or not _TOKEN.fullmatch(value):
                raise ValueError("no subprotocol")
            return value
    return None
