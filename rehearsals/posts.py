"""Posts that are refused or not answered: which clients get the message, and how often."""

import asyncio
import re
import time
from itertools import product

from rehearsals.report import Part, findings
from rehearsals.talking import note_arrivals
from rig.measure import significant, spread
from rig.members import leave, rooms, until
from rig.places import MEMORY, PLACES, Running, running
from rig.report import Check, Report

_PLANS = {
    "2 % silent": "posts.429=0.1,posts.500=0.1,posts.silent=0.02,seed=7",
    "2 % done, but unanswered": "posts.429=0.1,posts.500=0.1,posts.unanswered=0.02,seed=7",
}
_UNCOUNTED = "Messages that an addressee did not get, and that were not counted as failed"
_SIZE = 5
_SECONDS = 120.0
_MOST_SECONDS = 26.0
"""The time that an invocation has for posts, and some to start."""


def rehearse(is_short: bool) -> Report:
    """Publish while posts fail, with rooms in memory and in DynamoDB."""
    number, turns, pause = (4, 5, 0.2) if is_short else (20, 20, 2.0)
    found = []
    for place, plan in product((MEMORY,) if is_short else PLACES, _PLANS):
        with running(place, "--faults", _PLANS[plan]) as here:
            name = f"rooms in {place}, {plan}"
            found.append(asyncio.run(_publish(here, name, number, turns, pause)))
    return findings(found)


async def _publish(here: Running, name: str, number: int, turns: int, pause: float) -> Part:
    everyone = await rooms(here.server.websocket_url, number, _SIZE)
    members = [member for room in everyone for member in room]
    await until(lambda: here.logged("subscribe") == len(members), _SECONDS)
    seconds: list[float] = []
    note_arrivals(members, seconds)
    for turn in range(turns):
        for member in members:
            member.say(f"{time.monotonic()} {member.peer} {turn}")
        await asyncio.sleep(pause)
    sent = len(members) * turns
    due = sent * (_SIZE - 1)
    await until(lambda: here.logged("publish") == sent, _SECONDS)
    await leave(members)
    failed = sum(line.get("failed", 0) for line in here.server.log)
    got = sum(len(member.texts) for member in members)
    again = sum(member.texts.total() for member in members) - got
    assert here.server.stop() == 0
    made = dict(re.findall(r"(posts\.\w+) (\d+)", here.server.output.partition("were made: ")[2]))
    uncounted, lost = max(0, due - got - failed), int(made.get("posts.unanswered", 0))
    return Part(
        name,
        f"{sent:,} messages, each to {_SIZE - 1} others",
        f"{due:,} arrivals",
        f"{got:,}, {again} of them twice; {failed} counted as failed",
        f"made: {', '.join(f'{times} {fault}' for fault, times in made.items())}. Seconds to "
        f"arrive: median {significant(spread(seconds).median)}, last {significant(max(seconds))}",
        [
            Check(_UNCOUNTED, uncounted),
            Check(
                "Messages delivered twice although their post was answered", max(0, again - lost)
            ),
        ],
        [Check("Seconds from a publish to its last arrival", max(seconds), _MOST_SECONDS)],
    )
