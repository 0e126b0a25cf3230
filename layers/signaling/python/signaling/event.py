"""API Gateway's WebSocket event as the functions see it: the only module that knows its shape.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
"""

from time import time

from signaling.access.grants import Grants, has_grants
from signaling.ports import Sender
from signaling.typed import Any, Protocol

RawEvent = dict[str, Any]
"""The event as Lambda hands it over."""

LONGEST_URL = 4096
"""Characters of the URL that a client connects to; a longer one reaches no function:
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""

OK = {"statusCode": 200}
"""Answer of a function that did what it was asked, or refused it with an error frame."""


class LambdaContext(Protocol):
    """The part of Lambda's context object that is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that the invocation has left."""


class Event:
    """One event of a connection: `$connect`, a message or `$disconnect`."""

    def __init__(self, raw: RawEvent) -> None:
        """Look at `raw`."""
        self._raw = raw
        self._context = raw["requestContext"]

    @property
    def route(self) -> str:
        """Route key that API Gateway chose."""
        return str(self._context["routeKey"])

    @property
    def connection(self) -> str:
        """Connection id."""
        return str(self._context["connectionId"])

    @property
    def sender(self) -> Sender:
        """The connection with its times."""
        authorizer = self._context.get("authorizer")
        has_token = authorizer is not None and has_grants(authorizer)
        connected_at = int(self._context["connectedAt"])
        requested_at = int(self._context["requestTimeEpoch"])
        handled_at = int(1000 * time())
        return Sender(self.connection, connected_at, requested_at, has_token, handled_at)

    def grants(self, needs_token: bool) -> Grants:
        """Return the topics that the connection may use, as the authorizer said on `$connect`."""
        return Grants.from_context(self._context.get("authorizer"), needs_token)

    @property
    def origin(self) -> str | None:
        """Origin of the page that wants to connect; only on `$connect`."""
        headers = self._raw.get("headers") or {}
        return next((headers[name] for name in headers if name.lower() == "origin"), None)

    @property
    def method_arn(self) -> str:
        """What an authorizer allows or denies."""
        return str(self._raw["methodArn"])

    def query_values(self, name: str) -> list[str]:
        """Return every value of `name` in the query string, which only `$connect` has."""
        values = (self._raw.get("multiValueQueryStringParameters") or {}).get(name)
        return list(values or [])

    @property
    def body(self) -> str:
        """Text of a message."""
        return str(self._raw.get("body") or "")

    @property
    def is_binary(self) -> bool:
        """Whether the body is base64 of bytes: never from a client, as API Gateway disconnects it.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-binary-media-types.html
        """
        return bool(self._raw.get("isBase64Encoded"))

    @property
    def disconnect_code(self) -> int | None:
        """WebSocket close code of a `$disconnect`."""
        code = self._context.get("disconnectStatusCode")
        return None if code is None else int(code)
