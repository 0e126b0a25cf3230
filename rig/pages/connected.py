"""Pages that have been connected for some time, and whether they are connected again."""

import asyncio
import time
import uuid
from collections.abc import Sequence
from typing import Any

from playwright.async_api import Page

from rig.pages.places import PASSWORD, ask, begin, soon, until_met
from rig.pages.stays import Kind, Leaving, Outage, Stay, missing, trace_of

SECONDS_TO_MEET = 10.0

_SECONDS_CONNECTED = 8.0
"""More than the server calls anybody new."""

_SECONDS_TO_HEAL = 20.0
"""How long a group has, unless it is told to be patient."""

SECONDS_AFTERWARDS = 1.0
"""In which what was well must stay so: a stray signal can break a connection again."""


async def connect(pages: list[Page], plans: list[dict[str, Any]], patience: float) -> Stay | None:
    """Let `pages` meet and stay together until nobody is new any more.

    Return what has come of it only if they have not met.
    """
    at = soon(len(pages))
    await begin(pages, plans, [at] * len(pages))
    if None not in await until_met(pages, patience * SECONDS_TO_MEET):
        await asyncio.sleep(_SECONDS_CONNECTED)
        return None
    frames = await ask(pages, "meeting.frames")
    return Stay(["not met"], trace=trace_of(frames, await peers_of(pages), at))


async def see_all_well(pages: list[Page], last: float, start: float, patience: float) -> Stay:
    """Wait for open connections between all `pages`, and for edits that come through them.

    After the `last` moment at which something happened; traces begin at `start`.
    """
    wrong = []
    most_seconds = patience * _SECONDS_TO_HEAL
    peers = await peers_of(pages, waits=True)
    if not await all_open(pages, [peers] * len(pages), most_seconds):
        wrong.append("not connected again")
    lines = [f"again {number} at {last}" for number in range(len(pages))]
    for page, line in zip(pages, lines, strict=True):
        await page.evaluate("line => meeting.write(line)", line)
    read = "([lines, most]) => meeting.secondsToRead(lines, most)"
    most = max(1.0, last + most_seconds - time.time())
    if None in await ask(pages, read, [lines, most]):
        wrong.append("edits do not arrive")
    seconds = time.time() - last
    await asyncio.sleep(SECONDS_AFTERWARDS)
    wrong += missing(await ask(pages, "meeting.table()"), peers)
    frames = await ask(pages, "meeting.frames")
    unsaid = sum(way == "lost" and 1000 * start < at for page in frames for at, way, _ in page)
    trace = trace_of(frames, peers, start) if wrong else []
    return Stay(wrong, None if wrong else seconds, trace=trace, unsaid=unsaid)


def plans_of(kind: Kind | Outage, signaling: str) -> list[dict[str, Any]]:
    """Return what each page of a group is told, which meets in a room of its own."""
    room = str(uuid.uuid4())
    return [
        {
            "room": room,
            "signaling": [signaling],
            "password": PASSWORD if kind.has_password else None,
            "pages": kind.pages,
            "mesh": True,
            "line": str(number),
            "beside": f"{room} beside {number}"
            if isinstance(kind, Leaving) and kind.how == "beside"
            else None,
        }
        for number in range(kind.pages)
    ]


async def peers_of(pages: list[Page], waits: bool = False) -> list[str]:
    """Return the peer ids of `pages`; `waits` until all have one."""
    while None in (peers := await ask(pages, "meeting.peer()")) and waits:
        await asyncio.sleep(0.05)
    return [str(peer) for peer in peers]


async def all_open(pages: Sequence[Page], peers: list[list[str]], most: float) -> bool:
    """Wait until each of `pages` has an open connection with each of its `peers` but itself."""
    own = await peers_of(list(pages))
    open_with = "([peers, most]) => meeting.secondsUntilOpen(peers, most)"
    seconds = await asyncio.gather(
        *(
            page.evaluate(open_with, [[each for each in others if each != peer], most])
            for page, peer, others in zip(pages, own, peers, strict=True)
        )
    )
    return None not in seconds
