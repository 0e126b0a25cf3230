"""The adapters behind the functions' two ports in the local server."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from local.functions.invoker import pause
from local.gateway.gateway import Gateway
from local.gateway.in_process import InProcessConnections
from local.table.in_memory import MemorySubscriptions
from signaling.bootstrap import Adapters, install, installed
from signaling.errors import SignalingError
from signaling.ports import NOTHING, Outcome

if TYPE_CHECKING:
    from local.table.dynamodb import Table  # imports boto3, which rooms in memory do not need


class Place(NamedTuple):
    """Where rooms are kept."""

    adapters: Adapters
    """What functions reach them through."""
    topics: Callable[[], Iterable[str]]
    """Returns the existing rooms."""


def memory(gateway: Gateway, latency: tuple[float, float]) -> Place:
    """Keep subscriptions in this process; `latency` is the least and the most seconds."""
    connections = InProcessConnections(gateway)
    # A table is never as fast as memory: a tenth of the latency makes invocations interleave.
    pause = partial(_pause, latency[0] / 10, latency[1] / 10) if latency[1] else _no_pause
    subscriptions = MemorySubscriptions(pause=pause)
    adapters = Adapters(lambda deadlines: subscriptions, lambda deadlines: connections)
    return _installed(adapters, subscriptions.topics)


def table(table: "Table") -> Place:
    """Keep subscriptions in `table`, and post over HTTP."""
    return _installed(installed(), table.topics)


def _installed(adapters: Adapters, topics: Callable[[], Iterable[str]]) -> Place:
    adapters = adapters._replace(after=_later)
    install(adapters)
    return Place(adapters, topics)


def _later(seconds: float, action: Callable[[], Outcome]) -> Outcome:
    """Run `action` after `seconds`: the event loop must not wait, a thread may."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return pause(seconds, action)

    def act() -> None:
        with suppress(SignalingError):  # its sender was answered long ago
            action()

    loop.call_later(seconds, act)
    return NOTHING


def _pause(least: float, most: float) -> None:
    time.sleep(random.uniform(least, most))


def _no_pause() -> None:
    pass
