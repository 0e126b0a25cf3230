"""Pages that are connected, and what then happens to them: connections end, pages leave."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from playwright.async_api import Error, Page

from rig.pages.connected import (
    SECONDS_AFTERWARDS,
    SECONDS_TO_MEET,
    all_open,
    connect,
    peers_of,
    plans_of,
    see_all_well,
)
from rig.pages.crowd import come_again
from rig.pages.dropping import dropping_proxy
from rig.pages.places import Place, ask, begin, place, soon
from rig.pages.stays import Break, Crowd, Cut, Kind, Leaving, Stay, Trial, missing, trace_of

_SECONDS_TO_LEAVE = 3.0
_MS_BEFORE_IT_SAYS = 2
"""How long before a page notices its signaling connection ends, if it does: what the page says of
it is lost."""

_SECONDS_OF_ICE = 60.0
"""The most until WebRTC finds out that a page has gone that could not say so."""

_PATIENCE_WITH_ICE = 3.0
"""A page drops what it says while it has no signaling connection. Where that was the last half of
what WebRTC needed, both ends find out when ICE gives up."""


class StayingPlace:
    """A browser to whose pages things happen again and again, always in a room that is new."""

    def __init__(self, place: Place, patience: float) -> None:
        """Stay in `place`, and wait `patience` times as long as otherwise for pages to connect."""
        self._place = place
        self._patience = patience

    def hold(self, trials: Sequence[Trial], abreast: int = 1) -> list[Stay]:
        """Hold trials with one version of the client, `abreast` of them side by side."""
        waiting = iter(trials)
        size = max(_pages_of(each.kind) for each in trials)

        async def hold(pages: list[Page]) -> Stay:
            kind, signaling = next(waiting)
            group = pages[: _pages_of(kind)]
            if isinstance(kind, Break):
                return await _heal(group, kind, signaling, self._patience)
            if isinstance(kind, Cut):
                return await _join(group, kind, signaling, self._patience)
            if isinstance(kind, Crowd):
                return await come_again(group, kind, signaling, self._patience)
            stay = await _leave(group, kind, signaling, self._patience)
            for number in range(kind.pages // 2):
                if kind.how in ("close", "crash"):
                    await pages[number].context.close()
                    pages[number] = await self._place.page(kind.client)
            return stay

        client = trials[0].kind.client
        return self._place.run(self._place.hold_in_turn(client, size, len(trials), hold, abreast))


@contextmanager
def staying_place(patience: float = 1.0) -> Iterator[StayingPlace]:
    """Start a browser."""
    with place() as started:
        yield StayingPlace(started, patience)


def _pages_of(kind: Kind) -> int:
    return kind.pages + isinstance(kind, Leaving)  # with one that comes later


async def _heal(pages: list[Page], kind: Break, signaling: str, patience: float) -> Stay:
    if failure := await connect(pages, plans_of(kind, signaling), patience):
        return failure
    peers = await peers_of(pages)
    await ask(pages, "meeting.choose()")
    start = soon(len(pages))
    last = start + kind.seconds_apart
    how = {"isError": kind.how != "close", "silentUntil": 1000 * last if kind.is_silent else None}
    if kind.is_moved:
        moment = 1000 * start - _MS_BEFORE_IT_SAYS
        await pages[0].evaluate("moment => meeting.cutAt(moment)", moment)
    for page, ends in zip(pages, _ends(kind, peers, start), strict=True):
        await page.evaluate("([ends, how]) => meeting.lose(ends, how)", [ends, how])
    await asyncio.sleep(last - time.time())
    return await see_all_well(pages, last, start, patience)


async def _join(pages: list[Page], kind: Cut, signaling: str, patience: float) -> Stay:
    """Let the last page join the others, while one of all loses its signaling connection."""
    *there, arrival = pages
    plans = plans_of(kind, signaling)
    async with dropping_proxy(signaling) as (proxy, url):
        plans[kind.who]["signaling"] = [url]
        now = [{**each, "pages": len(there)} for each in plans[:-1]]
        if failure := await connect(there, now, patience):
            return failure
        at = soon(len(pages))
        moment = at + kind.milliseconds / 1000
        if kind.is_closed_by_page:
            await pages[kind.who].evaluate("moment => meeting.cutAt(moment)", 1000 * moment)
        await begin([arrival], plans[-1:], [at])
        await asyncio.sleep(moment - time.time())
        if not kind.is_closed_by_page:
            proxy.close()
        return await see_all_well(pages, moment, at, _PATIENCE_WITH_ICE * patience)


def _ends(kind: Break, peers: list[str], start: float) -> Iterator[list[tuple[str, float | None]]]:
    """Yield for each page with whom its connections end at which time on the clock, if not after.

    Of all connections of a page it is the first to notice the end of some, the second of others.
    """
    for page in range(len(peers)):
        ends: list[tuple[str, float | None]] = []
        for other, peer in enumerate(peers):
            is_first = (page < other) == ((page + other) % 2 == 1)
            moment = 1000 * (start if is_first else start + kind.seconds_apart)
            if other != page:
                ends.append((peer, None if kind.how == "one" and not is_first else moment))
        yield ends


async def _leave(pages: list[Page], kind: Leaving, signaling: str, patience: float) -> Stay:
    *there, arrival = pages
    plans = plans_of(kind, signaling)
    if failure := await connect(there, plans, patience):
        return failure
    half = kind.pages // 2
    going, staying = there[:half], there[half:]
    peers = await peers_of(there)
    gone = set(peers[:half])
    start = time.time()
    await asyncio.gather(*(_go(page, kind.how) for page in going))
    if kind.how == "crash":
        seconds = await _until_gone(staying, gone)
    else:
        seconds = None
    await asyncio.sleep(_SECONDS_TO_LEAVE)
    tables = await ask(staying, "meeting.table()")
    dead = sum(each["id"] in gone for table in tables for each in table)
    said = await ask(staying, "meeting.frames")
    heard = sum(way == "heard" and at > 1000 * start for page in said for at, way, _ in page)
    wrong = [f"{dead} entries of peers that have gone"] if dead else []
    wrong += missing(_without(tables, gone), peers[half:], half)
    plan = {**plans[0], "line": "arrival", "pages": half + 1, "beside": None}
    arrived = time.time()
    await begin([arrival], [plan], [soon(1)])
    met = [*staying, arrival]
    present = await peers_of(met, waits=True)
    if not await all_open(met, [present] * len(met), patience * SECONDS_TO_MEET):
        wrong.append("the arrival has not met all")
    await asyncio.sleep(SECONDS_AFTERWARDS)
    tables = await ask(met, "meeting.table()")
    wrong += [f"later {text}" for text in missing(tables, present, half)]
    trace = []
    if wrong:
        frames: list[Any] = [[] for _ in going]
        if kind.how in ("destroy", "beside"):
            frames = await ask(going, "meeting.frames")
        frames += await ask(met, "meeting.frames")
        trace = trace_of(frames, [*peers, present[-1]], start)
        trace.append(f"{arrived - start:8.3f} s  page {len(peers)} arrives")
    return Stay(wrong, seconds, dead, heard, trace)


def _without(tables: list[list[dict[str, Any]]], gone: set[str]) -> list[list[dict[str, Any]]]:
    return [[each for each in table if each["id"] not in gone] for table in tables]


async def _go(page: Page, how: str) -> None:
    if how == "close":
        await page.close(run_before_unload=True)
    elif how == "navigate":
        await page.goto(page.url.partition("?")[0] + "?elsewhere")
    elif how == "crash":
        session = await page.context.new_cdp_session(page)
        with suppress(Error, TimeoutError):
            await asyncio.wait_for(session.send("Page.crash"), 1.0)
    else:
        await page.evaluate("meeting.destroy()")


async def _until_gone(pages: list[Page], gone: set[str]) -> float | None:
    start = time.time()
    while time.time() - start < _SECONDS_OF_ICE:
        tables = await ask(pages, "meeting.table()")
        if not any(each["id"] in gone for table in tables for each in table):
            return time.time() - start
        await asyncio.sleep(0.1)
    return None
