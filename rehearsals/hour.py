"""An hour of what clients do: they meet, talk, leave and vanish. What is left at the end?"""

import asyncio
import os
import random
import time
from contextlib import ExitStack
from itertools import combinations
from typing import NamedTuple

from rehearsals.members import Member, connect, leave, until
from rehearsals.places import DYNAMODB, MEMORY, PLACES, Running, running
from rehearsals.report import Findings, Row
from rehearsals.speakers import Speaker
from rig.measure import cpu_seconds, resident_bytes, significant, spread
from rig.report import Check

_ROOMS_AT_ONCE = 12
_MOST_MEMBERS = 5
_MOST_MESSAGES = 20
_LONGEST_PAUSE = 2.0
_SECONDS_TO_MEET = 30.0
_SECONDS_TO_LEAVE = 1.0
"""Enough to handle what a client sent; a later write may come after its `$disconnect`."""
_SECONDS_BETWEEN_SAMPLES = 5.0
_MOST_GROWTH = 0.05
_MOST_ROWS = 0.001
"""Share of all rows; such a row is written by a message that is handled after `$disconnect`."""


class _Hour:
    """What happened at one server."""

    def __init__(self, here: Running, seconds: float) -> None:
        self.meetings = self.connections = self.pairs = self.missed = self.messages = self.lost = 0
        self.memory: list[int] = []
        self._here = here
        self._end = time.monotonic() + seconds

    async def pass_by(self) -> None:
        """Let rooms form and dissolve until the time is over."""
        sampling = asyncio.create_task(self._sample())
        await asyncio.gather(*(self._meet_again(number) for number in range(_ROOMS_AT_ONCE)))
        sampling.cancel()

    def growth(self) -> float:
        """Return the growth of memory from the second quarter to the last one."""
        quarter = len(self.memory) // 4
        second, last = self.memory[quarter : 2 * quarter + 1], self.memory[-quarter - 1 :]
        return spread(last).median / spread(second).median - 1

    async def _sample(self) -> None:
        while True:
            self.memory.append(resident_bytes(self._here.server.pid))
            await asyncio.sleep(_SECONDS_BETWEEN_SAMPLES)

    async def _meet_again(self, number: int) -> None:
        times = 0
        while time.monotonic() < self._end:
            times += 1
            await self._meet(f"room {number} {times}", random.randint(2, _MOST_MEMBERS))

    async def _meet(self, topic: str, size: int) -> None:
        members = [Member(topic, f"{topic} {number}") for number in range(size)]
        await connect(self._here.server.websocket_url, members)
        for member in members:
            member.subscribe()
            member.announce()
        pairs = list(combinations(members, 2))
        await until(lambda: all(map(_have_met, pairs)), _SECONDS_TO_MEET)
        self.meetings += 1
        self.connections += size
        self.pairs += len(pairs)
        self.missed += sum(not _have_met(pair) for pair in pairs)
        speakers = [
            Speaker(each, [other for other in members if other is not each]) for each in members
        ]
        for _ in range(random.randint(1, _MOST_MESSAGES)):
            if time.monotonic() > self._end:
                break
            self.messages += 1
            self.lost += not await random.choice(speakers).say()
            await asyncio.sleep(random.uniform(0, _LONGEST_PAUSE))
        for member in random.sample(members, size // 2):
            member.send({"type": "unsubscribe", "topics": [topic]})
        await asyncio.sleep(_SECONDS_TO_LEAVE)
        await leave(members)


class _Place(NamedTuple):
    name: str
    here: Running
    hour: _Hour


def rehearse(is_short: bool) -> Findings:
    """Let an hour pass, or MINUTES of the environment, with rooms in memory and in DynamoDB."""
    minutes = 0.02 if is_short else float(os.environ.get("MINUTES") or 60)
    with ExitStack() as stack:
        places = []
        for name in (MEMORY,) if is_short else PLACES:
            here = stack.enter_context(running(name, environment={"LOG_LEVEL": "WARNING"}))
            places.append(_Place(name, here, _Hour(here, 60 * minutes)))
        return _findings(places, minutes, asyncio.run(_pass(places)))


def _findings(places: list[_Place], minutes: float, rows: int) -> Findings:
    share = rows / places[-1].hour.connections
    return Findings(
        f"{minutes:g} minutes of all that clients do",
        [_row(place, minutes, rows) for place in places],
        [
            Check("Pairs that did not meet", sum(each.hour.missed for each in places), 0),
            Check("Messages that were lost", sum(each.hour.lost for each in places), 0),
        ],
        [
            Check("Rows at the end, as a share of all", share, _MOST_ROWS),
            *(
                Check(f"Growth of memory, rooms in {name}", hour.growth(), _MOST_GROWTH)
                for name, _, hour in places
            ),
        ],
        [
            f"Each server has {_ROOMS_AT_ONCE} rooms at a time: 2 to {_MOST_MEMBERS} clients "
            f"enter at the same moment, publish up to {_MOST_MESSAGES} messages, and leave, half "
            "of them without an `unsubscribe`. A row that is left was written by a message that "
            "was handled after its sender's `$disconnect`; DynamoDB deletes it when it expires. "
            "Growth compares the median memory of the last quarter of the time with that of the "
            "second quarter. `make rehearse ROWS=hour MINUTES=60` sets the time."
        ],
    )


async def _pass(places: list[_Place]) -> int:
    """Let the time pass, and return how many rows are left."""
    await asyncio.gather(*(place.hour.pass_by() for place in places))
    tables = [place.here for place in places if place.here.table]
    await until(lambda: not any(here.rows() for here in tables), 10.0)
    return sum(len(here.rows()) for here in tables)


def _row(place: _Place, minutes: float, rows: int) -> Row:
    hour, server = place.hour, place.here.server
    mega = [
        significant(each / 1e6) for each in (min(hour.memory), max(hour.memory), hour.memory[-1])
    ]
    cpu = cpu_seconds(server.pid) / minutes / 60 * 100
    kept = f"; {rows} rows left" if place.name == DYNAMODB else ""
    return Row(
        f"rooms in {place.name}",
        f"{hour.meetings:,} meetings, {hour.connections:,} connections, {hour.messages:,} messages",
        f"{hour.pairs:,} introductions, {hour.messages:,} messages to all others",
        f"{hour.pairs - hour.missed:,} and {hour.messages - hour.lost:,}{kept}",
        f"memory {mega[0]} to {mega[1]} MB, at the end {mega[2]} MB, growth "
        f"{hour.growth():.1%}; {significant(cpu)} % of a core",
    )


def _have_met(pair: tuple[Member, Member]) -> bool:
    one, other = pair
    return one.hears_of(other) or other.hears_of(one)
