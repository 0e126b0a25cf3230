"""How rooms of any size hang together when only some of their members hear of a newcomer.

A peer that hears an announce makes an offer if it has fewer than `maxConns` connections, and it
accepts every offer. A peer that loses a connection subscribes again, and announces itself again if
it has room: https://github.com/yjs/y-webrtc/blob/v10.3.0/src/y-webrtc.js
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable
from random import Random

from rig.measure import significant
from rig.report import Check, Report
from rig.shape import shape
from signaling.bounds import SAMPLE
from signaling.large_rooms import INTRODUCED, INTRODUCED_AGAIN, choose
from signaling.ports import Subscriber
from signaling.small_rooms import SMALL_ROOM
from signaling.standing import NEW_MILLISECONDS


class Mesh:
    """The peers of one room, numbered as they came."""

    def __init__(self, random: Random, delay: int = 0) -> None:
        """Let frames arrive when `delay` more announces have been handled.

        Without a delay all that is said is said long after what was said before, otherwise at one
        moment.
        """
        self.connections: dict[int, set[int]] = {}
        self.deliveries = self.announces = 0
        self._random = random
        self._delay = delay
        self._clock = 0
        self._under_way: deque[tuple[int, bool, int, int]] = deque()
        self._most: dict[int, int] = {}
        self._rows: dict[int, Subscriber] = {}
        self._order: list[tuple[float, int]] = []
        self._hashes: list[float] = []

    def enter(self) -> int:
        """Add a peer that has subscribed and not yet announced itself."""
        peer = len(self._hashes)
        self._hashes.append(self._random.random())
        self._most[peer] = 20 + self._random.randrange(15)
        self.connections[peer] = set()
        insort(self._order, (self._hashes[peer], peer))
        now = self._now()
        self._rows[peer] = Subscriber(f"{peer:06}", f"{peer}", now, now, None, None)
        return peer

    def announce(self, peer: int) -> None:
        """Handle an announce, and deliver what is due by then."""
        self.announces += 1
        before, now = self._rows[peer], self._now()
        entered_at = now if before.entered_at is None else before.entered_at
        own = before._replace(requested_at=now, entered_at=entered_at, announce=f"{peer}")
        self._rows[peer] = own
        wanted = INTRODUCED if before.entered_at is None else INTRODUCED_AGAIN
        for receiver, sender in self._introduced_to(own, wanted):
            self._under_way.append((self._clock + self._delay, False, receiver, sender))
        self._deliver()

    def leave(self, peer: int) -> None:
        """Take a peer away; those that were connected to it say so."""
        del self._order[bisect_left(self._order, (self._hashes[peer], peer))]
        del self._rows[peer]
        for other in self.connections.pop(peer):
            self.connections[other].remove(peer)
            if len(self.connections[other]) < self._most[other]:
                self.announce(other)
            else:
                row = self._rows[other]
                self._rows[other] = row._replace(requested_at=self._now(), announce=None)

    def settle(self) -> None:
        """Let everything arrive that is under way."""
        while self._under_way:
            self._clock = self._under_way[0][0]
            self._deliver()

    def _now(self) -> int:
        self._clock += 1
        return 0 if self._delay else 2 * NEW_MILLISECONDS * self._clock

    def _deliver(self) -> None:
        while self._under_way and self._under_way[0][0] <= self._clock:
            _, is_offer, receiver, sender = self._under_way.popleft()
            if receiver not in self.connections or sender not in self.connections:
                continue
            own = self.connections[receiver]
            if is_offer:
                own.add(sender)
                continue
            self.deliveries += 1
            if len(own) < self._most[receiver] and sender not in own:
                own.add(sender)
                self._under_way.append((self._clock + self._delay, True, sender, receiver))

    def _introduced_to(self, own: Subscriber, wanted: int) -> list[tuple[int, int]]:
        """Return who hears of whom when `own` announces itself."""
        peer = int(own.connection)
        if len(self._order) <= SMALL_ROOM:
            return [(other, peer) for _, other in self._order if other != peer]
        start = bisect_left(self._order, (self._random.random(), -1))
        rows = (self._order + self._order)[start : start + SAMPLE + 1] if start else self._order
        sample = [self._rows[other] for _, other in rows[: SAMPLE + 1] if other != peer]
        self._random.shuffle(sample)
        chosen = [(each.is_hearer, int(each.member.connection)) for each in choose(own, sample)]
        return [(other, peer) if hears else (peer, other) for hears, other in chosen[:wanted]]


_SIZES = (200, 1_000, 10_000)
_MOST_HOPS = {1_000: 15, 10_000: 25}
_DELAY = 0.05
"""Of those who come at once: which part is handled while a frame is on its way."""


def report() -> Report:
    """Return the shapes of rooms with all histories and sizes."""
    meshes = {(history, size): live(size) for history, live in HISTORIES.items() for size in _SIZES}
    shapes = {case: shape(mesh.connections) for case, mesh in meshes.items()}
    checks = [
        Check("Components", max(each.components for each in shapes.values()), 1),
        Check("Alone", max(each.isolated for each in shapes.values())),
    ]
    for size, most in _MOST_HOPS.items():
        hops = max(shapes[history, size].hops for history in HISTORIES)
        checks.append(Check(f"Hops, {size:,} peers", hops, most))
    return Report(
        (
            "how the room came about",
            "peers",
            "components",
            "alone",
            "hops",
            "connections of a peer",
            "announces delivered for each that came",
        ),
        [
            (
                history,
                f"{size:,}",
                f"{each.components}",
                f"{each.isolated}",
                f"{each.hops}",
                f"{each.mean:.0f} ({each.least} to {each.most})",
                significant(meshes[history, size].deliveries / size),
            )
            for (history, size), each in shapes.items()
        ],
        checks,
    )


def _grown(size: int) -> Mesh:
    mesh = Mesh(Random(size))
    for _ in range(size):
        mesh.announce(mesh.enter())
    return mesh


def _replaced(size: int) -> Mesh:
    mesh = _grown(size)
    mesh.deliveries = 0
    leavers = list(mesh.connections)
    Random(size).shuffle(leavers)
    for peer in leavers:
        mesh.leave(peer)
        mesh.announce(mesh.enter())
    return mesh


def _at_once(size: int) -> Mesh:
    random = Random(size)
    mesh = Mesh(random, int(size * _DELAY))
    peers = [mesh.enter() for _ in range(size)]
    random.shuffle(peers)
    for peer in peers:
        mesh.announce(peer)
    mesh.settle()
    return mesh


HISTORIES: dict[str, Callable[[int], Mesh]] = {
    "one after the other": _grown,
    "all replaced": _replaced,
    "at once": _at_once,
}
"""How a room came about."""
