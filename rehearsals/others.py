"""Members of two other rooms, who talk to each other while something goes wrong."""

import asyncio
import time
from typing import NamedTuple

from rehearsals.members import Member, rooms, until
from rehearsals.places import Running

_SECONDS = 60.0


class Heard(NamedTuple):
    """What the others of two rooms heard of each other."""

    sent: int
    arrived: int
    milliseconds: float
    """Of the slowest in a hundred."""


async def two_rooms(here: Running) -> list[list[Member]]:
    """Return the members of two rooms, who have been introduced."""
    everyone = await rooms(here.server.websocket_url, 2, 2)
    for a, b in everyone:
        a.announce()
        b.announce()
    await until(lambda: all(a.hears_of(b) or b.hears_of(a) for a, b in everyone), _SECONDS)
    return everyone


async def talk(everyone: list[list[Member]], seconds: float) -> Heard:
    """Let both members of each room say something, 25 times a second each."""
    took: list[float] = []
    members = [member for room in everyone for member in room]
    for member in members:
        member.arrived = lambda message: took.append(
            time.monotonic() - float(message["data"]["text"])
        )
    turns = int(seconds * 25)
    for _ in range(turns):
        for member in members:
            member.say(f"{time.monotonic()}")
            await asyncio.sleep(0.04 / len(members))
    sent = turns * len(members)
    await until(lambda: len(took) >= sent, _SECONDS)
    worst = sorted(took)[int(len(took) * 0.99)] if took else _SECONDS
    return Heard(sent, len(took), worst * 1000)
