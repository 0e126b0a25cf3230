"""API Gateway's part: connections, routes, invocations and @connections. Knows no sockets.

Everything here runs on the event loop's thread, except the functions' handlers, which run where
the `Invoker` puts them, and the posts that they make.
"""

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from local.functions.invoker import LATE, InlineInvoker, Invocation, Invoker, TakeResult
from local.functions.loading import Load, load_handler
from local.gateway.authorizer import granted_context
from local.gateway.connection import Connection, Refusal, Socket
from local.gateway.handshake import refusal_of, subprotocol_of
from local.gateway.lambda_events import (
    Handshake,
    authorize_event,
    connect_event,
    connection_context,
    disconnect_event,
    message_event,
    new_connection_id,
    new_id,
)
from local.gateway.observer import Observer
from local.gateway.routes import CONNECT, DISCONNECT, Routes
from local.sam.template import AUTHORIZER, Stack
from signaling.event import LONGEST_URL, RawEvent

LARGEST_MESSAGE = 128 * 1024
IDLE_SECONDS = 10 * 60
LIFE_SECONDS = 2 * 60 * 60
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html

MOST_UNDER_WAY = 32
"""Messages of one client that may be under way before the server stops reading from it.

In AWS the account's limit on concurrent Lambdas serves this purpose: one client cannot fill the
memory, and others wait behind at most this many of its messages.
"""

SECONDS_TO_CATCH_UP = 10
"""How long a client may read too slowly before it is cut off. AWS documents no such time."""

_FAILED, _LATE, _THROTTLED = (
    "Internal server error",
    "Endpoint request timed out",
    "Too Many Requests",
)
# The texts of the other APIs' responses; this API's are not documented, and only the first has been
# seen in clients' frames: https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html


class PostStatus(NamedTuple):
    """Answer of @connections: HTTP status, and the exception's name for an error."""

    status: int
    error: str | None = None


_POSTED = PostStatus(200)
_GONE = PostStatus(410, "GoneException")
_TOO_LARGE = PostStatus(413, "PayloadTooLargeException")
_LIMIT_EXCEEDED = PostStatus(429, "LimitExceededException")


