"""Meetings: pages with a bare y-webrtc in them that come to one room at one moment.

Each page is in a browser context of its own, because pages that share one sync behind the server's
back, and all of them wait for one time on the clock, not for each other. Playwright's other API
lets several meetings run side by side: most of a meeting is waiting.
"""

import asyncio
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from tests.support.browsers import PERMISSIONS_TO_SHOW_ADDRESSES, chromium_path, flags
from tests.support.outcomes import Kind, Outcome, outcome_of
from tests.support.servers import ROOT, need

SECONDS_TO_MEET = 10.0

_PAGES = ROOT / "tests" / "e2e" / "page" / "dist"
_PASSWORD = "correct horse"
_SECONDS_TO_TELL = 0.05
_SECONDS_TO_TELL_A_PAGE = 0.02
_SECONDS_BETWEEN_ARRIVALS = 0.5


class MeetingPlace:
    """A browser whose pages meet again and again, always in a room that is new."""

    def __init__(
        self,
        runner: asyncio.Runner,
        browser: Browser,
        url: str,
        is_hidden: bool,
        patience: float,
    ) -> None:
        """Use `browser`, which runs in `runner`; its pages are served at `url`."""
        self._runner = runner
        self._browser = browser
        self._url = url
        self.is_hidden = is_hidden
        self._patience = patience
        self._pages: defaultdict[str, list[Page]] = defaultdict(list)

    def hold(self, kind: Kind, count: int, *signaling: str, abreast: int = 1) -> list[Outcome]:
        """Hold `count` meetings over the servers `signaling`, `abreast` of them side by side."""
        return self._runner.run(self._hold(kind, count, signaling, abreast))

    async def _hold(
        self, kind: Kind, count: int, signaling: tuple[str, ...], abreast: int
    ) -> list[Outcome]:
        numbers = iter(range(count))
        pages = self._pages[kind.client]
        while len(pages) < abreast * kind.pages:
            pages.append(await self._page(kind.client))
        async with asyncio.TaskGroup() as group:
            tables = [
                group.create_task(
                    self._meet_in_turn(pages[start : start + kind.pages], kind, numbers, signaling)
                )
                for start in range(0, abreast * kind.pages, kind.pages)
            ]
        return [outcome for table in tables for outcome in table.result()]

    async def _page(self, client: str) -> Page:
        permissions = [] if self.is_hidden else PERMISSIONS_TO_SHOW_ADDRESSES
        context = await self._browser.new_context(permissions=permissions)
        page = await context.new_page()
        await page.goto(f"{self._url}/{client}/")
        return page

    async def _meet_in_turn(
        self, pages: list[Page], kind: Kind, numbers: Iterable[int], signaling: tuple[str, ...]
    ) -> list[Outcome]:
        outcomes = []
        for _ in numbers:
            outcomes.append(await self._meet(pages, kind, signaling))
            await asyncio.gather(*(_begin_anew(page) for page in pages))
        return outcomes

    async def _meet(self, pages: list[Page], kind: Kind, signaling: tuple[str, ...]) -> Outcome:
        room = kind.room or str(uuid.uuid4())
        plans = [
            {
                "room": room,
                "signaling": signaling,
                "password": _PASSWORD if kind.has_password else None,
                "strict": kind.way == "strict",
                "pages": kind.pages,
                "mesh": kind.is_mesh,
                "line": str(number),
            }
            for number in range(kind.pages)
        ]
        if kind.way == "reload":
            await _begin(pages, plans, _times(kind, _SECONDS_BETWEEN_ARRIVALS))
            await _until_met(pages, self._patience)
            await _reload(pages, _soon(kind))
        await _begin(pages, plans, _times(kind, kind.seconds_apart))
        return outcome_of(await _until_met(pages, self._patience), await _states(pages))


@contextmanager
def meeting_place(
    hidden: bool = False, patience: float = SECONDS_TO_MEET
) -> Iterator[MeetingPlace]:
    """Start a browser.

    `hidden`: it hides its addresses behind names, as people's browsers do. `patience`: seconds
    until a meeting has failed.
    """
    need(str(_PAGES) if _PAGES.exists() else None, "the page is missing: run make test")
    with _page_server() as url, asyncio.Runner() as runner:
        playwright = runner.run(async_playwright().start())
        path = chromium_path(playwright.chromium.executable_path)
        browser = runner.run(
            playwright.chromium.launch(executable_path=path, args=flags(hides_addresses=hidden))
        )
        yield MeetingPlace(runner, browser, url, hidden, patience)
        runner.run(browser.close())
        runner.run(playwright.stop())


@contextmanager
def _page_server() -> Iterator[str]:
    handler = partial(_QuietHandler, directory=str(_PAGES))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


async def _begin_anew(page: Page) -> None:
    await page.reload()
    # Chromium allows a process 500 RTCPeerConnections, and counts those of a page that was
    # reloaded until they are collected. After that no page of the process can connect any more.
    await page.request_gc()


def _soon(kind: Kind) -> float:
    return time.time() + _SECONDS_TO_TELL + _SECONDS_TO_TELL_A_PAGE * kind.pages


def _times(kind: Kind, seconds_apart: float) -> list[float]:
    first = _soon(kind)
    return [first + number * seconds_apart for number in range(kind.pages)]


async def _begin(pages: list[Page], plans: list[dict[str, Any]], times: list[float]) -> None:
    timed = [{**plan, "at": 1000 * each} for plan, each in zip(plans, times, strict=True)]
    calls = zip(pages, timed, strict=True)
    await asyncio.gather(
        *(page.evaluate("plan => meeting.begin(plan)", plan) for page, plan in calls)
    )


async def _reload(pages: list[Page], moment: float) -> None:
    async with AsyncExitStack() as stack:
        for page in pages:
            await stack.enter_async_context(page.expect_navigation())
            await page.evaluate("moment => meeting.reloadAt(moment)", 1000 * moment)


async def _until_met(pages: list[Page], patience: float) -> list[float | None]:
    wait = "most => meeting.secondsToMeet(most)"
    return list(await asyncio.gather(*(page.evaluate(wait, patience) for page in pages)))


async def _states(pages: list[Page]) -> list[dict[str, Any]]:
    return list(await asyncio.gather(*(page.evaluate("meeting.state()") for page in pages)))
