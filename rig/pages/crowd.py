"""Pages in a large room, each of which goes and comes again at some time."""

import asyncio
import random
import time
from typing import Any

from playwright.async_api import Page

from rig.clients import clients
from rig.pages.connected import peers_of, plans_of
from rig.pages.places import ask, begin, soon
from rig.pages.stays import SHOWN, Crowd, Stay, trace_of
from signaling.standing import NEW_MILLISECONDS

_SECONDS_TO_READ = 60.0
_SECONDS_OF_ICE = 60.0
"""The most until WebRTC finds out that a page has gone which it was just connecting with."""


async def come_again(pages: list[Page], kind: Crowd, signaling: str, patience: float) -> Stay:
    """Let all but the `later` pages come, each of them go and come again, and then those come."""
    plans = plans_of(kind, signaling)
    first, late = pages[: -kind.later], pages[-kind.later :]
    lines = [f"page {number}" for number in range(kind.pages)]
    start = time.time()
    async with clients(signaling, *(f"listener {each}" for each in range(kind.listeners))) as all_:
        for listener in all_:
            await listener.subscribe(plans[0]["room"])
        await asyncio.sleep(NEW_MILLISECONDS / 1000)
        await _come(first, plans, lines)
        if lacking := await _lacking(first, lines[: len(first)], patience):
            return Stay([f"at first {lacking}"], trace=await _trace(pages, start))
        again = [f"{line} again" for line in lines[: len(first)]]
        await asyncio.gather(
            *(
                _reload(page, plan, line, kind.seconds)
                for page, plan, line in zip(first, plans, again, strict=False)
            )
        )
        await _come(late, plans[-kind.later :], lines[-kind.later :])
        began = time.time()
        wrong = []
        if lacking := await _lacking(pages, [*lines, *again], patience):
            wrong.append(lacking)
        seconds = time.time() - began
        wrong += await _dead_in_the_end(pages)
        twice = [words for each in await ask(pages, "meeting.twice") for words in each]
        hung_up = sum(words.startswith("gone") for words in twice)
        if len(twice) > hung_up:
            wrong.append(f"{len(twice) - hung_up} signals came twice")
        trace = await _trace(pages, start) if wrong else []
        return Stay(wrong, None if wrong else seconds, trace=trace, hung_up_again=hung_up)


async def _come(pages: list[Page], plans: list[dict[str, Any]], lines: list[str]) -> None:
    own = [{**plan, "line": line} for plan, line in zip(plans, lines, strict=False)]
    await begin(pages, own[: len(pages)], [soon(len(pages))] * len(pages))


async def _reload(page: Page, plan: dict[str, Any], line: str, seconds: float) -> None:
    await asyncio.sleep(random.uniform(0, seconds))
    await page.reload()
    await _come([page], [plan], [line])


async def _lacking(pages: list[Page], lines: list[str], patience: float) -> str:
    """Wait until all `pages` have all `lines`, and return what is lacking in the end."""
    read = "([lines, most]) => meeting.secondsToRead(lines, most)"
    seconds = await ask(pages, read, [lines, patience * _SECONDS_TO_READ])
    without = [number for number, each in enumerate(seconds) if each is None]
    return f"pages {without} lack lines" if without else ""


async def _dead_in_the_end(pages: list[Page]) -> list[str]:
    end = time.time() + _SECONDS_OF_ICE
    while (wrong := await _dead(pages)) and time.time() < end:
        await asyncio.sleep(0.5)
    return wrong


async def _dead(pages: list[Page]) -> list[str]:
    """Return which page has a connection that is not open, or none that is."""
    peers = await peers_of(pages)
    names = {peer[:SHOWN]: f"page {number}" for number, peer in enumerate(peers)}
    wrong = []
    for number, table in enumerate(await ask(pages, "meeting.table()")):
        dead = [each["id"][:SHOWN] for each in table if not each["isOpen"]]
        wrong += [
            f"page {number} has a dead connection with {names.get(peer, f'{peer}, which has gone')}"
            for peer in dead
        ]
        wrong += [] if table else [f"page {number} is alone"]
    return wrong


async def _trace(pages: list[Page], start: float) -> list[str]:
    return trace_of(await ask(pages, "meeting.frames"), await peers_of(pages), start)
