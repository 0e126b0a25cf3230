"""Pages that lose each other while functions take their time, with the rooms' own code. No sockets.

Each message is handled after a time of its own, and each frame arrives after one, as in Lambda,
where some functions start cold. Pages do what y-webrtc does. A page that hears of a peer with which
it has no connection makes an offer. A connection that has not noticed its end takes the offers of
the next one. Offers that cross end both attempts, which is worse than what y-webrtc makes of some.
https://github.com/yjs/y-webrtc/blob/v10.3.0/src/y-webrtc.js
"""

import heapq
import json
from collections.abc import Callable, Sequence
from itertools import count
from random import Random
from typing import Any, NamedTuple

from local.table.in_memory import MemorySubscriptions
from signaling.access.grants import EVERYTHING
from signaling.frames import plain_announce
from signaling.ports import NOTHING, Introduction, Outcome, Sender
from signaling.protocol import Announce, Limits, parse
from signaling.rooms import Rooms

ROOM = "room"
MILLISECONDS_TO_ANSWER = 60
MILLISECONDS_OF_ICE = 15_000
MILLISECONDS_BETWEEN_ANNOUNCES = 50
LONG_AGO = -3_600_000


class Delays(NamedTuple):
    """Milliseconds that things take, the least and the most."""

    handling: tuple[int, int] = (5, 60)
    frame: tuple[int, int] = (2, 40)
    cold_start: tuple[int, int] = (300, 1_500)
    share_of_cold_starts: float = 0.2


class World:
    """A server, and a clock that moves from one event to the next."""

    def __init__(self, seed: int, delays: Delays) -> None:
        self.now = 0
        self.random = Random(seed)
        self.pages: dict[str, Page] = {}
        self._delays = delays
        self._events: list[tuple[int, int, Callable[[], object]]] = []
        self._order = count()
        self._subscriptions = MemorySubscriptions(now=lambda: self.now / 1000)
        self._rooms = Rooms(self._subscriptions, self, after=self._after)

    def at(self, time: int, action: Callable[[], object]) -> None:
        heapq.heappush(self._events, (time, next(self._order), action))

    def run(self) -> None:
        while self._events:
            self.now, _, action = heapq.heappop(self._events)
            action()

    def say(self, sender: "Page", message: dict[str, Any]) -> None:
        """Let a function handle the message when one is free."""
        requested_at, connection, connected_at = self.now, sender.connection, sender.connected_at

        def handle() -> None:
            if connection in self.pages:
                who = Sender(connection, connected_at, requested_at, handled_at=self.now)
                self._rooms.handle(who, parse(json.dumps(message), False, Limits()), EVERYTHING)

        self.at(self.now + self._milliseconds_to_handle(), handle)

    def let_enter(self, page: "Page", at: int) -> None:
        """Let a page have announced itself at a time, without a word to the others."""
        sender = Sender(page.connection, page.connected_at, at)
        self._subscriptions.announce(ROOM, sender, Announce(plain_announce(page.peer), page.peer))

    def signal(self, to: str, action: Callable[["Page"], None]) -> None:
        """Let a signal reach the page with the peer id, if it is connected then."""

        def arrive() -> None:
            for page in [*self.pages.values()]:
                if page.peer == to:
                    action(page)

        self.at(self.now + self._milliseconds_to_handle() + self._of(self._delays.frame), arrive)

    def send(
        self, connections: Sequence[str], payload: str, introductions: Sequence[Introduction] = ()
    ) -> Outcome:
        frames = [(each, each, payload) for each in connections] + list(introductions)
        gone = []
        for introduced, receiver, text in frames:
            if lost := {introduced, receiver} - set(self.pages):
                gone.append(lost.pop())
            else:
                self.at(self.now + self._of(self._delays.frame), self._arrival(receiver, text))
        return Outcome([], gone, [])

    def _arrival(self, receiver: str, text: str) -> Callable[[], None]:
        peer = json.loads(text)["data"]["from"]

        def arrive() -> None:
            if receiver in self.pages:
                self.pages[receiver].hear_of(peer)

        return arrive

    def _after(self, seconds: float, action: Callable[[], Outcome]) -> Outcome:
        self.at(self.now + int(1000 * seconds), action)
        return NOTHING

    def _milliseconds_to_handle(self) -> int:
        time = self._of(self._delays.handling)
        is_cold = self.random.random() < self._delays.share_of_cold_starts
        return time + (self._of(self._delays.cold_start) if is_cold else 0)

    def _of(self, range_: tuple[int, int]) -> int:
        return self.random.randint(*range_)


