"""Clients that come to a room at the same moment, and who hears of whom there."""

import asyncio
import random
from contextlib import suppress
from itertools import combinations
from typing import NamedTuple

from rig.clients import Client, clients

_SECONDS_TO_BE_INTRODUCED = 60.0
_SECONDS_UNTIL_ALL_IS_SAID = 0.7
"""After everyone has heard of the others: as long as what may still come is under way."""


class Introductions(NamedTuple):
    """What went wrong with the pairs that met."""

    missed: list[tuple[str, str]]
    """Neither heard of the other."""
    crossed: list[tuple[str, str]]
    """Both heard of each other, which breaks y-webrtc's connections."""


async def meet(
    url: str, rounds: int, at_once: int = 10, patience: float = _SECONDS_TO_BE_INTRODUCED
) -> Introductions:
    """Let 2 to 8 clients come to a room at the same moment, `rounds` times.

    `patience` is how many seconds a pair may take to be introduced.
    """
    found = Introductions([], [])
    for start in range(0, rounds, at_once):
        numbers = range(start, min(start + at_once, rounds))
        for each in await asyncio.gather(
            *(_meet_once(url, number, patience) for number in numbers)
        ):
            found.missed.extend(each.missed)
            found.crossed.extend(each.crossed)
    return found


async def until_introduced(one: Client, other: Client) -> None:
    """Wait until one of the two has heard of the other."""
    async with asyncio.timeout(_SECONDS_TO_BE_INTRODUCED):
        while _directions(one, other) == 0:
            await asyncio.sleep(0.01)


async def _meet_once(url: str, number: int, patience: float) -> Introductions:
    room = f"room {number}"
    names = [f"{number}-{letter}" for letter in "ABCDEFGH"[: random.randint(2, 8)]]
    random.shuffle(names)  # connection ids are to have another order than peer ids
    async with clients(url, *names) as everyone:
        pairs = list(combinations(everyone, 2))
        await asyncio.gather(*(_come(client, room) for client in everyone))
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while any(_directions(*pair) == 0 for pair in pairs):
                    await asyncio.sleep(0.05)
        await asyncio.sleep(_SECONDS_UNTIL_ALL_IS_SAID)
        return Introductions(
            [(one.peer, other.peer) for one, other in pairs if _directions(one, other) == 0],
            [(one.peer, other.peer) for one, other in pairs if _directions(one, other) == 2],
        )


async def _come(client: Client, room: str) -> None:
    await client.subscribe(room)
    await client.announce(room)


def _directions(one: Client, other: Client) -> int:
    return one.heard_of(other) + other.heard_of(one)
