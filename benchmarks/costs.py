"""What a room costs: formulae, each held against the conversation replayed through the rooms."""

from collections.abc import Iterable

from benchmarks.counting import CountingConnections, CountingSubscriptions
from benchmarks.measure import significant
from benchmarks.report import Bar, Check, Report
from benchmarks.worst_bill import worst_bill
from signaling.access.grants import EVERYTHING
from signaling.ports import Sender
from signaling.protocol import Limits, Publish, parse
from signaling.rooms import Rooms
from signaling.settings import ADDRESSED, BROADCAST
from traffic.conversation import SIGNALS_PER_PAIR, Step, emptying, filling
from traffic.costs import INVOCATION_SECONDS, MEMORY_MEGABYTES, Traffic, connecting
from traffic.prices import AS_OF, Prices

PEERS = (2, 5, 10, 20, 50)

_MINUTES_A_MONTH = 730 * 60
_PINGS_A_MONTH = _MINUTES_A_MONTH * 4
_RECONNECTS_A_MONTH = 365  # API Gateway closes every connection after two hours
_MILLISECONDS_BETWEEN_PEERS = 60_000


def meeting(peers: int, delivery: str, signals_per_pair: int = SIGNALS_PER_PAIR) -> Traffic:
    """Return what is said as `peers` clients come one by one, by formula."""
    pairs = peers * (peers - 1) // 2
    signals = signals_per_pair * pairs
    if delivery == BROADCAST:
        announced = peers * (peers + 1) // 2
        deliveries = announced + signals_per_pair * (peers - 1) * peers * (peers + 1) // 3
    else:
        deliveries = pairs + signals
    return Traffic(peers, peers, peers, signals, deliveries)


def parting(peers: int, delivery: str, signals_per_pair: int = SIGNALS_PER_PAIR) -> Traffic:
    """Return what is said as `peers` clients leave one by one, by formula.

    Each leaver announces itself to all for each of its `peers` - 1 connections, and each of the
    others once to the rest. These also answer it with offers, half of the signals of a pair, which
    all of the rest get, because nobody goes by the leaver's name any more.
    """
    pairs = peers * (peers - 1) // 2
    pairs_of_others = sum(others * (others - 1) for others in range(peers))
    farewells = peers * (peers - 1)
    signals_of_each = (signals_per_pair + 1) // 2
    deliveries = (peers - 1) * pairs + (1 + signals_of_each) * pairs_of_others
    announces = farewells + pairs
    signals = signals_of_each * pairs
    if delivery == BROADCAST:
        deliveries += announces + signals  # to the sender, too
    return Traffic(peers + announces, 0, announces, signals, deliveries)


class _Replay:
    """Rooms that are told one message after the other, and what came of it so far."""

    def __init__(self, delivery: str) -> None:
        self._subscriptions = CountingSubscriptions()
        self._connections = CountingConnections()
        self._rooms = Rooms(self._subscriptions, self._connections, delivery == BROADCAST)
        self._now = self._entries = self._announces = self._signals = 0

    def tell(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._now += 1
            message = parse(step.text, False, Limits())
            if not isinstance(message, Publish):
                self._entries += 1
            elif message.announce:
                self._announces += 1
            else:
                self._signals += 1
            request = Sender(str(step.sender), 2**50, self._now)
            self._rooms.handle(request, message, EVERYTHING)

    def disconnect(self, client: int) -> None:
        self._rooms.leave(str(client))

    def wait(self) -> None:
        self._now += _MILLISECONDS_BETWEEN_PEERS

    @property
    def traffic(self) -> Traffic:
        index_writes, posts = self._subscriptions.index_writes, self._connections.posts
        return Traffic(self._entries, index_writes, self._announces, self._signals, posts)

    @property
    def aws_requests(self) -> int:
        return self._subscriptions.requests + self._connections.posts


def replayed(
    peers: int, delivery: str, signals_per_pair: int = SIGNALS_PER_PAIR
) -> tuple[Traffic, int]:
    """Return what the rooms really do in a meeting and parting, and with how many requests.

    Peers come and leave a minute apart, and what is said within that minute is handled message by
    message, a leaver's disconnect before the others notice it. Handled all at once it would be a
    little less: of two that announce themselves at one moment only one is told of the other.
    """
    replay = _Replay(delivery)
    for burst in filling("room", peers, signals_per_pair):
        replay.wait()
        replay.tell(burst)
    for departure in emptying("room", peers, signals_per_pair):
        replay.wait()
        replay.tell(departure.before)
        replay.disconnect(departure.leaver)
        replay.tell(departure.after)
    return replay.traffic, replay.aws_requests


def idle_client_month() -> float:
    """Return dollars for a client alone in its room, connected all month.

    Its pings are answered without a Lambda, and it connects anew every two hours.
    """
    prices = Prices()
    return (
        2 * _PINGS_A_MONTH * prices.websocket_message
        + _MINUTES_A_MONTH * prices.connection_minute
        + _RECONNECTS_A_MONTH * (meeting(1, ADDRESSED).dollars(1) + connecting())
    )


def report() -> Report:
    """Return the costs of rooms of several sizes."""
    rows, bars, differences = [], [], 0
    for peers in PEERS:
        for delivery in (ADDRESSED, BROADCAST):
            met, parted = meeting(peers, delivery), parting(peers, delivery)
            both = met.plus(parted)
            differences += (both, both.aws_requests) != replayed(peers, delivery)
            figures = (both.publishes, both.deliveries, both.aws_requests + 2 * peers)
            dollars = 1000 * (both.dollars(peers) + peers * connecting())
            room = f"{peers} peers, {delivery}"
            prices = (dollars, 1000 * parted.dollars(peers))
            rows.append(
                (
                    room,
                    *(f"{figure:,}" for figure in figures),
                    *(f"${significant(price)}" for price in prices),
                )
            )
            bars.append(Bar(room, dollars, delivery == ADDRESSED))
    return Report(
        "costs",
        "What a room costs",
        ("room", "publishes", "deliveries", "AWS requests", "1,000 meetings", "of it to leave"),
        rows,
        [
            f"Peers connect, join one after the other, exchange {SIGNALS_PER_PAIR} signals a pair, "
            "and close their pages one after the other. Minutes of being connected and pings come "
            "on top: an idle client that stays connected for a month costs "
            f"${idle_client_month():.2f}.",
            "To leave costs so much because a page that closes enters the room again for each of "
            "its connections, and the others answer it: see `docs/design.md`.",
            "**The worst bill.** With the template's defaults, hostile clients can cost about this "
            "in an hour, one as much as many, because no limit is for one client alone. Each line "
            "is the highest rate of one thing; those that send messages share their rate.",
            worst_bill(),
            f"Prices of {AS_OF}, from `traffic/prices.py`; functions of {MEMORY_MEGABYTES} MB that "
            f"run for {INVOCATION_SECONDS * 1000:.0f} ms.",
        ],
        [Check("Meetings that differ from the same conversation replayed", differences, 0)],
        "Dollars for 1,000 meetings",
        bars,
    )
