"""The two ports with each call wrapped, and the table in memory with faults."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from local.faults.plan import Dice
from signaling.aws.retries import ATTEMPT_SECONDS, tried
from signaling.errors import SubscriptionsError
from signaling.ports import Connections, Deadlines, Subscriptions

_SECONDS_TO_READ = ATTEMPT_SECONDS * 2 / 3
_NO_TIME = False, None

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]
"""Returns a wrapped call."""


class WrappedSubscriptions:
    """Subscriptions whose every call is wrapped."""

    def __init__(self, subscriptions: Subscriptions, wrap: Wrap, clean_up: Wrap) -> None:
        """Wrap calls that a client waits for in `wrap`, and later ones in `clean_up`."""
        self.subscribe = wrap(subscriptions.subscribe)
        self.announce = wrap(subscriptions.announce)
        self.unsubscribe = wrap(subscriptions.unsubscribe)
        self.is_in_more = subscriptions.is_in_more  # rarely a request
        self.of_topic = wrap(subscriptions.of_topic)
        self.sample = wrap(subscriptions.sample)
        self.list_peers = wrap(subscriptions.list_peers)
        self.of_peer = wrap(subscriptions.of_peer)
        self.unlist = clean_up(subscriptions.unlist)
        self.forget_left = clean_up(subscriptions.forget_left)
        self.hold = wrap(subscriptions.hold)
        self.take = wrap(subscriptions.take)
        self.learn_peer = clean_up(subscriptions.learn_peer)
        self.remove = clean_up(subscriptions.remove)
        self.remove_connection = clean_up(subscriptions.remove_connection)


class WrappedConnections:
    """Connections whose every call is wrapped."""

    def __init__(self, connections: Connections, wrap: Wrap) -> None:
        self.send = wrap(connections.send)


def faulty_table(
    subscriptions: Callable[[Deadlines], Subscriptions],
    dice: Dice,
    deadlines: Deadlines,
    sleep: Callable[[float], None] = time.sleep,
) -> Subscriptions:
    """Return the `subscriptions` of an invocation as they would be behind a network.

    Each call is one request, which is retried as by the functions' AWS clients.
    """

    def asked(deadline: float, call: Callable[..., Any], *arguments: Any) -> Any:
        def attempt() -> tuple[bool, Any]:
            fault = dice.throw().fault
            result = call(*arguments) if fault in (None, "unanswered") else None
            if fault in ("silent", "unanswered"):
                sleep(_SECONDS_TO_READ)
            return fault is None, result

        def may_succeed_later(outcome: tuple[bool, Any]) -> bool:
            return not outcome[0]

        is_answered, result = tried(attempt, may_succeed_later, deadline, sleep=sleep) or _NO_TIME
        if not is_answered:
            raise SubscriptionsError("the rooms are out of reach, try again")
        return result

    def until(deadline: float) -> Wrap:
        return lambda call: partial(asked, deadline, call)

    made = subscriptions(deadlines)
    return WrappedSubscriptions(made, until(deadlines.table), until(deadlines.clean_up))
