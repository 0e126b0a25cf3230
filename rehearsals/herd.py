"""A server that is killed while clients are connected: when does each pair meet again?"""

import asyncio
import math
import time
from itertools import combinations
from typing import Any

from picows import WSError, ws_connect

from rehearsals.report import Part, findings
from rig.measure import cpu_seconds, significant
from rig.members import Member, have_met, leave, until
from rig.places import DYNAMODB, MEMORY, running
from rig.report import Check, Report

_SIZE = 4
_SECONDS = 120.0
_DOWN_SECONDS = 1.0
_MOST_SECONDS = {MEMORY: 10.0, DYNAMODB: 30.0}


class Client:
    """Comes back whenever its connection is lost, as lib0's WebSocket client does.

    It makes an offer to whomever it hears of, and answers the offers of others.
    """

    def __init__(self, url: str, topic: str, peer: str) -> None:
        """Be `peer` in the room `topic` of the server at `url`."""
        self.member = Member(topic, peer)
        self._url = url
        self.staying = asyncio.create_task(self._stay())

    async def _stay(self) -> None:
        failures = 0
        while True:
            member = self.member = Member(self.member.topic, self.member.peer)
            lost = asyncio.Event()
            member.lost = lost.set
            member.arrived = self._hear
            try:
                await ws_connect(lambda member=member: member, self._url)
            except (WSError, OSError):
                # https://github.com/dmonad/lib0/blob/main/websocket.js
                failures += 1
                await asyncio.sleep(min(math.log10(failures + 1) * 1.2, 2.5))
                continue
            failures = 0
            member.subscribe()
            member.announce()
            await lost.wait()

    def _hear(self, message: dict[str, Any]) -> None:
        data = message["data"]
        kind = data.get("signal", data)["type"]
        if kind == "announce":
            self.member.say(f"offer {self.member.peer}", data["from"], "offer")
        elif kind == "offer":
            self.member.say(f"answer {self.member.peer}", data["from"], "answer")
        elif kind == "gone":
            self.member.announce()

    def has_answer_of(self, other: "Client") -> bool:
        """Tell whether it made an offer to `other` that was answered."""
        return f"answer {other.member.peer}" in self.member.texts


def rehearse(is_short: bool) -> Report:
    """Kill the server with rooms of four, start it again and count who is introduced to whom."""
    number = 60 if is_short else 2_000
    places = (MEMORY,) if is_short else (MEMORY, DYNAMODB)
    return findings([asyncio.run(_come_back(place, number // _SIZE)) for place in places])


async def _come_back(place: str, number: int) -> Part:
    with running(place, environment={"LOG_LEVEL": "WARNING"}) as here:
        url = here.server.websocket_url
        rooms = [
            [Client(url, f"room-{room}", f"{room}-{peer}") for peer in range(_SIZE)]
            for room in range(number)
        ]
        pairs = [pair for room in rooms for pair in combinations(room, 2)]
        met_at_first = await until(lambda: not _unanswered(pairs), _SECONDS)
        assert met_at_first, "the clients did not meet before anything went wrong"
        here.server.kill()
        await asyncio.sleep(_DOWN_SECONDS)
        await asyncio.to_thread(here.server.start)
        started = time.monotonic()
        await until(lambda: not _unanswered(pairs), _SECONDS)
        seconds, cpu = time.monotonic() - started, cpu_seconds(here.server.pid)
        await asyncio.sleep(2)  # what crosses comes later
        members = [(one.member, two.member) for one, two in pairs]
        missed, unanswered = sum(not have_met(*pair) for pair in members), _unanswered(pairs)
        crossed = sum(one.hears_of(two) and two.hears_of(one) for one, two in members)
        clients = [client for room in rooms for client in room]
        for client in clients:
            client.staying.cancel()
        await leave(client.member for client in clients)
    what = f"Seconds until all have met again, rooms in {place}"
    return Part(
        f"rooms in {place}",
        f"{len(clients):,} clients in rooms of {_SIZE} come back",
        f"{len(pairs):,} introductions, an offer and an answer for each",
        f"{len(pairs) - missed:,}; {crossed} in both directions; "
        f"{len(pairs) - unanswered:,} answers",
        f"{significant(seconds)} s, {significant(cpu)} s of the server's CPU",
        [
            Check("Pairs that did not meet again", missed),
            Check("Pairs without an offer that was answered", unanswered),
            Check("Pairs introduced in both directions", crossed),
        ],
        [Check(what, seconds, _MOST_SECONDS[place])],
    )


def _unanswered(pairs: list[tuple[Client, Client]]) -> int:
    return sum(not (one.has_answer_of(two) or two.has_answer_of(one)) for one, two in pairs)
