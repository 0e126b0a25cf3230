"""Reports functions and gateway to viewers. Without viewers it does nothing.

Functions run in threads, viewers live on the event loop. A room is read and reported under one
lock, and it is read after every write, so the last report of a room matches its contents. Records
reach the loop by `call_soon_threadsafe`, in the order of their reports. Every few seconds all rooms
are read again: an invocation may have begun before the first viewer came, and a table may also
serve other servers.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from local.adapters import Place
from local.console import records
from local.console.presence import Rooms
from local.console.records import Record, Sent
from local.console.viewers import MOST_VIEWERS, Viewer, encode
from local.console.watching import watched_connections, watched_subscriptions
from local.functions.failures import traceback_of
from local.functions.invoker import Handler
from local.gateway.connection import Connection
from local.gateway.lambda_events import Handshake
from local.sam.template import Function
from signaling.bootstrap import Adapters, deadlines_within, install, installed
from signaling.errors import SubscriptionsError
from signaling.event import RawEvent

_MOST_ROOMS = 500
"""Rooms that a new viewer gets."""

_SECONDS_TO_READ = 2.0
_SECONDS_BETWEEN_LOOKS = 3.0


class _Invocation(threading.local):
    """What this thread's invocation has done so far."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.touched: dict[str, None] = {}


class Console:
    """Watches functions, rooms and the gateway for its viewers."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._viewers: set[Viewer] = set()
        self._numbers = count(1)
        self._rooms = Rooms()
        self._lock = threading.Lock()
        self._invocation = _Invocation()
        self._looking: asyncio.Task[None] | None = None
        self._adapters: Adapters
        self._place: Place

    def watch_function(self, function: Function, handler: Handler) -> Handler:
        """Return `handler`, watched while there are viewers."""

        def watched(event: RawEvent, context: Any) -> Any:
            if not self._viewers:
                return handler(event, context)
            return self._watch(function, handler, event, context)

        return watched

    def watch_rooms(self, place: Place) -> None:
        """Watch the installed adapters while there are viewers.

        The console itself reads rooms through those of `place`, which have no faults.
        """
        self._adapters = installed()
        self._place = place
        self._install_adapters()

    def refused(self, handshake: Handshake, status: int) -> None:
        """Note a client that was refused."""
        if self._viewers:
            self._tell(records.refusal(handshake, status))

    def answered(self, connection: Connection, route: str, body: str, frame: str) -> None:
        """Note an answer by API Gateway itself."""
        if self._viewers:
            self._tell(records.answer(connection.id, route, body, frame))

    def closed(self, connection: Connection, code: int, reason: str) -> None:
        """Note a WebSocket that closed."""
        if self._viewers:
            self._tell(records.close(connection.id, code, reason))

    def is_full(self) -> bool:
        """Tell whether the maximum number of viewers is reached."""
        return len(self._viewers) >= MOST_VIEWERS

    async def enter(self, viewer: Viewer, connections: Callable[[], Iterable[str]]) -> None:
        """Show `viewer` the current rooms and open `connections`, and everything that follows.

        The snapshot replaces what the viewer gets while the rooms are being read.
        """
        self._viewers.add(viewer)
        self._install_adapters()
        if self._looking is None:
            self._looking = self._loop.create_task(self._look_again())
        await asyncio.to_thread(self._show_all, viewer, connections)

    def leave(self, viewer: Viewer) -> None:
        """Stop reporting to `viewer`."""
        self._viewers.discard(viewer)
        if not self._viewers:
            self._rooms = Rooms()
            self._install_adapters()
            if self._looking:
                self._looking.cancel()
            self._looking = None

    def close(self) -> None:
        """Drop all viewers."""
        for viewer in self._viewers:
            viewer.drop()

    def _install_adapters(self) -> None:
        """Install watched adapters only while there are viewers."""
        install(self._watched() if self._viewers else self._adapters)

    def _watched(self) -> Adapters:
        adapters = self._adapters
        invocation = self._invocation

        def touch(topics: Iterable[str]) -> None:
            invocation.touched.update(dict.fromkeys(topics))

        def tell(sent: Sent) -> None:
            invocation.sent.append(sent)

        return adapters._replace(
            subscriptions=lambda deadlines: watched_subscriptions(
                adapters.subscriptions(deadlines), touch, self._topics_of
            ),
            connections=lambda deadlines: watched_connections(
                adapters.connections(deadlines), tell
            ),
        )

    def _watch(self, function: Function, handler: Handler, event: RawEvent, context: Any) -> Any:
        invocation, failure, result = self._invocation, None, None
        invocation.sent, invocation.touched = [], {}
        started = time.perf_counter()
        try:
            result = handler(event, context)
            return result
        except BaseException as error:
            failure = traceback_of(error)
            raise
        finally:
            took = (time.perf_counter() - started) * 1000
            for topic in invocation.touched:
                self._look_at(topic)
            told = invocation.sent, result, failure, took
            self._tell(records.invocation(function.name, event, *told))

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            await asyncio.to_thread(self._look_at_all)

    def _show_all(self, viewer: Viewer, connections: Callable[[], Iterable[str]]) -> None:
        self._look_at_all()
        with self._lock:
            snapshot = records.snapshot(self._rooms.everyone(), connections())
            self._loop.call_soon_threadsafe(viewer.send, encode(snapshot))

    def _look_at_all(self) -> None:
        with self._lock:
            topics = dict.fromkeys(self._rooms.topics())
        for topic in self._place.topics():
            if len(topics) >= _MOST_ROOMS:
                break
            topics[topic] = None
        for topic in topics:
            self._look_at(topic)

    def _topics_of(self, connection: str) -> list[str]:
        with self._lock:
            return self._rooms.topics_of(connection)

    def _look_at(self, topic: str) -> None:
        deadlines = deadlines_within(_SECONDS_TO_READ)
        with self._lock:
            try:
                subscribers = self._place.adapters.subscriptions(deadlines).of_topic(topic)
            except SubscriptionsError:
                return  # the next write of the room is another chance
            members = {each.connection: each.peer for each in subscribers}
            if changes := self._rooms.update(topic, members):
                self._tell(records.change(changes))

    def _tell(self, record: Record) -> None:
        """Send `record` to every viewer, from any thread."""
        message = encode({"number": next(self._numbers), "at": int(time.time() * 1000), **record})
        self._loop.call_soon_threadsafe(self._send, message)

    def _send(self, message: bytes) -> None:
        for viewer in self._viewers:
            viewer.send(message)
