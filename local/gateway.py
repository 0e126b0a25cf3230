"""API Gateway's part: connections, routes, invocations and @connections. Knows no sockets.

Everything here runs on the event loop's thread, but for the functions' handlers, which run where
the `Invoker` puts them.
"""

import asyncio
import json
import random
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any, NamedTuple, Protocol

from local.events import (
    Event,
    Handshake,
    connect_event,
    connection_context,
    disconnect_event,
    message_event,
    new_id,
)
from local.template import Function, Mock, Stack

LARGEST_MESSAGE = 128 * 1024
IDLE_SECONDS = 10 * 60
LIFE_SECONDS = 2 * 60 * 60
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html

_RESERVED_ROUTES = ("$connect", "$disconnect", "$default")

Handler = Callable[[Event, Any], Any]
Job = Callable[[], None]


class Socket(Protocol):
    """The client's end of a connection."""

    def send(self, frame: bytes) -> bool:
        """Send a text frame; False means that the client reads too slowly to take it."""

    def close(self, code: int) -> None:
        """Close the WebSocket."""


class Context:
    """Lambda's context object, as far as the functions use it."""

    def __init__(self, function: Function) -> None:
        """Start the invocation's time."""
        self.aws_request_id = new_id()
        self.function_name = function.name
        self._deadline = time.monotonic() + function.timeout

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that the invocation has left."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class Invoker:
    """Runs invocations at once, as Lambda does: each in a thread, after a random delay."""

    def __init__(self, latency: tuple[float, float] = (0, 0), threads: int = 16) -> None:
        """Delay each invocation by `latency`, the least and the most seconds."""
        self._latency = latency
        self._threads = ThreadPoolExecutor(threads)
        self._loop = asyncio.get_running_loop()
        self._delayed: set[asyncio.TimerHandle] = set()

    def run(self, job: Job) -> None:
        """Run `job` soon in a thread of its own."""

        def start() -> None:
            self._delayed.discard(timer)
            self._threads.submit(job)

        timer = self._loop.call_later(random.uniform(*self._latency), start)
        self._delayed.add(timer)

    def call_back(self, job: Job) -> None:
        """Run `job` on the event loop, from a thread."""
        self._loop.call_soon_threadsafe(job)

    async def finish(self, seconds: float) -> None:
        """Let the invocations under way end, for `seconds` at most, and drop the others."""
        end = self._loop.time() + seconds
        while self._delayed and self._loop.time() < end:
            await asyncio.sleep(0.01)
        for timer in self._delayed:
            timer.cancel()
        ended = self._loop.run_in_executor(
            None, partial(self._threads.shutdown, cancel_futures=True)
        )
        await asyncio.wait([ended], timeout=end - self._loop.time())


class InlineInvoker:
    """Runs each invocation to its end: for handlers that never wait, this is the same, faster."""

    def run(self, job: Job) -> None:
        """Run `job` now."""
        job()

    call_back = run

    async def finish(self, seconds: float) -> None:
        """Return: nothing is ever under way."""


class Connection:
    """One client."""

    def __init__(self, context: Event, now: float) -> None:
        """Start a connection whose events carry `context`."""
        self.id: str = context["connectionId"]
        self.context = context
        self.socket: Socket | None = None
        self.opened = self.last_active = now
        self._last_request = 0

    def request_time(self) -> int:
        """Return epoch milliseconds for the next event, later than those of the last one.

        API Gateway promises no such thing, but one machine is so quick that requests sent one
        after the other would often bear the same time, and their order would be lost.
        """
        self._last_request = max(int(time.time() * 1000), self._last_request + 1)
        return self._last_request


class PostStatus(NamedTuple):
    """Answer of @connections: HTTP status, and the exception's name where it is one."""

    status: int
    error: str | None = None


