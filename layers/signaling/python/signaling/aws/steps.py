"""Tasks that wait for sockets, any number at once in one thread.

Each is a generator that yields what it waits for, and `run` advances them all: a small asyncio.
The real one would cost more CPU to import than the rest of a cold start.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Callable, Generator, Iterable

from signaling.typed import NamedTuple, TypeVar

Result = TypeVar("Result")


class Wait(NamedTuple):
    """A pause until `connection` is ready for `events`, or, without one, for `seconds`."""

    seconds: float
    connection: socket.socket | None = None
    events: int = select.POLLIN


Steps = Generator[Wait, None, Result]
"""A task with pauses; TimeoutError is thrown into it when its socket is not ready in time."""


def when_ready(operation: Callable[[], Result], wait: Wait) -> Steps[Result]:
    """Return the result of `operation`, after one `wait` or more: TLS may read to write."""
    while True:
        try:
            return operation()
        except BlockingIOError:
            yield wait
        except ssl.SSLWantReadError:
            yield wait._replace(events=select.POLLIN)
        except ssl.SSLWantWriteError:
            yield wait._replace(events=select.POLLOUT)


def run(tasks: Iterable[Steps[None]], deadline: float) -> None:
    """Advance all `tasks` until they end, or, in `time.monotonic` seconds, until `deadline`."""
    poller = select.poll()
    waiting: dict[int, tuple[Steps[None], float]] = {}  # by file descriptor, or below 0

    def advance(task: Steps[None], error: Exception | None = None) -> None:
        try:
            wait = task.throw(error) if error else next(task)
        except StopIteration:
            return
        key = wait.connection.fileno() if wait.connection else -id(task)
        waiting[key] = task, time.monotonic() + wait.seconds
        if key >= 0:
            poller.register(key, wait.events)

    try:
        for task in tasks:
            advance(task)
        while waiting and (now := time.monotonic()) < deadline:
            soonest = min(until for _, until in waiting.values())
            ready = dict(poller.poll(max(0.0, min(soonest, deadline) - now) * 1000))
            now = time.monotonic()
            late = [key for key, (_, until) in waiting.items() if until <= now]
            for key in ready | dict.fromkeys(late):
                task, _ = waiting.pop(key)
                if key >= 0:
                    poller.unregister(key)
                advance(task, TimeoutError() if key >= 0 and key not in ready else None)
    finally:
        for task, _ in waiting.values():
            task.close()
