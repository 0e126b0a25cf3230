"""The two ports with somebody watching: what a function does to rooms, and what it sends."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from local.console.records import Sent
from local.wrapping import Wrap, WrappedConnections, WrappedSubscriptions
from signaling.ports import Connections, Introduction, Outcome, Subscriptions


def watched_subscriptions(
    subscriptions: Subscriptions,
    touch: Callable[[Iterable[str]], None],
    topics_of: Callable[[str], list[str]],
) -> WrappedSubscriptions:
    """Return subscriptions that tell which rooms may have changed, also if a write fails halfway.

    They call `touch` before each write; `topics_of` tells where a connection was last seen.
    """

    def told(topics: Callable[[Any], Iterable[str]]) -> Wrap:
        def wrap(call: Callable[..., Any]) -> Callable[..., Any]:
            def write(first: Any, *others: Any) -> Any:
                touch(topics(first))
                return call(first, *others)

            return write

        return wrap

    watched = WrappedSubscriptions(subscriptions, lambda call: call, lambda call: call)
    of_all, of_one = told(list), told(lambda topic: [topic])
    watched.subscribe = of_all(subscriptions.subscribe)
    watched.unsubscribe = of_all(subscriptions.unsubscribe)
    watched.announce = of_one(subscriptions.announce)
    watched.learn_peer = of_one(subscriptions.learn_peer)
    watched.remove = of_one(subscriptions.remove)
    watched.remove_connection = told(topics_of)(subscriptions.remove_connection)
    return watched


def watched_connections(
    connections: Connections, tell: Callable[[Sent], None]
) -> WrappedConnections:
    """Return connections that tell what was sent and what became of it."""

    def told(call: Callable[..., Outcome]) -> Callable[..., Outcome]:
        def send(
            receivers: Sequence[str], payload: str, introductions: Sequence[Introduction] = ()
        ) -> Outcome:
            outcome = call(receivers, payload, introductions)
            tell(Sent(receivers, payload, introductions, outcome))
            return outcome

        return send

    return WrappedConnections(connections, told)
