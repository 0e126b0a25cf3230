"""Posts that are refused or not answered: which clients get the message, and how often."""

import asyncio
import re
import time
from itertools import product
from typing import NamedTuple

from rehearsals.members import Member, leave, rooms, until
from rehearsals.places import MEMORY, PLACES, Running, running
from rehearsals.report import Findings, Row
from rig.measure import significant, spread
from rig.report import Check
from rig.servers import LocalServer

_PLANS = {
    "2 % silent": "posts.429=0.1,posts.500=0.1,posts.silent=0.02,seed=7",
    "2 % done, but unanswered": "posts.429=0.1,posts.500=0.1,posts.unanswered=0.02,seed=7",
}
_SHORT = [(MEMORY, plan) for plan in _PLANS]
_SIZE = 5
_SECONDS = 120.0
_MOST_SECONDS = 26.0
"""The time that an invocation has for posts, and some to start."""


class _Tally(NamedTuple):
    row: Row
    uncounted: int
    """Messages that an addressee did not get, and that are not counted as failed."""
    doubled: int
    """Messages that an addressee got again although their first post was answered."""
    slowest: float


def rehearse(is_short: bool) -> Findings:
    """Publish while posts fail, with rooms in memory and in DynamoDB."""
    number, each, pause = (4, 5, 0.2) if is_short else (20, 20, 2.0)
    tallies = []
    for place, plan in _SHORT if is_short else product(PLACES, _PLANS):
        with running(place, "--faults", _PLANS[plan]) as here:
            name = f"rooms in {place}, {plan}"
            tallies.append(asyncio.run(_publish(here, name, number, each, pause)))
    return Findings(
        "Posts that fail",
        [tally.row for tally in tallies],
        [
            Check(
                "Messages that an addressee did not get, and that were not counted as failed",
                sum(tally.uncounted for tally in tallies),
                0,
            ),
            Check(
                "Messages delivered twice although their post was answered",
                sum(tally.doubled for tally in tallies),
                0,
            ),
        ],
        [
            Check(
                "Seconds from a publish to its last arrival",
                max(tally.slowest for tally in tallies),
                _MOST_SECONDS,
            )
        ],
        [
            f"In rooms of {_SIZE} every member publishes to all others. In each row 10 % of the "
            "posts are answered with 429, 10 % with 500, and 2 % not at all: either nothing was "
            "sent, or the frame was sent and the answer was lost. In the second case the function "
            "cannot know that and posts again, so a message may arrive twice, but no more often "
            "than answers were lost. The log line of each invocation counts its failed posts."
        ],
    )


async def _publish(here: Running, name: str, number: int, each: int, pause: float) -> _Tally:
    everyone = await rooms(here.server.websocket_url, number, _SIZE)
    members = [member for room in everyone for member in room]
    await until(lambda: here.logged("subscribe") == len(members), _SECONDS)
    seconds: list[float] = []
    for member in members:
        member.arrived = lambda message: seconds.append(
            time.monotonic() - float(message["data"]["text"].split()[0])
        )
    for turn in range(each):
        for member in members:
            member.say(f"{time.monotonic()} {member.peer} {turn}")
        await asyncio.sleep(pause)
    sent = len(members) * each
    due = sent * (_SIZE - 1)
    await until(lambda: here.logged("publish") == sent, _SECONDS)
    await leave(members)
    return _tally(here.server, name, members, sent, due, seconds)


def _tally(
    server: LocalServer,
    name: str,
    members: list[Member],
    sent: int,
    due: int,
    seconds: list[float],
) -> _Tally:
    failed = sum(line.get("failed", 0) for line in server.log)
    got = sum(len(member.heard) for member in members)
    again = sum(member.heard.total() - len(member.heard) for member in members)
    assert server.stop() == 0
    made = dict(re.findall(r"(posts\.\w+) (\d+)", server.output.partition("were made: ")[2]))
    faults = ", ".join(f"{number} {fault}" for fault, number in made.items())
    row = Row(
        name,
        f"{sent:,} messages, each to {_SIZE - 1} others",
        f"{due:,} arrivals",
        f"{got:,}, {again} of them twice; {failed} counted as failed",
        f"made: {faults}. Seconds to arrive: median {significant(spread(seconds).median)}, "
        f"last {significant(max(seconds))}",
    )
    return _Tally(
        row,
        max(0, due - got - failed),
        max(0, again - int(made.get("posts.unanswered", 0))),
        max(seconds),
    )