class Gateway:
    """One WebSocket API with its open connections."""

    def __init__(
        self,
        stack: Stack,
        invoker: Invoker | InlineInvoker,
        life_seconds: float = LIFE_SECONDS,
        load: Load = load_handler,
        idle_seconds: float = IDLE_SECONDS,
        is_throttled: bool = True,
        admit_page: Callable[[str], bool] = lambda origin: True,
    ) -> None:
        self.stage = stack.stage
        self.connections: dict[str, Connection] = {}
        self.observer: Observer | None = None
        self._invoker = invoker
        self._life_seconds = life_seconds
        self._idle_seconds = idle_seconds
        self._admit_page = admit_page
        self._loop_thread = threading.get_ident()
        self._routes = Routes(stack, is_throttled)
        self._authorizer = stack.authorizer
        self._functions = {
            key: (function, load(function)) for key, function in stack.functions().items()
        }

    async def connect(self, handshake: Handshake) -> Connection | Refusal:
        """Ask the authorizer, if the stack has one, and `$connect` whether to admit the client."""
        if len(handshake.url) > LONGEST_URL:
            return Refusal(414)
        if not self._admit_page(handshake.header("origin")):
            return Refusal(403)
        if not self._routes.has_room(CONNECT):
            return Refusal(429)
        now = time.time()
        context = connection_context(handshake, self.stage, new_connection_id(), int(now * 1000))
        connection = Connection(context, now)
        if self._authorizer is not None:
            identity = self._authorizer.query_parameters
            if not all(handshake.query_value(name) for name in identity):
                return Refusal(401)
            event = authorize_event(context, handshake, connection.request_time())
            try:
                answer = await self._result_of(AUTHORIZER, event)
                granted = granted_context(answer, event["methodArn"])
            except ValueError as error:
                print(f"error: the authorizer's answer: {error}", file=sys.stderr)
                return Refusal(500)
            if granted is None:
                return Refusal(403)
            context["authorizer"] = granted
        event = connect_event(context, handshake, connection.request_time())
        result = await self._result_of(CONNECT, event)
        refusal = refusal_of(result)
        if refusal is None:
            connection.subprotocol = subprotocol_of(result)
        return refusal or connection

    def opened(self, connection: Connection, socket: Socket) -> None:
        """Let messages pass: the WebSocket of an admitted connection is open."""
        connection.socket = socket
        self.connections[connection.id] = connection

    def received(self, connection: Connection, body: str) -> None:
        """Route a message."""
        connection.last_active = time.time()
        route = self._routes.of(body)
        if not self._routes.has_room(route):
            self._tell(connection, route, body, _THROTTLED, new_id())
            return
        if route in self._routes.mocks:
            response = self._routes.mocks[route]
            if response is not None:
                self._answer(connection, route, body, response)
            return
        event = message_event(connection.context, route, body, connection.request_time())

        def ended(result: Any) -> None:
            connection.under_way -= 1
            if connection.under_way == MOST_UNDER_WAY // 2 and connection.socket:
                connection.socket.resume()
            if not isinstance(result, dict):
                text = _LATE if result is LATE else _FAILED
                self._tell(connection, route, body, text, event["requestContext"]["requestId"])
            elif route in self._routes.answering and "body" in result:
                self.post(connection.id, str(result["body"]).encode())

        connection.under_way += 1
        if connection.under_way == MOST_UNDER_WAY and connection.socket:
            connection.socket.pause()
        self._invoke(route, event, ended)

    def closed(self, connection: Connection, code: int, reason: str = "") -> None:
        """Forget a connection whose WebSocket has closed and invoke `$disconnect`."""
        if self.connections.pop(connection.id, None):
            if self.observer:
                self.observer.closed(connection, code, reason)
            now = connection.request_time()
            event = disconnect_event(connection.context, code, reason, now)
            self._invoke(DISCONNECT, event, lambda result: None)

    def is_open(self, connection_id: str) -> bool:
        """Tell whether a client holds this connection."""
        return connection_id in self.connections

    def post(self, connection_id: str, payload: bytes) -> PostStatus:
        """Send `payload` as a text frame, from any thread."""
        return self.post_to_each([connection_id], payload)[0]

    def post_to_each(self, connection_ids: Sequence[str], payload: bytes) -> list[PostStatus]:
        """Send `payload` as a text frame to every one of `connection_ids`, from any thread."""
        is_too_large = len(payload) > LARGEST_MESSAGE
        is_on_loop = threading.get_ident() == self._loop_thread
        now = time.time()
        statuses, sockets = [], []
        for connection_id in connection_ids:
            connection = self.connections.get(connection_id)
            if connection is None or (socket := connection.socket) is None:
                statuses.append(_GONE)
            elif is_too_large:
                statuses.append(_TOO_LARGE)
            elif socket.is_behind:
                statuses.append(_LIMIT_EXCEEDED)
            else:
                connection.last_active = now
                is_open = True
                if is_on_loop:
                    is_open = socket.send(payload)
                else:
                    sockets.append(socket)
                statuses.append(_POSTED if is_open else _GONE)
        if sockets:
            self._invoker.call_back(lambda: [socket.send(payload) for socket in sockets])
        return statuses

    def close_overdue(self) -> None:
        """Close the connections that are idle, too old, or too far behind."""
        now = time.time()
        for connection in list(self.connections.values()):
            if (socket := connection.socket) is None:
                continue
            if not socket.is_behind:
                connection.last_kept_up = now
            idle = now - connection.last_active > self._idle_seconds
            if idle or now - connection.opened > self._life_seconds:
                socket.close(1001)
            elif now - connection.last_kept_up > SECONDS_TO_CATCH_UP:
                socket.close(1008)

    def _tell(
        self, connection: Connection, route: str, body: str, message: str, request: str
    ) -> None:
        """Send a client the frame that says what API Gateway could not do."""
        told = {"message": message, "connectionId": connection.id, "requestId": request}
        self._answer(connection, route, body, json.dumps(told))

    def _answer(self, connection: Connection, route: str, body: str, frame: str) -> None:
        self.post(connection.id, frame.encode())
        if self.observer:
            self.observer.answered(connection, route, body, frame)

    async def _result_of(self, route: str, event: RawEvent) -> Any:
        """Run the route's handler and return its result: None if it failed, or `LATE`."""
        result = asyncio.get_running_loop().create_future()
        self._invoke(route, event, result.set_result)
        return await result

    def _invoke(self, route: str, event: RawEvent, take_result: TakeResult) -> None:
        """Run the route's handler and give its result to `take_result`."""
        self._invoker.invoke(Invocation(*self._functions[route], event), take_result)
