"""A member that sends 2,000 messages a second or enters 10,000 rooms: do others notice?"""

import asyncio
import json
import time
from multiprocessing.connection import Connection
from typing import NamedTuple

from rehearsals.report import Part, findings
from rehearsals.talking import Heard, talk, two_rooms
from rig.measure import ratio, resident_bytes, significant, spread
from rig.members import Member, connect, leave, rooms, until
from rig.places import DYNAMODB, MEMORY, Running, running
from rig.processes import spawned
from rig.report import Check, Report

_RATE = 2_000
_BURSTS_A_SECOND = 50
_MOST_BYTES_UNSENT = 65_536
_TOPICS_A_MESSAGE = 100
_SECONDS = 120.0
_MOST_SLOWDOWN = 30.0
_MOST_BYTES_A_ROOM = 4_000.0


class Flooded(NamedTuple):
    """What became of a flood."""

    sent: int
    arrived: int
    """At the other members of the room, together."""
    seconds: float


def rehearse(is_short: bool) -> Report:
    """Let a member flood its room, and enter any number of rooms, while others talk."""
    rounds, seconds, topics = (1, 0.5, 300) if is_short else (5, 5.0, 10_000)
    with running(MEMORY, environment={"LOG_LEVEL": "WARNING"}) as here:
        found = [asyncio.run(_flood(here, rounds, seconds))]
    for place in (MEMORY,) if is_short else (MEMORY, DYNAMODB):
        with running(place, "--parameter-overrides", "MaxRooms=0") as here:
            found.append(asyncio.run(_enter_many(here, place, topics, seconds)))
    return findings(found)


def _run_flood(url: str, parent: Connection) -> None:
    parent.send(asyncio.run(_send_flood(url, parent)))


async def _send_flood(url: str, parent: Connection) -> Flooded:
    """Let one member send into a room of three until the parent says something."""
    ((hostile, *others),) = await rooms(url, 1, 3, "flooded")
    arrived: list[bytes] = []
    for other in others:
        other.heard = arrived.append
    message = json.dumps(
        {"type": "publish", "topic": "flooded-0", "data": {"type": "signal", "from": "m"}}
    )
    parent.send("begun")
    began = time.monotonic()
    sent = bursts = 0
    while not parent.poll():
        bursts += 1
        if hostile.transport.underlying_transport.get_write_buffer_size() < _MOST_BYTES_UNSENT:
            for _ in range(_RATE // _BURSTS_A_SECOND):
                hostile.send_text(message)
            sent += _RATE // _BURSTS_A_SECOND
        await asyncio.sleep(max(0.0, began + bursts / _BURSTS_A_SECOND - time.monotonic()))
    seconds = time.monotonic() - began
    await asyncio.sleep(0.5)  # what is on its way may arrive
    await leave([hostile, *others])
    return Flooded(sent, len(arrived), seconds)


async def _flood(here: Running, rounds: int, seconds: float) -> Part:
    everyone = await two_rooms(here)
    quiet, beside, floods = list[Heard](), list[Heard](), list[Flooded]()
    for _ in range(rounds):
        quiet.append(await talk(everyone, seconds))
        process, connection = spawned(_run_flood, here.server.websocket_url)
        connection.recv()  # it has begun
        beside.append(await talk(everyone, seconds))
        connection.send("stop")
        floods.append(connection.recv())
        process.join()
    await leave(member for room in everyone for member in room)
    took, took_beside = ([each.milliseconds for each in all_] for all_ in (quiet, beside))
    slowdown, heard = ratio(took_beside, took), [*quiet, *beside]
    sent, arrived = sum(each.sent for each in heard), sum(each.arrived for each in heard)
    rate = sum(each.sent for each in floods) / sum(each.seconds for each in floods)
    without, with_it = (significant(spread(each).median) for each in (took, took_beside))
    slower = "p99 of the others' messages, ratio with the flood"
    return Part(
        f"{_RATE:,} messages a second into its own room",
        f"{sent:,} messages of others, in other rooms",
        f"{sent:,}",
        f"{arrived:,}",
        f"it sent {significant(rate)} messages a second, "
        f"{sum(each.arrived for each in floods):,} arrived at its two room mates. Others, slowest "
        f"in a hundred: {without} ms without the flood, {with_it} ms with it, {slowdown.text(2)} "
        "times as long",
        [Check("Messages that the others did not get", sent - arrived)],
        [Check(slower, slowdown.median, _MOST_SLOWDOWN)],
    )


async def _enter_many(here: Running, place: str, topics: int, talk_seconds: float) -> Part:
    everyone = await two_rooms(here)
    greedy = Member("greedy", "g")
    await connect(here.server.websocket_url, [greedy])
    before, handled = resident_bytes(here.server.pid), here.logged("subscribe")
    began = time.monotonic()
    for first in range(0, topics, _TOPICS_A_MESSAGE):
        greedy.subscribe(*(f"greedy-{each}" for each in range(first, first + _TOPICS_A_MESSAGE)))
    sent = topics // _TOPICS_A_MESSAGE
    talking = asyncio.create_task(talk(everyone, talk_seconds))
    await until(lambda: here.logged("subscribe") == handled + sent, _SECONDS)
    answered = here.logged("subscribe") - handled
    seconds = time.monotonic() - began
    heard = await talking
    grown = resident_bytes(here.server.pid) - before
    await leave([greedy, *(member for room in everyone for member in room)])

    def rows_left() -> int:
        rows = here.rows() if here.table else []
        return sum(row["pk"]["S"].startswith("topic-greedy") for row in rows)

    await until(lambda: not rows_left(), _SECONDS)
    left = rows_left()
    behind = "Rows left behind by a member of many rooms, and lost messages"
    lost = sent - answered + heard.sent - heard.arrived
    taken = "Bytes of memory for each room that a member entered"
    return Part(
        f"{topics:,} rooms for one member, rooms in {place}",
        f"{sent} messages with {_TOPICS_A_MESSAGE} rooms each",
        f"{sent} handled, no row left behind when it vanishes",
        f"{answered} handled, {greedy.errors.total()} of them refused; {left} rows left behind",
        f"{significant(seconds)} s, {significant(grown / topics)} bytes a room; others meanwhile: "
        f"{heard.arrived} of {heard.sent} messages, p99 "
        f"{significant(heard.milliseconds)} ms",
        [Check(behind, left + lost)],
        [Check(taken, grown / topics, _MOST_BYTES_A_ROOM)],
    )
