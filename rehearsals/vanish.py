"""Clients that vanish while every `$disconnect` is lost: what they leave, and who notices."""

import asyncio
import time

from rehearsals.report import Part, findings
from rig.members import Member, leave, rooms, until
from rig.places import DYNAMODB, PLACES, Running, running
from rig.report import Check, Report
from rig.servers import local_servers

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
_SECONDS = 60.0


def rehearse(is_short: bool) -> Report:
    """Let clients vanish from rooms where others stay, and from rooms where none does."""
    found = []
    for place in (DYNAMODB,) if is_short else PLACES:
        with running(place, "--faults", "disconnects.lost=1") as here:
            found.append(asyncio.run(_vanish(here, place, 20 if is_short else 250)))
            if here.table:
                here.server.stop()
                found.append(asyncio.run(_return_later(here)))
    return findings(found)


def _promises(lost: int, left: int) -> list[Check]:
    """Return what is promised of messages that the living lack and of rows that were still read."""
    what = "Rows of vanished clients, after one publish in their room or after they expired"
    return [Check("Messages that remaining clients did not get", lost), Check(what, left)]


async def _vanish(here: Running, place: str, number: int) -> Part:
    everyone = await rooms(here.server.websocket_url, number, _LIVING + _VANISHING)
    silent = await rooms(here.server.websocket_url, _SILENT_ROOMS, _VANISHING, "silent")
    in_all = sum(map(len, [*everyone, *silent]))
    await until(lambda: here.logged("subscribe") == in_all, _SECONDS)
    living = [room[:_LIVING] for room in everyone]
    await leave(each for room in [*silent, *(room[_LIVING:] for room in everyone)] for each in room)
    await asyncio.sleep(1)  # until the server has noticed
    first = await _publish(here, living)
    second = await _publish(here, [room[::-1] for room in living])
    await leave(each for room in living for each in room)
    arrived, left = len(first) + len(second), sum(size - _LIVING for size in second)
    due = rows = ""
    if here.table:
        kept = len(_rows(here, "topic-room-"))
        due, rows = ", and as many rows per room", f", {kept:,} rows in the table"
        left += kept - number * _LIVING
    return Part(
        f"rooms in {place}",
        f"{number * _VANISHING:,} clients vanish from {number} rooms in which {_LIVING} stay; "
        "one that stays publishes, then another",
        f"{2 * number:,} messages; the second counts {_LIVING} clients{due}",
        f"{arrived:,} messages; {max(second, default=0)} clients counted{rows}",
        f"the first counts {first[0] if first else 0} clients",
        _promises(2 * number * (_LIVING - 1) - arrived, left),
    )


async def _publish(here: Running, living: list[list[Member]]) -> list[int]:
    """Let the first of each room publish, and return how many there are, as the others are told."""
    sizes: list[int] = []
    before = here.logged("publish")
    for sender, *others in living:
        for other in others:
            other.arrived = lambda message: sizes.append(message["clients"])
        sender.say("something")
    await until(lambda: here.logged("publish") == before + len(living), _SECONDS)
    await until(lambda: len(sizes) >= len(living) * (_LIVING - 1), 1.0)
    return sizes


def _rows(here: Running, prefix: str) -> list[int]:
    """Return when the rows of the rooms that begin with `prefix` expire."""
    return [int(row["expires_at"]["N"]) for row in here.rows() if row["pk"]["S"].startswith(prefix)]


async def _return_later(here: Running) -> Part:
    """Enter the rooms without a publish, after their rows have expired."""
    assert here.table
    kept = _rows(here, "topic-silent-")
    expired = sum(expires_at < time.time() + _LATER_SECONDS for expires_at in kept)
    with local_servers() as start:
        later = start("--throttle", "none", "--dynamodb", here.table.endpoint, program=_LATER)
        again = Running(later, here.table)
        living = await rooms(later.websocket_url, _SILENT_ROOMS, _LIVING, "silent")
        await until(lambda: again.logged("subscribe") == _SILENT_ROOMS * _LIVING, _SECONDS)
        sizes = await _publish(again, living)
        await leave(each for room in living for each in room)
    left = sum(size - _LIVING for size in sizes) + len(kept) - expired
    return Part(
        f"rooms in {DYNAMODB}, {_LATER_SECONDS / 60:.0f} minutes later",
        f"{len(kept)} rows are left in rooms without a publish; {_LIVING} clients enter "
        "each room, and one publishes",
        f"{_SILENT_ROOMS} messages, {_LIVING} clients counted; DynamoDB may delete {len(kept)} "
        "rows",
        f"{len(sizes)} messages, {max(sizes, default=0)} clients counted; it may delete {expired}",
        "",
        _promises(_SILENT_ROOMS - len(sizes), left),
    )
