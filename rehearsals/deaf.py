"""A client that never reads, in a room where others publish as fast as they can."""

import asyncio
import time
from contextlib import suppress
from typing import Any

from rehearsals.report import Part, findings
from rehearsals.talking import slowest_in_a_hundred
from rig.measure import ratio, resident_bytes, significant, spread
from rig.members import Member, leave, rooms, until
from rig.places import MEMORY, running
from rig.raw import HANDSHAKE, connect, frame
from rig.report import Check, Report
from rig.servers import LocalServer

_OTHERS = 4
_CHARACTERS = 2_000
_PIECE_SECONDS = 1.0
_SECONDS_TO_ARRIVE = 10.0
_MOST_SECONDS_TO_CUT = 30.0
_MOST_MEGABYTES = 8.0
"""A megabyte is kept for each client that does not read; the process grows a little besides."""
_MOST_RATIO = 1.5
_BEGIN = HANDSHAKE + frame(0x81, b'{"type":"subscribe","topics":["room-0"]}')
_QUICKER = """
import runpy
from local.gateway import gateway
gateway.SECONDS_TO_CATCH_UP = 1
runpy.run_module("local", run_name="__main__")
"""


def rehearse(is_short: bool) -> Report:
    """Publish with and without a client in the room that does not read, in turns."""
    program = _QUICKER if is_short else None
    with running(MEMORY, environment={"LOG_LEVEL": "WARNING"}, program=program) as here:
        return asyncio.run(_rehearse(here.server, 1 if is_short else 10))


async def _rehearse(server: LocalServer, pieces: int) -> Report:
    (room,) = await rooms(server.websocket_url, 1, 1 + _OTHERS)
    for member in room:
        member.send({"type": "ping"})
    await until(lambda: all(member.pongs for member in room), _SECONDS_TO_ARRIVE)
    talk = _Talk(room)
    await talk.go_on()  # so that nothing is done for the first time below
    before = most = resident_bytes(server.pid)
    without, beside = [], []
    for _ in range(pieces):  # in turns, because other programs may come and go meanwhile
        without.append(await talk.go_on())
        with connect(server, _BEGIN):
            beside.append(await talk.go_on())
            most = max(most, resident_bytes(server.pid))
    with connect(server, _BEGIN):
        started = time.monotonic()
        await talk.go_on()
        while talk.clients > 1 + _OTHERS and time.monotonic() < started + _MOST_SECONDS_TO_CUT:
            await talk.go_on()
        cut = time.monotonic() - started
        is_cut = talk.clients == 1 + _OTHERS
    await leave(room)
    due, megabytes, ratios = talk.sent * _OTHERS, (most - before) / 1e6, ratio(beside, without)
    part = Part(
        f"a room of {1 + _OTHERS} and a client that never reads",
        f"{talk.sent:,} messages of {_CHARACTERS / 1000:.0f} KB",
        f"{due:,} arrivals at the readers; the deaf client is cut off",
        f"{talk.arrived:,}; {'cut off' if is_cut else 'not cut off'}",
        f"{significant(megabytes)} MB more; p99 of an arrival "
        f"{significant(spread(without).median)} ms without, {significant(spread(beside).median)} "
        f"ms with the deaf client, ratio {ratios.text()}; cut off after {significant(cut)} s",
        [
            Check("Messages that the readers did not get", due - talk.arrived),
            Check("Deaf clients that were not cut off", not is_cut),
            Check("Megabytes more with a deaf client", megabytes, _MOST_MEGABYTES),
        ],
        [Check("p99 of an arrival, ratio with the deaf client", ratios.median, _MOST_RATIO)],
    )
    return findings([part])


class _Talk:
    """The first of a room publishes to the others."""

    def __init__(self, room: list[Member]) -> None:
        self.sent = self.arrived = 0
        self.clients = 0
        """Clients in the room, as the last message counts them."""
        self._speaker, *others = room
        self._all_heard = asyncio.Event()
        for other in others:
            other.arrived = self._note

    async def go_on(self) -> float:
        """Publish for a while, and return in how many milliseconds 99 in a hundred arrive."""
        seconds = []
        end = time.monotonic() + _PIECE_SECONDS
        while (started := time.monotonic()) < end:
            self.sent += 1
            self._all_heard.clear()
            self._speaker.say(f"{self.sent} ".ljust(_CHARACTERS, "x"))
            with suppress(TimeoutError):
                async with asyncio.timeout(_SECONDS_TO_ARRIVE):
                    await self._all_heard.wait()
            seconds.append(time.monotonic() - started)
        return 1000 * slowest_in_a_hundred(seconds)

    def _note(self, message: dict[str, Any]) -> None:
        self.arrived += 1
        self.clients = message["clients"]
        if self.arrived == self.sent * _OTHERS:
            self._all_heard.set()
