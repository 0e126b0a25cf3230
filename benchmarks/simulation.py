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
from rig.report import Bar, Check, Report
from rig.shape import shape
from signaling.large_rooms import INTRODUCED, INTRODUCED_AGAIN
from signaling.ports import SAMPLE
from signaling.small_rooms import SMALL_ROOM

_HEARD = (4, INTRODUCED)


class Mesh:
    """The peers of one room, numbered as they came."""

    def __init__(self, heard: int, random: Random, delay: int = 0) -> None:
        """Let frames arrive when `delay` more announces have been handled.

        In a large room a newcomer hears of as many others as `heard` says.
        """
        self.connections: dict[int, set[int]] = {}
        self.deliveries = self.announces = self.crossed = 0
        self._heard = heard
        self._random = random
        self._delay = delay
        self._clock = 0
        self._under_way: deque[tuple[int, bool, int, int]] = deque()
        self._most: dict[int, int] = {}
        self._announced: dict[int, bool] = {}
        """Who has a row with an announce; False after a subscribe without one."""
        self._rows: list[tuple[float, int]] = []
        self._hashes: list[float] = []
        self._offers: set[tuple[int, int]] = set()

    def enter(self) -> int:
        """Add a peer that has subscribed and not yet announced itself."""
        peer = len(self._hashes)
        self._hashes.append(self._random.random())
        self._most[peer] = 20 + self._random.randrange(15)
        self.connections[peer] = set()
        insort(self._rows, (self._hashes[peer], peer))
        return peer

    def announce(self, peer: int) -> None:
        """Handle an announce, and deliver what is due by then."""
        self.announces += 1
        is_again = peer in self._announced
        self._announced[peer] = True
        for is_offer, receiver, sender in self._introduced_by(peer, is_again):
            self._under_way.append((self._clock + self._delay, is_offer, receiver, sender))
        self._deliver()
        self._clock += 1

    def leave(self, peer: int) -> None:
        """Take a peer away; those that were connected to it say so."""
        del self._rows[bisect_left(self._rows, (self._hashes[peer], peer))]
        del self._announced[peer]
        for other in self.connections.pop(peer):
            self.connections[other].remove(peer)
            if len(self.connections[other]) < self._most[other]:
                self.announce(other)
            else:
                self._announced[other] = False

    def settle(self) -> None:
        """Let everything arrive that is under way."""
        while self._under_way:
            self._clock = self._under_way[0][0]
            self._deliver()

    def _deliver(self) -> None:
        while self._under_way and self._under_way[0][0] <= self._clock:
            _, is_offer, receiver, sender = self._under_way.popleft()
            if receiver not in self.connections or sender not in self.connections:
                continue
            own = self.connections[receiver]
            if is_offer:
                self.crossed += (receiver, sender) in self._offers
                own.add(sender)
                continue
            self.deliveries += 1
            if len(own) < self._most[receiver] and sender not in own:
                own.add(sender)
                if self._delay:
                    self._offers.add((receiver, sender))
                self._under_way.append((self._clock + self._delay, True, sender, receiver))

    def _introduced_by(self, peer: int, is_again: bool) -> list[tuple[bool, int, int]]:
        if len(self._rows) <= SMALL_ROOM:
            return [(False, other, peer) for _, other in self._rows if other != peer]
        sample = self._sample(peer)
        announced = [each for each in sample if self._announced.get(each)]
        silent = [each for each in sample if self._announced.get(each) is False]
        introduced = (announced + silent)[: INTRODUCED_AGAIN if is_again else self._heard]
        return [
            (False, peer, each) if self._hears(peer, each) else (False, each, peer)
            for each in introduced
        ]

    def _hears(self, peer: int, other: int) -> bool:
        """Tell whether `peer` hears of `other`, and not the other way round.

        Of two that come at the same moment, the one that entered later hears of the earlier.
        """
        return self._announced[other] and not (self._delay and peer < other)

    def _sample(self, peer: int) -> list[int]:
        start = bisect_left(self._rows, (self._random.random(), -1))
        rows = (self._rows + self._rows)[start : start + SAMPLE + 1] if start else self._rows
        sample = [other for _, other in rows[: SAMPLE + 1] if other != peer]
        self._random.shuffle(sample)
        return sample


_SIZES = (200, 1_000, 10_000)
_MOST_HOPS = {1_000: 15, 10_000: 25}
_DELAY = 0.05
"""Of those who come at once: which part is handled while a frame is on its way."""


def report() -> Report:
    """Return the shapes of rooms with all histories and sizes."""
    found = {
        (heard, history, size): live(heard, size)
        for heard in _HEARD
        for history, live in HISTORIES.items()
        for size in _SIZES
    }
    shapes = {case: shape(mesh.connections) for case, mesh in found.items()}
    ours = {case: each for case, each in shapes.items() if case[0] == INTRODUCED}
    hops = {
        size: max(each.hops for case, each in ours.items() if case[2] == size) for size in _SIZES
    }
    grown = {heard: shapes[heard, "one after the other", 1_000].hops for heard in _HEARD}
    return Report(
        (
            "who is introduced, and how the room came about",
            "peers",
            "components",
            "alone",
            "hops",
            "connections of a peer",
            "announces delivered for each that came",
            "pairs that crossed",
        ),
        [
            (
                f"{_name(heard)}: {history}",
                f"{size:,}",
                f"{each.components}",
                f"{each.isolated}",
                f"{each.hops}",
                f"{each.mean:.0f} ({each.least} to {each.most})",
                significant(found[heard, history, size].deliveries / size),
                f"{found[heard, history, size].crossed}",
            )
            for (heard, history, size), each in shapes.items()
        ],
        [
            Check(
                "Components, sender hears of 8", max(each.components for each in ours.values()), 1
            ),
            Check("Alone, sender hears of 8", max(each.isolated for each in ours.values()), 0),
            *(
                Check(f"Hops, sender hears of 8, {size:,} peers", hops[size], most)
                for size, most in _MOST_HOPS.items()
            ),
        ],
        plot_title="Hops in a room of 1,000 that only grows",
        bars=[Bar(_name(heard), figure, heard == INTRODUCED) for heard, figure in grown.items()],
    )


def _grown(heard: int, size: int) -> Mesh:
    mesh = Mesh(heard, Random(size))
    for _ in range(size):
        mesh.announce(mesh.enter())
    return mesh


def _replaced(heard: int, size: int) -> Mesh:
    mesh = _grown(heard, size)
    mesh.deliveries = 0
    leavers = list(mesh.connections)
    Random(size).shuffle(leavers)
    for peer in leavers:
        mesh.leave(peer)
        mesh.announce(mesh.enter())
    return mesh


def _at_once(heard: int, size: int) -> Mesh:
    random = Random(size)
    mesh = Mesh(heard, random, int(size * _DELAY))
    peers = [mesh.enter() for _ in range(size)]
    random.shuffle(peers)
    for peer in peers:
        mesh.announce(peer)
    mesh.settle()
    return mesh


HISTORIES: dict[str, Callable[[int, int], Mesh]] = {
    "one after the other": _grown,
    "all replaced": _replaced,
    "at once": _at_once,
}
"""How a room came about in which a newcomer hears of so many."""


def _name(heard: int) -> str:
    return f"the sender hears of {heard}, again of {INTRODUCED_AGAIN}"
