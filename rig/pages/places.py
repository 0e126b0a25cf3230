"""A browser whose pages, each with a bare y-webrtc in it, do something together again and again.

Each page is in a browser context of its own, because pages that share one sync behind the server's
back. Playwright's other API lets several groups of pages go on side by side: mostly they wait.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, TypeVar

from playwright.async_api import Browser, Page, async_playwright

from rig.pages.chromium import PERMISSIONS_TO_SHOW_ADDRESSES, chromium_path, flags
from rig.processes import ROOT, need

_T = TypeVar("_T")

PASSWORD = "correct horse"

_PAGES = ROOT / "tests" / "e2e" / "page" / "dist"
_SECONDS_TO_TELL = 0.05
_SECONDS_TO_TELL_A_PAGE = 0.02


class Place:
    """A browser, and where its pages are served."""

    def __init__(self, runner: asyncio.Runner, browser: Browser, url: str, is_hidden: bool) -> None:
        """Use `browser`, which runs in `runner`; its pages are served at `url`."""
        self._runner = runner
        self._browser = browser
        self._url = url
        self.is_hidden = is_hidden
        self._pages: defaultdict[str, list[Page]] = defaultdict(list)

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run `work` where the browser runs."""
        return self._runner.run(work)

    async def hold_in_turn(
        self,
        client: str,
        size: int,
        count: int,
        hold: Callable[[list[Page]], Awaitable[_T]],
        abreast: int = 1,
    ) -> list[_T]:
        """Hold something `count` times with `size` pages, `abreast` of them side by side.

        The pages have this version of the `client`. `hold` may replace them in its list.
        """
        numbers = iter(range(count))
        pages = self._pages[client]
        while len(pages) < abreast * size:
            pages.append(await self.page(client))

        async def turns(start: int) -> list[_T]:
            results = []
            for _ in numbers:
                group = pages[start : start + size]
                results.append(await hold(group))
                pages[start : start + size] = group
                await asyncio.gather(*map(_begin_anew, group))
            return results

        async with asyncio.TaskGroup() as tasks:
            groups = [tasks.create_task(turns(size * number)) for number in range(abreast)]
        return [result for group in groups for result in group.result()]

    async def page(self, client: str) -> Page:
        """Open a page with this version of the `client` in a context of its own."""
        permissions = [] if self.is_hidden else PERMISSIONS_TO_SHOW_ADDRESSES
        context = await self._browser.new_context(permissions=permissions)
        page = await context.new_page()
        await page.goto(f"{self._url}/{client}/")
        return page

    async def processes(self) -> list[int]:
        """Return the ids of the browser's processes."""
        session = await self._browser.new_browser_cdp_session()
        told = await session.send("SystemInfo.getProcessInfo")
        await session.detach()
        return [process["id"] for process in told["processInfo"]]


@contextmanager
def place(is_hidden: bool = False) -> Iterator[Place]:
    """Start a browser; if it `is_hidden`, it hides its addresses behind names, as people's do."""
    with places(1, is_hidden) as (one,):
        yield one


@contextmanager
def places(number: int, is_hidden: bool = False) -> Iterator[list[Place]]:
    """Start so many browsers, whose pages can do something together."""
    need(str(_PAGES) if _PAGES.exists() else None, "the page is missing: run make test")
    with _page_server() as url, asyncio.Runner() as runner:
        playwright = runner.run(async_playwright().start())
        browsers = [
            runner.run(
                playwright.chromium.launch(
                    executable_path=chromium_path(), args=flags(hides_addresses=is_hidden)
                )
            )
            for _ in range(number)
        ]
        yield [Place(runner, browser, url, is_hidden) for browser in browsers]
        for browser in browsers:
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


def soon(pages: int) -> float:
    """Return a time on the clock before which so many `pages` can be told something."""
    return time.time() + _SECONDS_TO_TELL + _SECONDS_TO_TELL_A_PAGE * pages


async def begin(pages: list[Page], plans: list[dict[str, Any]], times: list[float]) -> None:
    """Let each of `pages` make its provider, as its plan says, at its time."""
    timed = [{**plan, "at": 1000 * each} for plan, each in zip(plans, times, strict=True)]
    calls = zip(pages, timed, strict=True)
    await asyncio.gather(
        *(page.evaluate("plan => meeting.begin(plan)", plan) for page, plan in calls)
    )


async def until_met(pages: list[Page], patience: float) -> list[float | None]:
    """Wait until everybody has met everybody, and return after how many seconds, for each page."""
    wait = "most => meeting.secondsToMeet(most)"
    return list(await asyncio.gather(*(page.evaluate(wait, patience) for page in pages)))


async def ask(pages: list[Page], question: str, *arguments: Any) -> list[Any]:
    """Return what each of `pages` answers to the expression `question`, a function if called so."""
    return list(await asyncio.gather(*(page.evaluate(question, *arguments) for page in pages)))
