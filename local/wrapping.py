"""The two ports with something done around each call."""

from collections.abc import Callable
from typing import Any

from signaling.ports import Connections, Subscriptions

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]
"""Returns a call with something done around it."""


class WrappedSubscriptions:
    """Subscriptions whose every call is wrapped."""

    def __init__(self, subscriptions: Subscriptions, wrap: Wrap, clean_up: Wrap) -> None:
        """Wrap what a client waits for by `wrap`, and what comes after it by `clean_up`."""
        self.subscribe = wrap(subscriptions.subscribe)
        self.announce = wrap(subscriptions.announce)
        self.unsubscribe = wrap(subscriptions.unsubscribe)
        self.is_in_more = subscriptions.is_in_more  # seldom a request
        self.of_topic = wrap(subscriptions.of_topic)
        self.sample = wrap(subscriptions.sample)
        self.of_connection = wrap(subscriptions.of_connection)
        self.list_peers = wrap(subscriptions.list_peers)
        self.of_peer = wrap(subscriptions.of_peer)
        self.note_offer = wrap(subscriptions.note_offer)
        self.unanswered = subscriptions.unanswered  # no request
        self.unlist = clean_up(subscriptions.unlist)
        self.forget_left = clean_up(subscriptions.forget_left)
        self.hold = wrap(subscriptions.hold)
        self.take = wrap(subscriptions.take)
        self.held = wrap(subscriptions.held)
        self.learn_peer = clean_up(subscriptions.learn_peer)
        self.remove = clean_up(subscriptions.remove)
        self.remove_connection = clean_up(subscriptions.remove_connection)


class WrappedConnections:
    """Connections whose every call is wrapped."""

    def __init__(self, connections: Connections, wrap: Wrap) -> None:
        self.send = wrap(connections.send)
