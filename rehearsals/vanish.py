"""Clients that vanish while every `$disconnect` is lost: what they leave, and who notices."""

import asyncio
import time
from typing import NamedTuple

from rehearsals.members import Member, leave, rooms, until
from rehearsals.places import DYNAMODB, PLACES, Running, running
from rehearsals.report import Findings, Row
from rig.report import Check
from rig.servers import LocalServer

_LIVING, _VANISHING = 2, 4
_SILENT_ROOMS = 20
_LATER_SECONDS = 2 * 60 * 60 + 11 * 60
"""The longest life of a connection, the time that its rows are kept for after that, and one more
minute."""

_LATER = f"""
import runpy, time
now = time.time
time.time = lambda: now() + {_LATER_SECONDS}
runpy.run_module("local", run_name="__main__")
"""
_LOSING = ("--faults", "disconnects.lost=1")
_SECONDS = 60.0


class _Found(NamedTuple):
    rows: list[Row]
    lost: int
    """Messages that the remaining clients should have got."""
    left: int
    """Rows that were still read after the first publish in their room, or after they expired."""


def rehearse(is_short: bool) -> Findings:
    """Let clients vanish from rooms where others stay, and from rooms where none does."""
    number = 20 if is_short else 250
    found = []
    for place in (DYNAMODB,) if is_short else PLACES:
        with running(place, *_LOSING) as here:
            found.append(asyncio.run(_vanish(here, place, number)))
            if here.table:
                here.server.stop()
                found.append(asyncio.run(_return_later(here)))
    return Findings(
        "Clients that vanish, and no $disconnect",
        [row for each in found for row in each.rows],
        [
            Check(
                "Messages that remaining clients did not get", sum(each.lost for each in found), 0
            ),
            Check(
                "Rows of vanished clients, after one publish in their room or after they expired",
                sum(each.left for each in found),
                0,
            ),
        ],
        [],
        [
            "The clients drop their TCP connections, and no `$disconnect` is run. In the last row "
            "no client publishes in the rooms that they left; then a second server runs with the "
            f"same table and its clock {_LATER_SECONDS / 60:.0f} minutes ahead. DynamoDB deletes "
            "such rows [within a few days](https://docs.aws.amazon.com/amazondynamodb/latest/"
            "developerguide/howitworks-ttl.html); until then they are not read."
        ],
    )


async def _vanish(here: Running, place: str, number: int) -> _Found:
    everyone = await rooms(here.server.websocket_url, number, _LIVING + _VANISHING)
    silent = await rooms(here.server.websocket_url, _SILENT_ROOMS, _VANISHING, "silent")
    members = [each for room in [*everyone, *silent] for each in room]
    await until(lambda: here.logged("subscribe") == len(members), _SECONDS)
    living = [room[:_LIVING] for room in everyone]
    vanishing = [each for room in everyone for each in room[_LIVING:]]
    await leave([*vanishing, *(each for room in silent for each in room)])
    await asyncio.sleep(1)  # until the server has noticed
    sizes = await _publish(here, living, "first")
    seen_first = sizes[0] if sizes else 0
    second = await _publish(here, living, "second")
    left = sum(size - _LIVING for size in second)
    rows = ""
    if here.table:
        kept = [row for row in here.rows() if row["pk"]["S"].startswith("topic-room-")]
        rows = f", {len(kept):,} rows in the table"
        left += len(kept) - number * _LIVING
    await leave(each for room in living for each in room)
    lost = 2 * number * (_LIVING - 1) - len(sizes) - len(second)
    return _Found(
        [
            Row(
                f"rooms in {place}",
                f"{len(vanishing):,} clients vanish from {number} rooms in which {_LIVING} stay; "
                "one that stays publishes, then another",
                f"{2 * number:,} messages; the second counts {_LIVING} clients{_due(here)}",
                f"{len(sizes) + len(second):,} messages; {max(second, default=0)} clients counted"
                f"{rows}",
                f"the first counts {seen_first} clients",
            )
        ],
        lost,
        left,
    )


def _due(here: Running) -> str:
    return ", and as many rows per room" if here.table else ""


async def _publish(here: Running, living: list[list[Member]], text: str) -> list[int]:
    """Let one member of each room publish, and return the client counts that the others get."""
    sizes: list[int] = []
    before = here.logged("publish")
    for room in living:
        sender, *others = room if text == "first" else reversed(room)
        for other in others:
            other.arrived = lambda message: sizes.append(message["clients"])
        sender.say(text)
    await until(lambda: here.logged("publish") == before + len(living), _SECONDS)
    await until(lambda: len(sizes) >= len(living) * (_LIVING - 1), 1.0)
    return sizes


async def _return_later(here: Running) -> _Found:
    """Enter the rooms without a publish, after their rows have expired."""
    assert here.table
    kept = [row for row in here.rows() if row["pk"]["S"].startswith("topic-silent-")]
    expired = [row for row in kept if int(row["expires_at"]["N"]) < time.time() + _LATER_SECONDS]
    later = LocalServer("--throttle", "none", "--dynamodb", here.table.endpoint, program=_LATER)
    later.start()
    try:
        again = Running(later, here.table)
        living = await rooms(later.websocket_url, _SILENT_ROOMS, _LIVING, "silent")
        await until(lambda: again.logged("subscribe") == _SILENT_ROOMS * _LIVING, _SECONDS)
        sizes = await _publish(again, living, "first")
        await leave(each for room in living for each in room)
    finally:
        later.stop()
    return _Found(
        [
            Row(
                f"rooms in {DYNAMODB}, {_LATER_SECONDS / 60:.0f} minutes later",
                f"{len(kept)} rows are left in rooms without a publish; {_LIVING} clients enter "
                "each room, and one publishes",
                f"{_SILENT_ROOMS} messages, {_LIVING} clients counted; DynamoDB may delete "
                f"{len(kept)} rows",
                f"{len(sizes)} messages, {max(sizes, default=0)} clients counted; it may delete "
                f"{len(expired)}",
                "",
            )
        ],
        _SILENT_ROOMS - len(sizes),
        sum(size - _LIVING for size in sizes) + len(kept) - len(expired),
    )
