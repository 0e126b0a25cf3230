"""Faults of Lambda: cold starts, functions that are killed, and `$disconnect`s that are lost."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from local.faults.plan import Dice
from local.functions.invoker import Context, Handler
from local.functions.loading import load_handler
from local.sam.template import Function
from local.wrapping import WrappedConnections, WrappedSubscriptions
from signaling.bootstrap import Adapters
from signaling.event import OK, RawEvent
from signaling.ports import Connections, Deadlines, Subscriptions

_MOST_STEPS = 4
"""Maximum calls of the ports for one message: to announce, read, send and clean up."""


class _Killed(BaseException):  # not an Exception: no handler may catch its own end
    """The instance in which this thread runs a function has been killed."""


class Instances:
    """Runs handlers as Lambda does: each in an instance that runs one invocation at a time."""

    def __init__(self, cold_seconds: float, killing: Dice, losing: Dice) -> None:
        self._cold_seconds = cold_seconds
        self._killing = killing
        self._losing = losing
        self._lock = threading.Lock()
        self._idle: Counter[str] = Counter()
        self._life = threading.local()

    def load(self, function: Function) -> Handler:
        """Return the handler of `function` as its instances run it."""
        handler = load_handler(function)

        def invoke(event: RawEvent, context: Any) -> Any:
            if _is_disconnect(event) and self._losing.throw().fault:
                return OK  # API Gateway ignores its result
            if self._starts_cold(function.name):
                time.sleep(self._cold_seconds)
                context = Context(function)  # the function's own time starts now
            throw = self._killing.throw()
            self._life.steps = int(throw.share * (_MOST_STEPS + 1)) if throw.fault else None
            try:
                result = handler(event, context)
                if throw.fault:  # what it did stays; only its answer is lost
                    raise _Killed
            except _Killed:
                return None
            with self._lock:
                self._idle[function.name] += 1
            return result

        return invoke

    def adapters(self, adapters: Adapters) -> Adapters:
        """Return `adapters` whose calls may kill the function."""

        def subscriptions(deadlines: Deadlines) -> Subscriptions:
            found = adapters.subscriptions(deadlines)
            return WrappedSubscriptions(found, self._mortal, self._mortal)

        def connections(deadlines: Deadlines) -> Connections:
            return WrappedConnections(adapters.connections(deadlines), self._mortal)

        return Adapters(subscriptions, connections, adapters.warm)

    def _starts_cold(self, name: str) -> bool:
        with self._lock:
            is_cold = not self._idle[name]
            self._idle[name] -= not is_cold
        return is_cold

    def _mortal(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return `call`, during which the function ends if its time has come.

        By then half of the topics or receivers have been served.
        """

        def made(*arguments: Any) -> Any:
            steps = getattr(self._life, "steps", None)
            if steps is None:
                return call(*arguments)
            if steps == 0:
                first, *others = arguments
                if isinstance(first, Sequence) and not isinstance(first, str) and len(first) > 1:
                    call(first[: len(first) // 2], *others)
                raise _Killed
            self._life.steps -= 1
            return call(*arguments)

        return made


def _is_disconnect(event: RawEvent) -> bool:
    return bool(event.get("requestContext", {}).get("routeKey") == "$disconnect")
