"""An hour of what clients do: they meet, talk, leave and vanish. What is left at the end?"""

import asyncio
import os
import random
import time
from contextlib import ExitStack
from itertools import combinations

from rehearsals.report import Part, findings
from rehearsals.talking import Speaker
from rig.measure import cpu_seconds, resident_bytes, significant, spread
from rig.members import Member, connect, have_met, leave, until
from rig.places import DYNAMODB, MEMORY, PLACES, Running, running
from rig.report import Check, Report

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
        self.here = here
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
            self.memory.append(resident_bytes(self.here.server.pid))
            await asyncio.sleep(_SECONDS_BETWEEN_SAMPLES)

    async def _meet_again(self, number: int) -> None:
        while time.monotonic() < self._end:
            topic = f"room {number} {self.meetings}"
            await self._meet(topic, random.randint(2, _MOST_MEMBERS))

    async def _meet(self, topic: str, size: int) -> None:
        members = [Member(topic, f"{topic} {number}") for number in range(size)]
        await connect(self.here.server.websocket_url, members)
        for member in members:
            member.subscribe()
            member.announce()
        pairs = list(combinations(members, 2))
        await until(lambda: all(have_met(*pair) for pair in pairs), _SECONDS_TO_MEET)
        self.meetings += 1
        self.connections += size
        self.pairs += len(pairs)
        self.missed += sum(not have_met(*pair) for pair in pairs)
        speakers = [Speaker(each, members) for each in members]
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


def rehearse(is_short: bool) -> Report:
    """Let an hour pass, or MINUTES of the environment, with rooms in memory and in DynamoDB."""
    minutes = 0.02 if is_short else float(os.environ.get("MINUTES") or 60)
    hours: dict[str, _Hour] = {}
    with ExitStack() as stack:
        for place in (MEMORY,) if is_short else PLACES:
            here = stack.enter_context(running(place, environment={"LOG_LEVEL": "WARNING"}))
            hours[place] = _Hour(here, 60 * minutes)
        rows_left = asyncio.run(_pass([*hours.values()]))
        return findings([_part(place, hour, minutes, rows_left) for place, hour in hours.items()])


async def _pass(hours: list[_Hour]) -> int:
    """Let the time pass, and return how many rows are left."""
    await asyncio.gather(*(hour.pass_by() for hour in hours))
    tables = [hour.here for hour in hours if hour.here.table]
    await until(lambda: not any(here.rows() for here in tables), 10.0)
    return sum(len(here.rows()) for here in tables)


def _part(place: str, hour: _Hour, minutes: float, rows_left: int) -> Part:
    memory = (min(hour.memory), max(hour.memory), hour.memory[-1])
    least, most, last = (significant(each / 1e6) for each in memory)
    cpu = cpu_seconds(hour.here.server.pid) / minutes / 60 * 100
    kept = f"; {rows_left} rows left" if place == DYNAMODB else ""
    growth = Check(f"Growth of memory, rooms in {place}", hour.growth(), _MOST_GROWTH)
    share = rows_left / hour.connections if place == DYNAMODB else 0.0
    return Part(
        f"{minutes:g} minutes, rooms in {place}",
        f"{hour.meetings:,} meetings, {hour.connections:,} connections, {hour.messages:,} messages",
        f"{hour.pairs:,} introductions, {hour.messages:,} messages to all others",
        f"{hour.pairs - hour.missed:,} and {hour.messages - hour.lost:,}{kept}",
        f"memory {least} to {most} MB, at the end {last} MB, growth "
        f"{hour.growth():.1%}; {significant(cpu)} % of a core",
        [
            Check("Pairs that did not meet", hour.missed),
            Check("Messages that were lost", hour.lost),
        ],
        [Check("Rows at the end, as a share of all", share, _MOST_ROWS), growth],
    )
