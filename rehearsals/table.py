"""A table that is killed, stopped, throttled or silent: what clients learn, and what is left."""

import asyncio
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from rehearsals.report import Part, findings
from rehearsals.talking import Speaker
from rig.measure import significant
from rig.members import Member, connect, leave, rooms, until
from rig.places import DYNAMODB, Running, running
from rig.report import Check, Report

_SIZE = 4
_SECONDS = 30.0
_MOST_SECONDS_TO_TELL = 15.0
"""Half of the 29 s that the function has is for the table, and the rest to say that it failed."""
_MOST_SECONDS_TO_RECOVER = 1.0
_SECONDS_OF_A_VISIT = 2.0
_ROUNDS = 3

_FOLDER_IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Outlives the engine, but needs no disk, which may write only a few rows a second."""

Harm = Callable[[Running, float], Awaitable[None]]
"""Make the table fail for so many seconds, and return when it is back."""


def rehearse(is_short: bool) -> Report:
    """Make the table fail in several ways while clients publish."""
    number, seconds = (2, 2.0) if is_short else (5, 10.0)
    trials = [_trial("killed, and restarted with its rows", number, seconds, _kill)]
    if not is_short:
        trials.append(_trial(f"stopped for {seconds:.0f} s", number, seconds, _stop))
        for rate in (0.1, 0.5):
            name, options = f"throttles {rate:.0%} of all requests", f"table.throttled={rate}"
            trials.append(_trial(name, number, seconds, _wait, "--faults", options))
        trials.append(_silent(number))
    return findings(trials)


def _promises(
    speakers: list[Speaker], wrong: int, failed: int, recover: float
) -> tuple[list[Check], list[Check]]:
    """Return what is promised, and bounds of times, with `failed` posts and `wrong` rows."""
    unanswered = max(0, sum(each.unanswered for each in speakers) - failed)
    told = (
        "Messages that did not arrive, whose sender got no error, and that did not count as failed"
    )
    recovered = "Seconds from the table's return until the messages of all members arrive"
    return [
        Check(told, unanswered),
        Check("Errors other than `unavailable`", sum(each.other_errors for each in speakers)),
        Check("Rows that are wrong at the end", wrong),
    ], [
        Check("Seconds until `unavailable`", _longest(speakers, False), _MOST_SECONDS_TO_TELL),
        Check(recovered, recover, _MOST_SECONDS_TO_RECOVER),
    ]


def _trial(name: str, number: int, seconds: float, harm: Harm, *options: str) -> Part:
    with (
        tempfile.TemporaryDirectory(dir=_FOLDER_IN_MEMORY) as folder,
        running(DYNAMODB, *options, folder=Path(folder)) as here,
    ):
        return asyncio.run(_rehearse(here, name, number, seconds, harm))


async def _rehearse(here: Running, name: str, number: int, seconds: float, harm: Harm) -> Part:
    everyone = await rooms(here.server.websocket_url, number, _SIZE)
    await _until_subscribed(here, [member for room in everyone for member in room])
    speakers = [Speaker(room[0], room) for room in everyone]
    speaking = [asyncio.create_task(speaker.speak()) for speaker in speakers]
    visits = [asyncio.create_task(_visit(here, room[0].topic)) for room in everyone]
    await asyncio.sleep(seconds)
    await harm(here, seconds)
    returned = time.monotonic()
    again = [Speaker(member, room) for room in everyone for member in room]
    await asyncio.gather(*(_until_heard(speaker) for speaker in again))
    recover = time.monotonic() - returned if harm is not _wait else 0.0
    for speaker in speakers:
        speaker.is_stopped = True
    for visit in visits:
        visit.cancel()
    await asyncio.gather(*speaking, *visits, return_exceptions=True)
    wrong = await _wrong_rows(here, everyone, again)
    await leave(each for room in everyone for each in room)
    assert here.server.is_running
    failed = sum(line.get("failed", 0) for line in here.server.log)
    told = [each for speaker in speakers for each in speaker.told]
    arrived = sum(each.is_delivered for each in told)
    recovery = f"all rooms work {significant(recover)} s after its return; " if recover else ""
    return Part(
        name,
        f"{len(told):,} messages, each to {_SIZE - 1} others",
        "each to all others, or `unavailable` to its sender",
        f"{arrived:,} arrived, {len(told) - arrived:,} `unavailable`, {failed} failed; "
        f"{wrong} rows wrong",
        f"{recovery}longest until `unavailable` {significant(_longest(speakers, False))} s, until "
        f"arrival {significant(_longest(speakers, True))} s",
        *_promises([*speakers, *again], wrong, failed, recover),
    )


def _silent(number: int) -> Part:
    """Make the table take every request and answer none, as long as the server runs."""
    with running(DYNAMODB, "--faults", "table.silent=1") as here:

        async def speak() -> list[Speaker]:
            everyone = await connect(
                here.server.websocket_url, (Member(f"{each}", f"{each}") for each in range(number))
            )
            speakers = [Speaker(member, [Member("nobody", "")]) for member in everyone]
            await asyncio.gather(*(speaker.say() for speaker in speakers))
            await leave(everyone)
            return speakers

        speakers = asyncio.run(speak())
        rows = len(here.rows())
    told = [each for speaker in speakers for each in speaker.told]
    return Part(
        "takes every request, answers none",
        f"{number} messages at once",
        "`unavailable` to each sender",
        f"{len(told)} `unavailable`; {rows} rows",
        f"longest until `unavailable` {significant(_longest(speakers, False))} s",
        *_promises(speakers, rows, failed=0, recover=0.0),
    )


async def _kill(here: Running, seconds: float) -> None:
    assert here.table
    here.table.kill()
    await asyncio.sleep(seconds / 2)
    await asyncio.to_thread(here.table.start)


async def _stop(here: Running, seconds: float) -> None:
    assert here.table
    os.kill(here.table.pid, signal.SIGSTOP)
    await asyncio.sleep(seconds)
    os.kill(here.table.pid, signal.SIGCONT)


async def _wait(here: Running, seconds: float) -> None:
    await asyncio.sleep(seconds)


async def _until_subscribed(here: Running, members: list[Member]) -> None:
    """Wait for the answers, and subscribe the members again that are told `unavailable`."""
    asked = len(members)
    while True:
        await until(partial(here.has_logged, "subscribe", asked), _SECONDS)
        await asyncio.sleep(0.5)
        refused = [member for member in members if member.errors]
        if not refused:
            return
        for member in refused:
            member.errors.clear()
            member.subscribe()
        asked += len(refused)


async def _until_heard(speaker: Speaker) -> None:
    end = time.monotonic() + _SECONDS
    while not await speaker.say() and time.monotonic() < end:
        pass


async def _visit(here: Running, topic: str) -> None:
    """Enter a room, announce a visitor and vanish, again and again."""
    number = 0
    while True:
        number += 1
        visitor = Member(topic, f"visitor {number}")
        try:
            await connect(here.server.websocket_url, [visitor])
            visitor.subscribe()
            visitor.announce()
            await asyncio.sleep(_SECONDS_OF_A_VISIT)
        finally:
            visitor.vanish()


async def _wrong_rows(here: Running, everyone: list[list[Member]], speakers: list[Speaker]) -> int:
    """Let all members publish, again if need be, and return how many rows are wrong then."""
    due = {f"topic-{room[0].topic}": _SIZE for room in everyone}

    def wrong() -> int:
        found = Counter(row["pk"]["S"] for row in here.rows() if "has_left" not in row)
        return sum(abs(found[topic] - due.get(topic, 0)) for topic in {*found, *due})

    for _ in range(_ROUNDS):
        await asyncio.sleep(1)
        await asyncio.gather(*(_until_heard(speaker) for speaker in speakers))
        if await until(lambda: wrong() == 0, 2.0):  # rows are removed after a message was sent
            break
    return wrong()


def _longest(speakers: list[Speaker], is_delivered: bool) -> float:
    told = [each for speaker in speakers for each in speaker.told]
    return max((each.seconds for each in told if each.is_delivered is is_delivered), default=0.0)
