"""Idle connections: the memory that each takes, and what remains when all have gone."""

import asyncio
from functools import partial

from local.sockets.server import allow_open_files
from rehearsals.members import Member, connect, leave, settled_bytes, until
from rehearsals.places import MEMORY, running
from rehearsals.report import Findings, Row
from rig.measure import Clock, resident_bytes, significant
from rig.report import Check
from rig.servers import LocalServer

_MOST_MEGABYTES_A_THOUSAND = 25.0
_MOST_GROWTH_OF_LATER_ROUNDS = 0.15
_ROUNDS = 3
_SECONDS = 60.0


def rehearse(is_short: bool) -> Findings:
    """Open many connections, close them, and open and close as many again."""
    number, pause = (300, 0.1) if is_short else (10_000, 2.0)
    allow_open_files()
    with running(MEMORY, environment={"LOG_LEVEL": "WARNING"}) as here:
        return asyncio.run(_rehearse(here.server, number, pause))


async def _rehearse(server: LocalServer, number: int, pause: float) -> Findings:
    started_with = resident_bytes(server.pid)
    held: list[int] = []
    left: list[int] = []
    seconds: list[float] = []
    answered = 0
    for _ in range(_ROUNDS):
        members = [Member("crowd", f"{each}") for each in range(number)]
        with Clock() as clock:
            await connect(server.websocket_url, members)
        seconds.append(clock.seconds)
        held.append(await settled_bytes(server.pid, pause))
        for member in members:
            member.send({"type": "ping"})
        await until(partial(_all_answered, members), _SECONDS)
        answered += sum(each.pongs for each in members)
        await leave(members)
        left.append(await settled_bytes(server.pid, pause))
    a_thousand = (held[0] - started_with) / number * 1000 / 1e6
    growth = (held[-1] - held[0]) / (held[0] - started_with)
    rate = number / min(seconds)
    return Findings(
        "A crowd that says nothing",
        [
            Row(
                f"{number:,} idle connections, {_ROUNDS} times",
                f"{_ROUNDS * number:,} handshakes, one ping each",
                f"{_ROUNDS * number:,} pongs",
                f"{answered:,} pongs",
                f"{significant(a_thousand)} MB for 1,000, {significant(rate)} handshakes a second; "
                f"memory while connected {_megabytes(held)} MB, afterwards {_megabytes(left)} MB",
            )
        ],
        [Check("Pings without a pong", _ROUNDS * number - answered, 0)],
        [
            Check("MB for 1,000 connections", a_thousand, _MOST_MEGABYTES_A_THOUSAND),
            Check(
                f"Memory that round {_ROUNDS} took beyond round 1, as a share of round 1's",
                growth,
                _MOST_GROWTH_OF_LATER_ROUNDS,
            ),
        ],
        [
            "The clients share the machine with the server, so the rate of handshakes is that of "
            "both. The memory that remains afterwards is kept by Python for later connections: it "
            "does not grow from round to round."
        ],
    )


def _all_answered(members: list[Member]) -> bool:
    return all(each.pongs for each in members)


def _megabytes(sizes: list[int]) -> str:
    return ", ".join(significant(each / 1e6) for each in sizes)
