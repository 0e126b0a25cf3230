"""What a room costs: what y-webrtc's clients say is replayed through the rooms."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from benchmarks.counting import CountingSubscriptions
from benchmarks.worst_bill import worst_bill
from rig.measure import significant
from rig.metering import CONNECTED_AT, CountingConnections
from rig.report import Bar, Check, Report
from signaling.access.grants import EVERYTHING
from signaling.crowded_rooms import SECONDS_UNTIL_HEARD
from signaling.ports import NOTHING, Outcome, Sender
from signaling.protocol import Limits, Publish, parse
from signaling.rooms import Rooms
from signaling.settings import ADDRESSED, BROADCAST
from traffic.conversation import SIGNALS_PER_PAIR, Departure, Step, emptying, filling
from traffic.costs import Traffic, connecting
from traffic.prices import Prices

PEERS = (2, 5, 10, 20, 50)

_MINUTES_A_MONTH = 730 * 60
_PINGS_A_MONTH = _MINUTES_A_MONTH * 4
_RECONNECTS_A_MONTH = 365  # API Gateway closes every connection after two hours
_MILLISECONDS_BETWEEN_PEERS = 60_000


class _Replay:
    """Rooms that are told one message after the other, and what came of it so far."""

    def __init__(self, delivery: str) -> None:
        self._subscriptions = CountingSubscriptions()
        self._connections = CountingConnections()
        self._rooms = Rooms(
            self._subscriptions, self._connections, delivery == BROADCAST, after=self._after
        )
        self._waiting: list[Callable[[], Outcome]] = []
        self._waited = self._looks = self._entries = self._announces = self._signals = 0
        self._now = CONNECTED_AT
        self._connected_at: dict[int, int] = {}

    def tell(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._now += 1
            message = parse(step.text, False, Limits())
            connected_at = self._connected_at.setdefault(step.sender, self._now)
            request = Sender(str(step.sender), connected_at, self._now)
            before = self._subscriptions.requests + len(self._waiting)
            self._rooms.handle(request, message, EVERYTHING)
            only_writes = self._subscriptions.requests + len(self._waiting) == before + 1
            if not isinstance(message, Publish) or (message.announce and only_writes):
                self._entries += 1
            elif message.announce:
                self._announces += 1
            else:
                self._signals += 1

    def depart(self, departure: Departure, is_broadcast: bool) -> None:
        """Tell what is said when a page is closed, whose socket has ended before it is handled."""
        leaver = str(departure.leaver)
        if not is_broadcast:
            self._connections.gone.add(leaver)
        self.tell(departure.before)
        self._rooms.leave(leaver)
        self.tell(departure.after)

    def _after(self, seconds: float, action: Callable[[], Outcome]) -> Outcome:
        self._waiting.append(action)
        self._waited += int(1000 * seconds)
        self._looks += seconds == SECONDS_UNTIL_HEARD
        return NOTHING

    def wait(self) -> None:
        """Let the next client come or leave, when nothing waits any more."""
        for action in self._waiting:
            action()
        self._waiting.clear()
        self._now += _MILLISECONDS_BETWEEN_PEERS

    @property
    def traffic(self) -> Traffic:
        index_writes, posts = self._subscriptions.index_writes, self._connections.posts
        said = (self._entries, index_writes, self._announces, self._signals)
        return Traffic(*said, posts, self._waited, self._looks)

    @property
    def aws_requests(self) -> int:
        return self._subscriptions.requests + self._connections.posts


class Meeting(NamedTuple):
    """What the rooms do for peers that come and leave."""

    met: Traffic
    parted: Traffic
    aws_requests: int
    """As they were counted."""


def meeting(peers: int, delivery: str, signals_per_pair: int = SIGNALS_PER_PAIR) -> Meeting:
    """Let `peers` meet and part, and return what the rooms do.

    Peers come and leave a minute apart, and what is said within that minute is handled message by
    message, a leaver's disconnect before the others notice it. Handled all at once it would be a
    little less: of two that announce themselves at one moment only one is told of the other.

    Each leaver announces itself for each of its connections, to nobody; one invocation waits to see
    whether it has gone. Each of the others announces itself once, and the invocation waits; then
    those of the rest hear of it that did so before it, and in a crowded room it hears of two that
    did not. With broadcast all of these announces go to all.
    """
    replay = _Replay(delivery)
    for burst in filling("room", peers, signals_per_pair):
        replay.wait()
        replay.tell(burst)
    replay.wait()
    met = replay.traffic
    for departure in emptying("room", peers, delivery, signals_per_pair):
        replay.depart(departure, delivery == BROADCAST)
        replay.wait()
    parted = Traffic(*(after - before for before, after in zip(met, replay.traffic, strict=True)))
    return Meeting(met, parted, replay.aws_requests)


def idle_client_month() -> float:
    """Return dollars for a client alone in its room, connected all month.

    Its pings are answered without a Lambda, and it connects anew every two hours.
    """
    prices = Prices()
    return (
        2 * _PINGS_A_MONTH * prices.websocket_message
        + _MINUTES_A_MONTH * prices.connection_minute
        + _RECONNECTS_A_MONTH * (meeting(1, ADDRESSED).met.dollars(1) + connecting())
    )


def report() -> Report:
    """Return the costs of rooms of several sizes."""
    rows, bars, differences = [], [], 0
    for peers in PEERS:
        for delivery in (ADDRESSED, BROADCAST):
            met, parted, requests = meeting(peers, delivery)
            both = met.plus(parted)
            differences += both.aws_requests != requests
            figures = (both.publishes, both.deliveries, requests + 2 * peers)
            dollars = 1000 * (both.dollars(peers) + peers * connecting())
            room = f"{peers} peers, {delivery}"
            prices = [f"${significant(each)}" for each in (dollars, 1000 * parted.dollars(peers))]
            rows.append((room, *(f"{figure:,}" for figure in figures), *prices))
            bars.append(Bar(room, dollars, delivery == ADDRESSED))
    return Report(
        ("room", "publishes", "deliveries", "AWS requests", "1,000 meetings", "of it to leave"),
        rows,
        [Check("Meetings that make other requests than they are billed for", differences)],
        more=worst_bill(),
        plot_title="Dollars for 1,000 meetings",
        bars=bars,
    )
