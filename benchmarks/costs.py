"""What a room costs: formulae, each held against the conversation replayed through the rooms."""

import math
from collections.abc import Sequence
from itertools import chain, count
from typing import NamedTuple

from benchmarks.conversation import SIGNALS_PER_PAIR, filling
from benchmarks.measure import significant
from benchmarks.prices import AS_OF, Prices
from benchmarks.report import Bar, Check, Report
from local.adapters import MemorySubscriptions
from signaling.connections import Introduction, Outcome
from signaling.grants import EVERYTHING
from signaling.protocol import Announce, Limits, parse
from signaling.rooms import Rooms
from signaling.settings import ADDRESSED, BROADCAST
from signaling.subscriptions import Request, Subscriber

PEERS = (2, 5, 10, 20, 50)

_ROW_BYTES = 136
_MEMORY_GIGABYTES = 0.25
_INVOCATION_SECONDS = 0.03
"""Taken for every invocation: a Query and some posts at 5 ms each, on a seventh of a core."""
_MINUTES_A_MONTH = 730 * 60
_PINGS_A_MONTH = _MINUTES_A_MONTH * 4
_RECONNECTS_A_MONTH = 365  # API Gateway closes every connection after two hours


class Meeting(NamedTuple):
    """What it takes that peers connect, meet in a room, and leave it again."""

    peers: int
    publishes: int
    deliveries: int
    aws_requests: int
    """Of the functions: to DynamoDB, and posts to connections."""

    @property
    def dollars(self) -> float:
        """The price of it all, but for the minutes of being connected."""
        prices = Prices()
        messages = self.peers + self.publishes + self.deliveries
        invocations = 3 * self.peers + self.publishes  # $connect, subscribe, $disconnect
        pages_of_4_kb = math.ceil(self.peers * _ROW_BYTES / 4096)
        return (
            messages * prices.websocket_message
            + invocations * prices.invocation
            + invocations * _INVOCATION_SECONDS * _MEMORY_GIGABYTES * prices.gigabyte_second
            # A row and its index entry in and out again, and the peer id: see requests.md.
            + 5 * self.peers * prices.write_unit
            + (self.publishes * pages_of_4_kb + 0.5 * self.peers) * prices.read_unit
        )


def meeting(peers: int, delivery: str, signals_per_pair: int = SIGNALS_PER_PAIR) -> Meeting:
    """Return the cost of `peers` clients that come one by one, by formula."""
    pairs = peers * (peers - 1) // 2
    signals = signals_per_pair * pairs
    if delivery == BROADCAST:
        announced = peers * (peers + 1) // 2
        deliveries = announced + signals_per_pair * (peers - 1) * peers * (peers + 1) // 3
    else:
        deliveries = pairs + signals
    writes = 2 * peers  # to subscribe and to announce
    leaving = 2 * peers  # a Query and a BatchWriteItem
    publishes = peers + signals
    return Meeting(peers, publishes, deliveries, writes + publishes + leaving + deliveries)


class _CountingSubscriptions(MemorySubscriptions):
    """Subscriptions in memory that count the requests which the table would have got."""

    requests = 0

    def add(self, topic: str, request: Request, announce: Announce | None = None) -> None:
        self.requests += 1
        super().add(topic, request, announce)

    def of_topic(self, topic: str) -> list[Subscriber]:
        self.requests += 1
        return super().of_topic(topic)

    def remove_connection(self, connection: str) -> None:
        self.requests += 2
        super().remove_connection(connection)


class _CountingConnections:
    posts = 0
    questions = 0

    def send(
        self,
        connections: Sequence[str],
        payload: str,
        introductions: Sequence[Introduction] = (),
    ) -> Outcome:
        self.posts += len(connections) + len(introductions)
        self.questions += len(introductions)
        receivers = [each.receiver for each in introductions]
        return Outcome([*connections, *receivers], [], [])


def replayed(peers: int, delivery: str, signals_per_pair: int = SIGNALS_PER_PAIR) -> Meeting:
    """Return what the rooms really do in the same meeting."""
    subscriptions, connections = _CountingSubscriptions(), _CountingConnections()
    rooms = Rooms(subscriptions, connections, delivery)
    times = count(1)
    publishes = 0
    for step in chain.from_iterable(filling("room", peers, signals_per_pair)):
        publishes += step.is_publish
        request = Request(str(step.sender), next(times), expires_at=2**40)
        rooms.handle(request, parse(step.text, False, Limits()), EVERYTHING)
    for peer in range(peers):
        rooms.leave(str(peer))
    requests = subscriptions.requests + connections.posts
    return Meeting(peers, publishes, connections.posts, requests)


def idle_client_month() -> float:
    """Return dollars for a client alone in its room, connected all month.

    Its pings are answered without a Lambda, and it connects anew every two hours.
    """
    prices = Prices()
    return (
        2 * _PINGS_A_MONTH * prices.websocket_message
        + _MINUTES_A_MONTH * prices.connection_minute
        + _RECONNECTS_A_MONTH * meeting(1, ADDRESSED).dollars
    )


def report() -> Report:
    """Return the costs of rooms of several sizes."""
    rows, bars, differences = [], [], 0
    for peers in PEERS:
        for delivery in (ADDRESSED, BROADCAST):
            cost = meeting(peers, delivery)
            differences += cost != replayed(peers, delivery)
            figures = (cost.publishes, cost.deliveries, cost.aws_requests)
            dollars = 1000 * cost.dollars
            rows.append(
                (
                    f"{peers} peers, {delivery}",
                    *(f"{figure:,}" for figure in figures),
                    f"${significant(dollars)}",
                )
            )
            bars.append(Bar(f"{peers} peers, {delivery}", dollars, delivery == ADDRESSED))
    return Report(
        "costs",
        "What a room costs",
        ("room", "publishes", "deliveries", "AWS requests", "1,000 such meetings"),
        rows,
        [
            f"Peers connect, join one after the other, exchange {SIGNALS_PER_PAIR} signals a pair "
            "and leave. Minutes of being connected and pings come on top: an idle client that "
            f"stays connected for a month costs ${idle_client_month():.2f}.",
            f"Prices of {AS_OF}, from `benchmarks/prices.py`; functions of 256 MB that run for "
            f"{_INVOCATION_SECONDS * 1000:.0f} ms.",
        ],
        [Check("Meetings that differ from the same conversation replayed", differences, 0)],
        "Dollars for 1,000 meetings",
        bars,
    )
