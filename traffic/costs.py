"""The cost of connecting and of messages, at list prices."""

import math
from typing import NamedTuple

from traffic.prices import Prices

_ROW_BYTES = 228
"""Names and values, with the announce and a room's name of 23 characters."""
MEMORY_MEGABYTES = 512
"""Memory of each function: the template's default."""

INVOCATION_SECONDS = 0.03
"""Assumed for every invocation: a write, a Query and some posts at 5 ms each, as measured in
`benchmarks/results/memory.md`."""


class Traffic(NamedTuple):
    """The messages in a room, and the work of the functions for them."""

    entries: int
    """Messages that only write a row: each subscribe or unsubscribe, and the announces of a client
    that left, except the first."""
    index_writes: int
    """The number of these rows that are new, and with them the index's."""
    announces: int
    """Each writes a row and reads the room."""
    signals: int
    """Each reads the room."""
    deliveries: int
    waited: int = 0
    """Milliseconds until a page that left is gone, or a newcomer to a crowded room hears more."""
    looks: int = 0
    """Second reads of a crowded room, one for each newcomer."""

    def plus(self, other: "Traffic") -> "Traffic":
        """Return the sum of both."""
        return Traffic(*map(sum, zip(self, other, strict=True)))

    @property
    def publishes(self) -> int:
        """Messages that are passed on."""
        return self.announces + self.signals

    @property
    def aws_requests(self) -> int:
        """Requests of the functions: to DynamoDB, and posts. Looking up a connection is free."""
        return self.entries + 2 * self.announces + self.signals + self.deliveries + self.looks

    def dollars(self, peers: int) -> float:
        """Return the price in a room of `peers`."""
        prices = Prices()
        asked = self.entries + self.publishes
        pages_of_4_kb = math.ceil(peers * _ROW_BYTES / 4096)
        return (
            (asked + self.deliveries) * prices.websocket_message
            + asked * _invocation()
            + _duration(self.waited / 1000)
            + (self.entries + self.index_writes + self.announces) * prices.write_unit
            + (self.publishes + self.looks) * pages_of_4_kb * prices.read_unit
        )


def _invocation() -> float:
    prices = Prices()
    return prices.invocation + _duration(INVOCATION_SECONDS)


def _duration(seconds: float) -> float:
    return seconds * MEMORY_MEGABYTES / 1024 * Prices().gigabyte_second


def connecting() -> float:
    """Return the price of `$connect` and `$disconnect`, which deletes a row and its index entry."""
    prices = Prices()
    return 2 * _invocation() + 2 * prices.write_unit + 0.5 * prices.read_unit
