"""Idle connections: the memory that each takes, and what remains when all have gone."""

import asyncio
from functools import partial

from local.sockets.server import allow_open_files
from rehearsals.report import Part, findings
from rig.measure import Clock, resident_bytes, significant
from rig.members import Member, connect, leave, until
from rig.places import MEMORY, running
from rig.report import Check, Report
from rig.servers import LocalServer

_MOST_MEGABYTES_A_THOUSAND = 25.0
_MOST_GROWTH_OF_LATER_ROUNDS = 0.15
_ROUNDS, _SECONDS = 3, 60.0


def rehearse(is_short: bool) -> Report:
    """Open many connections, close them, and open and close as many again."""
    number, pause = (300, 0.1) if is_short else (10_000, 2.0)
    allow_open_files()
    with running(MEMORY, environment={"LOG_LEVEL": "WARNING"}) as here:
        return asyncio.run(_rehearse(here.server, number, pause))


async def _rehearse(server: LocalServer, number: int, pause: float) -> Report:
    started_with = resident_bytes(server.pid)
    held, left, seconds = list[int](), list[int](), list[float]()
    answered = 0
    for _ in range(_ROUNDS):
        members = [Member("crowd", f"{each}") for each in range(number)]
        with Clock() as clock:
            await connect(server.websocket_url, members)
        seconds.append(clock.seconds)
        await asyncio.sleep(pause)
        held.append(resident_bytes(server.pid))
        for member in members:
            member.send({"type": "ping"})
        await until(partial(_are_answered, members), _SECONDS)
        answered += sum(each.pongs for each in members)
        await leave(members)
        await asyncio.sleep(pause)
        left.append(resident_bytes(server.pid))
    pings = _ROUNDS * number
    a_thousand = (held[0] - started_with) / number * 1000 / 1e6
    growth = (held[-1] - held[0]) / (held[0] - started_with)
    kept, last = (", ".join(significant(each / 1e6) for each in sizes) for sizes in (held, left))
    later = f"Memory that round {_ROUNDS} took beyond round 1, as a share of round 1's"
    part = Part(
        f"{number:,} idle connections, {_ROUNDS} times",
        f"{pings:,} handshakes, one ping each",
        f"{pings:,} pongs",
        f"{answered:,} pongs",
        f"{significant(a_thousand)} MB for 1,000, {significant(number / min(seconds))} handshakes "
        f"a second; memory while connected {kept} MB, afterwards {last} MB",
        [Check("Pings without a pong", pings - answered)],
        [
            Check("MB for 1,000 connections", a_thousand, _MOST_MEGABYTES_A_THOUSAND),
            Check(later, growth, _MOST_GROWTH_OF_LATER_ROUNDS),
        ],
    )
    return findings([part])


def _are_answered(members: list[Member]) -> bool:
    return all(member.pongs for member in members)
