"""A room of peers that connect as y-webrtc does, and who introduces them to whom.

A peer that hears an announce makes an offer if it has fewer than `maxConns` connections, and it
accepts every offer. A peer that loses a connection subscribes again, and announces itself again if
it has room: https://github.com/yjs/y-webrtc/blob/v10.3.0/src/y-webrtc.js
"""

from bisect import bisect_left, insort
from collections import deque
from random import Random
from typing import NamedTuple

SMALL = 100
"""Peers of the largest room where everybody hears every announce."""

WINDOW = 32
"""Rows that are read, in the order of the hashes of connections, for a uniform sample."""

_RECENT = 64


class Mixture(NamedTuple):
    """Who is introduced by an announce in a large room."""

    name: str
    newest: int
    """How many of those that announced themselves last hear of the sender."""
    sampled: int
    """How many of a uniform sample hear of the sender."""
    heard: int
    """Of how many of a uniform sample the sender hears, when it enters."""
    heard_again: int = 0
    """The same, when it only announces itself again."""


class Mesh:
    """The peers of one room, numbered as they came."""

    def __init__(self, mixture: Mixture, random: Random, delay: int = 0) -> None:
        """Let frames arrive when `delay` more announces have been handled."""
        self.connections: dict[int, set[int]] = {}
        self.deliveries = self.announces = self.crossed = 0
        self._mixture = mixture
        self._random = random
        self._delay = delay
        self._clock = 0
        self._under_way: deque[tuple[int, bool, int, int]] = deque()
        self._most: dict[int, int] = {}
        self._announced: dict[int, bool] = {}
        """Who has a row with an announce; False after a subscribe without one."""
        self._rows: list[tuple[float, int]] = []
        self._hashes: list[float] = []
        self._recent: deque[int] = deque(maxlen=_RECENT)
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
        if peer in self._recent:
            self._recent.remove(peer)
        self._recent.append(peer)
        self._deliver()
        self._clock += 1

    def leave(self, peer: int) -> None:
        """Take a peer away; those that were connected to it say so."""
        del self._rows[bisect_left(self._rows, (self._hashes[peer], peer))]
        del self._announced[peer]
        if peer in self._recent:
            self._recent.remove(peer)
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
        if len(self._rows) <= SMALL:
            return [(False, other, peer) for _, other in self._rows if other != peer]
        newest, sampled, heard = self._mixture[1:4]
        hearers = [each for each in list(self._recent)[-newest - 1 :] if each != peer]
        hearers = hearers[len(hearers) - newest :] if newest else []
        if is_again and self._mixture.heard_again:
            sampled, heard = 0, self._mixture.heard_again
        sample = [each for each in self._sample(peer) if each not in hearers]
        announced = [each for each in sample if self._announced.get(each)]
        silent = [each for each in sample if self._announced.get(each) is False]
        introduced = (announced + silent)[:heard]
        others = [each for each in sample if each not in introduced]
        hearers += others[:sampled]
        hearers += [each for each in introduced if not self._hears(peer, each)]
        return [(False, each, peer) for each in hearers] + [
            (False, peer, each) for each in introduced if self._hears(peer, each)
        ]

    def _hears(self, peer: int, other: int) -> bool:
        """Tell whether `peer` hears of `other`, and not the other way round.

        Of two that come at the same moment, the one that entered later hears of the earlier.
        """
        return self._announced[other] and not (self._delay and peer < other)

    def _sample(self, peer: int) -> list[int]:
        start = bisect_left(self._rows, (self._random.random(), -1))
        rows = (self._rows + self._rows)[start : start + WINDOW + 1] if start else self._rows
        sample = [other for _, other in rows[: WINDOW + 1] if other != peer]
        self._random.shuffle(sample)
        return sample
