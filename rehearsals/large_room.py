"""A large room: thousands of clients enter, half of them leave, and as many enter again."""

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from local.sockets.server import allow_open_files
from rehearsals.report import Part, findings
from rig.measure import Clock, cpu_seconds, significant
from rig.members import Member, connect
from rig.places import DYNAMODB, MEMORY, running
from rig.report import Check, Report
from rig.servers import LocalServer
from rig.shape import Shape, shape
from signaling.crowded_rooms import SECONDS_UNTIL_HEARD

_ROOM = "large room"
_SECONDS_UNTIL_A_CLOSE_IS_NOTICED, _MOST_HOPS = 0.1, 15

_Signals = dict[str, tuple[str, str]]
"""Sender and addressee of each signal, by its text."""


class _Page(Member):
    """A page as y-webrtc makes it: full pages ignore announces, all accept every offer.

    A pair exchanges an offer, an answer and a candidate each way.
    https://github.com/yjs/y-webrtc/blob/v10.3.0/src/y-webrtc.js
    """

    def __init__(self, peer: str, pages: "dict[str, _Page]", signals: _Signals) -> None:
        """Be one of the living `pages`, and note each signal in `signals`."""
        super().__init__(_ROOM, peer)
        self.connections: dict[str, bool] = {}
        """The other peers, and whether the other side has answered."""
        self.crossed = 0
        self._most = 20 + random.randrange(15)
        self._pages = pages
        self._signals = signals
        self.arrived = self._read

    def enter(self) -> None:
        """Enter the room."""
        self._pages[self.peer] = self
        self.subscribe()
        self.announce()

    async def leave(self) -> None:
        """Close the page, which announces itself again for each connection; the others notice."""
        del self._pages[self.peer]
        self.send({"type": "unsubscribe", "topics": [_ROOM]})
        for _ in self.connections:
            self.subscribe()
            self.announce()
        self.vanish()
        await asyncio.sleep(_SECONDS_UNTIL_A_CLOSE_IS_NOTICED)
        for peer in self.connections:
            if peer in self._pages:
                self._pages[peer].lose(self.peer)

    def lose(self, peer: str) -> None:
        """Notice that a connection has ended."""
        if self.connections.pop(peer, None) is not None:
            self.subscribe()
            if len(self.connections) < self._most:
                self.announce()

    def _read(self, message: dict[str, Any]) -> None:
        kind, peer = message["data"]["type"], message["data"]["from"]
        if kind == "announce":
            if len(self.connections) < self._most and peer not in self.connections:
                self.connections[peer] = False
                self._signal("offer", peer)
        elif message["data"]["to"] == self.peer:
            kind = message["data"]["signal"]["type"]
            if kind == "gone":
                self.lose(peer)
            elif kind == "offer":
                self.crossed += peer in self.connections
                self.connections[peer] = True
                self._signal("answer", peer)
                self._signal("candidate", peer)
            elif kind == "answer":
                self.connections[peer] = True
                self._signal("candidate", peer)

    def _signal(self, kind: str, peer: str) -> None:
        text = f"{kind} {len(self._signals)}"
        self._signals[text] = self.peer, peer
        self.say(text, peer, kind)


def rehearse(is_short: bool) -> Report:
    """Fill a room, let half of it leave, and let as many enter."""
    # DynamoDB Local gives up requests on two cores if more pages come and go.
    sizes = {MEMORY: (120, 1.0)} if is_short else {MEMORY: (2_000, 60.0), DYNAMODB: (150, 60.0)}
    allow_open_files()
    found = []
    for place, (number, seconds) in sizes.items():
        with running(place, environment={"LOG_LEVEL": "WARNING"}) as here:
            found.append(asyncio.run(_fill(here.server, place, number, seconds)))
    return findings([part for parts in found for part in parts])


async def _fill(server: LocalServer, place: str, number: int, seconds: float) -> list[Part]:
    pages: dict[str, _Page] = {}
    signals: _Signals = {}
    peers = [_Page(f"peer-{each}", pages, signals) for each in range(number + number // 2)]
    with Clock() as filling:
        await _over(seconds, [_come(server, peer) for peer in peers[:number]])
    await _silence(peers)
    filled, used = _shape(pages), cpu_seconds(server.pid)
    leavers = random.sample(peers[:number], number // 2)
    with Clock() as changing:
        leaving = [peer.leave() for peer in leavers]
        coming = [_come(server, peer) for peer in peers[number:]]
        pairs = zip(leaving, coming, strict=True)
        await _over(2 * seconds, [step for pair in pairs for step in pair])
    await _silence(peers)
    changed, used_in_all = _shape(pages), cpu_seconds(server.pid)
    stayed = {*pages}
    due = [(text, pages[to]) for text, (by, to) in signals.items() if {by, to} <= stayed]
    arrived = [page.texts[text] for text, page in due]
    dead = sum(not state for page in pages.values() for state in page.connections.values())
    errors = sum((peer.errors for peer in peers), Counter[str]())
    errors.pop("too_many_announces", None)  # of a page that lost many at once: it is heard later
    for page in list(pages.values()):
        page.vanish()
    leave = f"{number // 2:,} of them leave, as many enter"
    return [
        _part(f"{number:,} clients enter one room in {place}", filling.seconds, filled, used),
        _part(leave, changing.seconds, changed, used_in_all - used),
        Part(
            "signals in both",
            f"{len(signals):,}",
            f"{len(due):,} between clients that stayed",
            f"{sum(map(bool, arrived)):,}",
            f"{sum(peer.crossed for peer in peers)} offers that crossed, {dead} without an answer",
            [
                Check("Signals lost", arrived.count(0)),
                Check("Signals delivered twice", sum(each > 1 for each in arrived)),
                Check("Errors", errors.total()),
            ],
        ),
    ]


async def _come(server: LocalServer, page: _Page) -> None:
    while not page.is_open:
        with suppress(TimeoutError):  # the clients may be too many for the machine
            await connect(server.websocket_url, [page])
    page.enter()


async def _over(seconds: float, steps: list[Coroutine[Any, Any, None]]) -> None:
    """Begin `steps` one after the other within `seconds`, and wait for all."""
    async with asyncio.TaskGroup() as group:
        for step in steps:
            group.create_task(step)
            await asyncio.sleep(seconds / len(steps))


async def _silence(pages: list[_Page]) -> None:
    """Wait until no page has heard anything for as long as newcomers wait, and a second more."""
    heard = -1
    while heard != (heard := sum(page.texts.total() for page in pages)):
        await asyncio.sleep(SECONDS_UNTIL_HEARD + 1.0)


def _shape(pages: dict[str, _Page]) -> Shape:
    """Return the shape of the connections that both sides have."""
    return shape(
        {
            peer: {
                other
                for other, is_answered in page.connections.items()
                if is_answered and other in pages and pages[other].connections.get(peer)
            }
            for peer, page in pages.items()
        }
    )


def _part(what: str, seconds: float, found: Shape, cpu: float) -> Part:
    return Part(
        what,
        f"over {seconds:.0f} s",
        "one room",
        f"{found.components} part, {found.isolated} alone, {found.hops} hops",
        f"{found.mean:.0f} connections per page ({found.least} to {found.most}); "
        f"the server used {significant(cpu)} s of CPU",
        [
            Check("Parts of the room, when full and at the end", found.components, 1),
            Check("Clients left alone", found.isolated),
            Check("Hops", found.hops, _MOST_HOPS),
        ],
    )