class Link(NamedTuple):
    """One end of a connection, or of the attempt to make one."""

    number: int
    is_open: bool


class Page:
    """A page with y-webrtc, in one room."""

    def __init__(self, world: World, peer: str, connected_at: int) -> None:
        self.peer = peer
        self.links: dict[str, Link] = {}
        self._world = world
        self._connections = 0
        self.connect(connected_at)

    def connect(self, at: int) -> None:
        """Open a new connection to the server."""
        self._world.pages.pop(f"{self.peer}{self._connections}", None)
        self._connections += 1
        self.connection, self.connected_at = f"{self.peer}{self._connections}", at
        self._world.pages[self.connection] = self

    def announce(self, times: int = 1) -> None:
        """Subscribe and announce itself, so many times in a row."""
        at = self._world.now
        for _ in range(times):
            self._world.at(at, self._enter)
            at += self._world.random.randint(0, MILLISECONDS_BETWEEN_ANNOUNCES)

    def _enter(self) -> None:
        self._world.say(self, {"type": "subscribe", "topics": [ROOM]})
        data = {"type": "announce", "from": self.peer}
        self._world.say(self, {"type": "publish", "topic": ROOM, "data": data})

    def lose(self, peer: str, at: int, times: int, is_moved: bool) -> None:
        """Notice at a time that the connection which there is now has ended, or lose both then."""
        link = self.links.get(peer)

        def act() -> None:
            if link is None:
                return
            if is_moved:
                self.connect(self._world.now)
                self.links.pop(peer, None)
                self.announce(1)
            else:
                self.notice(peer, link.number, times)

        self._world.at(at, act)

    def notice(self, peer: str, number: int, times: int) -> None:
        """Notice that a connection has ended, and announce itself so many times."""
        if peer in self.links and self.links[peer].number == number:
            del self.links[peer]
            self.announce(times)

    def hear_of(self, peer: str) -> None:
        if peer not in self.links:
            number = self._world.random.getrandbits(60)
            self.links[peer] = Link(number, False)
            self._world.signal(peer, lambda other: other.take_offer(self.peer, number))

    def take_offer(self, peer: str, number: int) -> None:
        if peer not in self.links:
            self.links[peer] = Link(number, True)
            self._world.signal(peer, lambda other: other.take_answer(self.peer, number))
        elif self.links[peer].is_open:
            link = self.links[peer]
            self._world.at(
                self._world.now + MILLISECONDS_TO_ANSWER, lambda: self._spoil(peer, link, number)
            )

    def _spoil(self, peer: str, link: Link, number: int) -> None:
        """Answer by a connection that has not noticed its end, so that the new one cannot open."""
        if self.links.get(peer) == link:
            self._world.signal(peer, lambda other: other.take_spoiled(self.peer, number))

    def take_spoiled(self, peer: str, number: int) -> None:
        self.take_answer(peer, number)
        self._world.at(self._world.now + MILLISECONDS_OF_ICE, lambda: self.notice(peer, number, 2))

    def take_answer(self, peer: str, number: int) -> None:
        if peer in self.links and self.links[peer].number == number:
            self.links[peer] = Link(number, True)


def connected(seed: int, delays: Delays, peers: str) -> World:
    """Return a world whose pages have been connected with each other for long."""
    world = World(seed, delays)
    pages = [Page(world, peer, LONG_AGO) for peer in peers]
    for page in pages:
        world.let_enter(page, LONG_AGO)
    for number, page in enumerate(pages):
        for other in pages:
            if other is not page:
                page.links[other.peer] = Link(number * pages.index(other), True)
    return world


def apart(world: World) -> list[str]:
    """Return the pairs that have no connection which both ends know as open."""
    pages = [*world.pages.values()]
    return [
        f"{one.peer}{other.peer}"
        for number, one in enumerate(pages)
        for other in pages[number + 1 :]
        if one.links.get(other.peer) != other.links.get(one.peer)
        or not one.links.get(other.peer, Link(0, False)).is_open
    ]
