"""What it costs that clients connect and speak, at the price list."""

import math
from typing import NamedTuple

from traffic.prices import Prices

_ROW_BYTES = 228
"""Names and values, with the announce and a room's name of 23 characters."""
MEMORY_MEGABYTES = 512
"""Of each function: the template's default."""

INVOCATION_SECONDS = 0.03
"""Taken for every invocation: a write, a Query and some posts at 5 ms each, as measured in
`benchmarks/results/memory.md`."""


class Traffic(NamedTuple):
    """What clients say in a room, and what the functions do about it."""

    entries: int
    """Messages that only write a row: each that subscribes or unsubscribes, and the announces of
    a client that left but for the first."""
    index_writes: int
    """Of these rows, those that are new, and the index's with them."""
    announces: int
    """Each writes a row and reads the room."""
    signals: int
    """Each reads the room."""
    deliveries: int
    waited: int = 0
    """Milliseconds, until a page that left is gone or a newcomer to a crowded room hears more."""
    looks: int = 0
    """Of newcomers to crowded rooms, which read it once more."""

    def plus(self, other: "Traffic") -> "Traffic":
        """Return both together."""
        return Traffic(*map(sum, zip(self, other, strict=True)))

    @property
    def publishes(self) -> int:
        """Messages that are passed on."""
        return self.announces + self.signals

    @property
    def aws_requests(self) -> int:
        """Requests of the functions: to DynamoDB, and posts. To ask for a connection is free."""
        return self.entries + 2 * self.announces + self.signals + self.deliveries + self.looks

    def dollars(self, peers: int) -> float:
        """Return the price of it in a room of `peers`."""
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
