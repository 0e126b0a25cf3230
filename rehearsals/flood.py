"""A member that sends 2,000 messages a second or enters 10,000 rooms: do others notice?"""

import asyncio
import time

from rehearsals.flooding import Flooded, flooding
from rehearsals.members import Member, connect, leave, until
from rehearsals.others import Heard, talk, two_rooms
from rehearsals.places import DYNAMODB, MEMORY, Running, running
from rehearsals.report import Findings, Row
from rig.measure import resident_bytes, significant, spread
from rig.report import Check

_RATE = 2_000
_TOPICS_A_MESSAGE = 100
_SECONDS = 120.0
_MOST_SLOWDOWN = 30.0
_MOST_BYTES_A_ROOM = 4_000.0
_QUIET = {"LOG_LEVEL": "WARNING"}


def rehearse(is_short: bool) -> Findings:
    """Let a member flood its room, and enter any number of rooms, while others talk."""
    rounds, seconds, topics = (1, 0.5, 300) if is_short else (5, 5.0, 10_000)
    with running(MEMORY, environment=_QUIET) as here:
        flood, lost, slowdown = asyncio.run(_flood(here, rounds, seconds))
    entered, left = [], 0
    grown = 0.0
    for place in (MEMORY,) if is_short else (MEMORY, DYNAMODB):
        with running(place, "--parameter-overrides", "MaxRooms=0") as here:
            row, missing, bytes_a_room = asyncio.run(_enter_many(here, place, topics, seconds))
        entered.append(row)
        left += missing
        grown = max(grown, bytes_a_room)
    return Findings(
        "A member that wants too much",
        [flood, *entered],
        [
            Check("Messages that the others did not get", lost, 0),
            Check("Rows left behind by a member of many rooms, and lost messages", left, 0),
        ],
        [
            Check(
                "p99 of the others' messages, ratio with the flood",
                slowdown,
                _MOST_SLOWDOWN,
            ),
            Check("Bytes of memory for each room that a member entered", grown, _MOST_BYTES_A_ROOM),
        ],
        [
            f"The flood is {_RATE:,} messages a second into a room of three, from a process of its "
            "own, while members of two other rooms send each other 100 messages a second. Rounds "
            "with and without the flood alternate; the ratio is the median over the rounds. In a "
            "stack, `MessageRateLimit` refuses messages beyond the rate, but it counts all clients "
            "together. By default a connection may enter 1,000 rooms (`MaxRooms`); here it may "
            "enter any number."
        ],
    )


async def _flood(here: Running, rounds: int, seconds: float) -> tuple[Row, int, float]:
    everyone = await two_rooms(here)
    quiet: list[Heard] = []
    beside: list[Heard] = []
    floods: list[Flooded] = []
    for _ in range(rounds):
        quiet.append(await talk(everyone, seconds))
        with flooding(here.server.port, _RATE) as flood:
            beside.append(await talk(everyone, seconds))
        floods.append(flood.result)
    await leave(member for room in everyone for member in room)
    ratios = [b.milliseconds / a.milliseconds for a, b in zip(quiet, beside, strict=True)]
    heard = [*quiet, *beside]
    sent, arrived = sum(each.sent for each in heard), sum(each.arrived for each in heard)
    slowdown = spread(ratios)
    rate = sum(each.sent for each in floods) / sum(each.seconds for each in floods)
    row = Row(
        f"{_RATE:,} messages a second into its own room",
        f"{sent:,} messages of others, in other rooms",
        f"{sent:,}",
        f"{arrived:,}",
        f"it sent {significant(rate)} messages a second, "
        f"{sum(each.arrived for each in floods):,} arrived at the two others in its room. p99 in "
        f"the other rooms: {_p99(quiet)} ms without the flood, {_p99(beside)} ms with it, "
        f"{slowdown.text(2)} times as long",
    )
    return row, sent - arrived, slowdown.median


async def _enter_many(
    here: Running, place: str, topics: int, talk_seconds: float
) -> tuple[Row, int, float]:
    everyone = await two_rooms(here)
    greedy = Member("greedy", "g")
    await connect(here.server.websocket_url, [greedy])
    before, handled = resident_bytes(here.server.pid), here.logged("subscribe")
    began = time.monotonic()
    for first in range(0, topics, _TOPICS_A_MESSAGE):
        names = [f"greedy-{each}" for each in range(first, first + _TOPICS_A_MESSAGE)]
        greedy.send({"type": "subscribe", "topics": names})
    sent = topics // _TOPICS_A_MESSAGE
    talking = asyncio.create_task(talk(everyone, talk_seconds))
    await until(lambda: here.logged("subscribe") == handled + sent, _SECONDS)
    answered = here.logged("subscribe") - handled
    seconds = time.monotonic() - began
    heard = await talking
    grown = resident_bytes(here.server.pid) - before
    await leave([greedy, *(member for room in everyone for member in room)])
    left = await _rows_left(here) if here.table else 0
    row = Row(
        f"{topics:,} rooms for one member, rooms in {place}",
        f"{sent} messages with {_TOPICS_A_MESSAGE} rooms each",
        f"{sent} handled, no row left behind when it vanishes",
        f"{answered} handled, {greedy.errors.total()} of them refused; {left} rows left behind",
        f"{significant(seconds)} s, {significant(grown / topics)} bytes a room; others meanwhile: "
        f"{heard.arrived} of {heard.sent} messages, p99 {significant(heard.milliseconds)} ms",
    )
    return row, left + sent - answered + heard.sent - heard.arrived, grown / topics


async def _rows_left(here: Running) -> int:
    """Return how many of its rows are left once their number does not change any more."""
    left = -1
    while left != (now := _rows_of_greedy(here)):
        left = now
        await asyncio.sleep(2)
    return left


def _rows_of_greedy(here: Running) -> int:
    return sum(row["pk"]["S"].startswith("topic-greedy") for row in here.rows())


def _p99(heard: list[Heard]) -> str:
    return significant(spread([each.milliseconds for each in heard]).median)