class Gateway:
    """One WebSocket API with its open connections."""

    def __init__(self, stack: Stack, invoker: Invoker | InlineInvoker) -> None:
        """Serve the API of `stack`."""
        self.stage = stack.stage
        self.connections: dict[str, Connection] = {}
        self._selection = stack.selection
        self._invoker = invoker
        self._loop_thread = threading.get_ident()
        self._mocks = {
            key: target.response for key, target in stack.routes.items() if isinstance(target, Mock)
        }
        self._functions = {
            key: (target, load_handler(target))
            for key, target in stack.routes.items()
            if isinstance(target, Function)
        }

    def connect(
        self,
        handshake: Handshake,
        admit: Callable[[Connection], None],
        refuse: Callable[[int], None],
    ) -> None:
        """Invoke `$connect` and call `admit` or, with an HTTP status, `refuse`."""
        now = time.time()
        context = connection_context(handshake, self.stage, new_id(), int(now * 1000))
        connection = Connection(context, now)
        event = connect_event(context, handshake, connection.request_time())

        def answer(result: Any) -> None:
            status = result.get("statusCode", 502) if isinstance(result, dict) else 502
            if 200 <= status < 300:
                admit(connection)
            else:
                refuse(status)

        self._invoke("$connect", event, answer)

    def opened(self, connection: Connection, socket: Socket) -> None:
        """Let messages pass: the WebSocket of an admitted connection is open."""
        connection.socket = socket
        self.connections[connection.id] = connection

    def received(self, connection: Connection, body: str | bytes) -> None:
        """Route a message; `body` is bytes for a binary frame."""
        connection.last_active = time.time()
        route = self._route_of(body)
        if route in self._mocks:
            response = self._mocks[route]
            if response is not None:
                self.post(connection.id, response.encode())
            return
        event = message_event(connection.context, route, body, connection.request_time())

        def answer(result: Any) -> None:
            if result is None:
                self.post(connection.id, _internal_server_error(connection, event))

        self._invoke(route, event, answer)

    def closed(self, connection: Connection, code: int, reason: str = "") -> None:
        """Forget a connection whose WebSocket has closed and invoke `$disconnect`."""
        if self.connections.pop(connection.id, None):
            now = connection.request_time()
            event = disconnect_event(connection.context, code, reason, now)
            self._invoke("$disconnect", event, lambda result: None)

    def post(self, connection_id: str, payload: bytes) -> PostStatus:
        """Send `payload` as a text frame, from any thread."""
        connection = self.connections.get(connection_id)
        if connection is None or connection.socket is None:
            return PostStatus(410, "GoneException")
        if len(payload) > LARGEST_MESSAGE:
            return PostStatus(413, "PayloadTooLargeException")
        connection.last_active = time.time()
        if threading.get_ident() != self._loop_thread:
            self._invoker.call_back(partial(_send, connection.socket, payload))
        elif not connection.socket.send(payload):
            return PostStatus(429, "LimitExceededException")
        return PostStatus(200)

    def close_overdue(self) -> None:
        """Close the connections that API Gateway would not keep: idle or too old."""
        now = time.time()
        for connection in list(self.connections.values()):
            idle = now - connection.last_active > IDLE_SECONDS
            if connection.socket and (idle or now - connection.opened > LIFE_SECONDS):
                connection.socket.close(1001)

    def _route_of(self, body: str | bytes) -> str:
        try:
            key = json.loads(body)[self._selection] if isinstance(body, str) else None
        except (ValueError, TypeError, KeyError, RecursionError):
            return "$default"
        may_be_route = isinstance(key, str) and key not in _RESERVED_ROUTES
        if may_be_route and (key in self._mocks or key in self._functions):
            return str(key)
        return "$default"

    def _invoke(self, route: str, event: Event, answer: Callable[[Any], None]) -> None:
        """Run the route's handler and give its result, or None if it failed, to `answer`."""
        function, handler = self._functions[route]

        def job() -> None:
            try:
                result = handler(event, Context(function))
            except Exception:
                traceback.print_exc(file=sys.stderr)
                result = None
            self._invoker.call_back(partial(answer, result))

        self._invoker.run(job)


def load_handler(function: Function) -> Handler:
    """Return the handler of `function`, its module loaded under `functions.<folder>.<module>`."""
    module_name, handler_name = function.handler.rsplit(".", 1)
    spec = spec_from_file_location(
        f"functions.{function.code.name}.{module_name}", function.code / f"{module_name}.py"
    )
    if spec is None or spec.loader is None:
        raise ValueError(f"{function.name}: no module {module_name} in {function.code}")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Handler = getattr(module, handler_name)
    return handler


def _send(socket: Socket, payload: bytes) -> None:
    socket.send(payload)


def _internal_server_error(connection: Connection, event: Event) -> bytes:
    return json.dumps(
        {
            "message": "Internal server error",
            "connectionId": connection.id,
            "requestId": event["requestContext"]["requestId"],
        }
    ).encode()
