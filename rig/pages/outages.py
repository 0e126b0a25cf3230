"""Pages that are connected, when for some time nothing reaches them, or they do nothing.

What is lost is lost by a packet filter, which must be no one else's: programs that use this run in
a network namespace of their own.
"""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Page

from rig.pages.connected import connect, plans_of, see_all_well
from rig.pages.dropping import dropping_proxy
from rig.pages.places import Place, begin, places, soon
from rig.pages.stays import Outage, Stay

_PATIENCE_TO_CONNECT = 3.0
_PATIENCE_TO_HEAL = 4.5
"""One and a half minutes: a page closes a dead socket after half a minute in which it hears
nothing, and Chromium then waits half a minute for the other end's close frame.
"""

_SECONDS_UNTIL_LATE = 15.0
"""Until all must be well again: a connection that seemed to have lived on may still fail."""

_TABLE = "outage"
_AS_IT_COMES = "type filter hook input priority 0"


class OutagePlace:
    """Two browsers, one of which may sleep."""

    def __init__(self, awake: Place, sleeper: Place) -> None:
        """Let the first page of each group be in `sleeper`, the others in `awake`."""
        self._awake = awake
        self._sleeper = sleeper

    def hold(self, kind: Outage, groups: int, url: str) -> list[Stay]:
        """Let `groups` of pages, each in a room of its own, live through one outage."""
        return self._awake.run(self._hold(kind, groups, url))

    async def _hold(self, kind: Outage, groups: int, url: str) -> list[Stay]:
        async with dropping_proxy(url) as (proxy, proxied):
            urls = [url] * (kind.pages + 1)
            if kind.is_dropped:
                urls[0] = proxied
            rooms = [await self._room(kind) for _ in range(groups)]
            try:
                plans = [_plans(kind, urls) for _ in rooms]
                failures = await asyncio.gather(
                    *(
                        connect(pages[:-1], those[:-1], _PATIENCE_TO_CONNECT)
                        for pages, those in zip(rooms, plans, strict=True)
                    )
                )
                if any(failures):
                    return [each or Stay([]) for each in failures]
                start = time.time()
                async with self._lost(kind, url):
                    if kind.is_dropped:
                        proxy.drop()
                    await asyncio.sleep(kind.seconds)
                return await asyncio.gather(
                    *(
                        _recover(pages, those, start)
                        for pages, those in zip(rooms, plans, strict=True)
                    )
                )
            finally:
                for page in (page for pages in rooms for page in pages):
                    await page.context.close()

    async def _room(self, kind: Outage) -> list[Page]:
        awake = [await self._awake.page(kind.client) for _ in range(kind.pages)]  # and a later one
        return [await self._sleeper.page(kind.client), *awake]

    @asynccontextmanager
    async def _lost(self, kind: Outage, url: str) -> AsyncIterator[None]:
        if kind.lost != "asleep":
            with _filtered(kind, url):
                yield
            return
        processes = await self._sleeper.processes()
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)


def is_network_own() -> bool:
    """Tell whether this is a network namespace with nothing in it but its loopback."""
    _, _, *interfaces = Path("/proc/net/dev").read_text().splitlines()
    return len(interfaces) == 1


@contextmanager
def outage_place() -> Iterator[OutagePlace]:
    """Start two browsers.

    Raises:
        RuntimeError: this is not a network namespace of the program's own.
    """
    if not is_network_own():
        raise RuntimeError("what is lost here would be lost for all: start it with `unshare --net`")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with places(2) as (awake, sleeper):
        yield OutagePlace(awake, sleeper)


def _plans(kind: Outage, urls: list[str]) -> list[dict[str, object]]:
    """Return the plans of a group and of one that comes later."""
    plans = plans_of(kind, urls[-1])
    arrival = {**plans[0], "line": "arrival", "pages": kind.pages + 1}
    return [{**plan, "signaling": [url]} for plan, url in zip([*plans, arrival], urls, strict=True)]


async def _recover(pages: list[Page], plans: list[dict[str, object]], start: float) -> Stay:
    """Wait until all is well, again after some time, and with one that comes then."""
    *group, arrival = pages
    over = time.time()
    stay = await see_all_well(group, over, start, _PATIENCE_TO_HEAL)
    if stay.wrong:
        return stay
    await asyncio.sleep(over + _SECONDS_UNTIL_LATE - time.time())
    if (later := await see_all_well(group, time.time(), start, 1.0)).wrong:
        return later._replace(wrong=[f"later {text}" for text in later.wrong])
    at = soon(1)
    await begin([arrival], plans[-1:], [at])
    if (last := await see_all_well(pages, at, start, 1.0)).wrong:
        return last._replace(wrong=[f"with one that came {text}" for text in last.wrong])
    return stay


@contextmanager
def _filtered(kind: Outage, url: str) -> Iterator[None]:
    """Let nothing through that the outage takes; the server is at `url`."""
    rules = []
    if kind.lost in ("pages", "network"):
        rules.append("meta l4proto udp drop")
    if kind.lost in ("signaling", "network"):
        port = urlsplit(url).port
        rules += [f"tcp dport {port} drop", f"tcp sport {port} drop"]
    _filter(f"table inet {_TABLE} {{ chain input {{ {_AS_IT_COMES}; {'; '.join(rules)}; }}; }}")
    try:
        yield
    finally:
        _filter(f"delete table inet {_TABLE}")


def _filter(command: str) -> None:
    subprocess.run(["nft", command], check=True)
