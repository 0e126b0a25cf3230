"""A server that is killed while clients are connected: when does each pair meet again?"""

import asyncio
import math
import time
from itertools import combinations
from typing import Any, NamedTuple

from picows import WSError, ws_connect

from rehearsals.members import Member, leave, until
from rehearsals.places import DYNAMODB, MEMORY, running
from rehearsals.report import Findings, Row
from rig.measure import cpu_seconds, significant
from rig.report import Check

_SIZE = 4
_SECONDS = 120.0
_DOWN_SECONDS = 1.0
_MOST_SECONDS = {MEMORY: 10.0, DYNAMODB: 30.0}


class _Returned(NamedTuple):
    row: Row
    missed: int
    """Pairs in which neither heard of the other again."""
    unanswered: int
    """Pairs without an offer that was answered."""
    crossed: int
    """Pairs in which both heard of the other, which breaks y-webrtc's connections."""
    check: Check


class Client:
    """A client that reconnects when its connection is lost, as lib0's WebSocket client does.

    It makes an offer to each peer that it hears of, and answers the offers of others.
    """

    def __init__(self, url: str, topic: str, peer: str) -> None:
        """Be `peer` in the room `topic` of the server at `url`."""
        self.member = Member(topic, peer)
        self._url = url
        self._task = asyncio.create_task(self._stay())

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
        return f"answer {other.member.peer}" in self.member.heard

    def stay_away(self) -> None:
        """Stop reconnecting."""
        self._task.cancel()


def rehearse(is_short: bool) -> Findings:
    """Kill the server with rooms of four, start it again and count who is introduced to whom."""
    number = 60 if is_short else 2_000
    found = [
        asyncio.run(_come_back(place, number // _SIZE))
        for place in ((MEMORY,) if is_short else (MEMORY, DYNAMODB))
    ]
    return Findings(
        "A herd that comes back",
        [each.row for each in found],
        [
            Check("Pairs that did not meet again", sum(each.missed for each in found), 0),
            Check(
                "Pairs without an offer that was answered",
                sum(each.unanswered for each in found),
                0,
            ),
            Check("Pairs introduced in both directions", sum(each.crossed for each in found), 0),
        ],
        [each.check for each in found],
        [
            f"The server is killed, and starts again after {_DOWN_SECONDS:.0f} s. The clients "
            "reconnect as lib0's WebSocket client does: at once, then after pauses of up to 2.5 s. "
            "In DynamoDB the rows of their old connections are still there. The time runs from "
            "when the server listens again to the last answer to an offer. DynamoDB Local itself "
            "takes most of it: 3 to 5 ms of CPU for each of about ten requests per client."
        ],
    )


async def _come_back(place: str, number: int) -> _Returned:
    with running(place, environment={"LOG_LEVEL": "WARNING"}) as here:
        server = here.server
        rooms = [
            [
                Client(server.websocket_url, f"room-{room}", f"{room}-{peer}")
                for peer in range(_SIZE)
            ]
            for room in range(number)
        ]
        pairs = [pair for room in rooms for pair in combinations(room, 2)]
        met_at_first = await until(lambda: not _unanswered(pairs), _SECONDS)
        assert met_at_first, "the clients did not meet before anything went wrong"
        server.kill()
        await asyncio.sleep(_DOWN_SECONDS)
        await asyncio.to_thread(server.start)
        started = time.monotonic()
        await until(lambda: not _unanswered(pairs), _SECONDS)
        seconds = time.monotonic() - started
        cpu = cpu_seconds(server.pid)
        await asyncio.sleep(2)  # what crosses comes later
        missed, unanswered = len(_missed(pairs)), len(_unanswered(pairs))
        crossed = sum(
            one.member.hears_of(two.member) and two.member.hears_of(one.member)
            for one, two in pairs
        )
        for room in rooms:
            for client in room:
                client.stay_away()
        await leave(client.member for room in rooms for client in room)
    return _Returned(
        Row(
            f"rooms in {place}",
            f"{number * _SIZE:,} clients in rooms of {_SIZE} come back",
            f"{len(pairs):,} introductions, an offer and an answer for each",
            f"{len(pairs) - missed:,}; {crossed} in both directions; "
            f"{len(pairs) - unanswered:,} answers",
            f"{significant(seconds)} s, {significant(cpu)} s of the server's CPU",
        ),
        missed,
        unanswered,
        crossed,
        Check(f"Seconds until all have met again, rooms in {place}", seconds, _MOST_SECONDS[place]),
    )


def _missed(pairs: list[tuple[Client, Client]]) -> list[tuple[Client, Client]]:
    return [pair for pair in pairs if not _directions(*pair)]


def _unanswered(pairs: list[tuple[Client, Client]]) -> list[tuple[Client, Client]]:
    return [
        (one, two) for one, two in pairs if not (one.has_answer_of(two) or two.has_answer_of(one))
    ]


def _directions(one: Client, two: Client) -> int:
    return one.member.hears_of(two.member) + two.member.hears_of(one.member)
