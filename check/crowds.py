"""Many clients that enter one room at the same moment."""

import asyncio
from collections.abc import Sequence

from check.client import QUIET, clients, until
from check.meeting import SECONDS_BETWEEN_PEERS, enter, missed, refuse_crossing
from check.target import Target
from rig.clients import Client

_SIZES = range(2, 9)


async def meet_at_once(target: Target) -> str:
    """Let 2 to 8 clients announce themselves at the same moment, one round after the other.

    A round begins while the one before still waits for frames that should not arrive.
    """
    turn = asyncio.Lock()
    rounds = [asyncio.create_task(_meet(target, size, turn)) for size in _SIZES]
    try:
        await asyncio.gather(*rounds)
    finally:
        for each in rounds:
            each.cancel()
        await asyncio.gather(*rounds, return_exceptions=True)
    pairs = sum(size * (size - 1) // 2 for size in _SIZES)
    told = "everybody heard of everybody" if target.is_broadcast else "each introduced once"
    return f"{pairs} pairs, {told}"


async def _meet(target: Target, size: int, turn: asyncio.Lock) -> None:
    where = f"round of {size}: "
    async with clients(target, size) as everyone:
        async with turn:
            meet = _all_hear_all if target.is_broadcast else _each_hears
            await meet(target, everyone, where)
        if not target.is_broadcast:
            await asyncio.sleep(QUIET)
            refuse_crossing(target, everyone, where)


async def _all_hear_all(target: Target, everyone: Sequence[Client], where: str) -> None:
    room = target.room()
    await enter(target, everyone, room)
    await asyncio.gather(*(client.announce(room) for client in everyone))
    if not await until(lambda: not _unheard(everyone)):
        raise missed(everyone, f"{where}{_unheard(everyone)} announces did not come")


async def _each_hears(target: Target, everyone: Sequence[Client], where: str) -> None:
    room = target.room()
    if len(everyone) % 2:  # in these rounds announces cross unless the server prevents it
        await asyncio.gather(*(client.subscribe(room) for client in everyone))
        await asyncio.sleep(SECONDS_BETWEEN_PEERS)
    await enter(target, everyone, room, where)


def _unheard(everyone: Sequence[Client]) -> int:
    return sum(not one.heard_of(other) for one in everyone for other in everyone)
