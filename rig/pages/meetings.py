"""Meetings: pages with a bare y-webrtc in them that come to one room at one moment.

All of them wait for one time on the clock, not for each other.
"""

import uuid
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

from playwright.async_api import Page

from rig.pages.outcomes import Kind, Outcome, outcome_of
from rig.pages.places import PASSWORD, Place, ask, begin, place, soon, until_met

SECONDS_TO_MEET = 10.0

_SECONDS_BETWEEN_ARRIVALS = 0.5
_SECONDS_LATE = 4.0
"""After which all others have met, and one that comes is in time to meet them."""


class MeetingPlace:
    """A browser whose pages meet again and again, always in a room that is new."""

    def __init__(self, place: Place, patience: float) -> None:
        """Meet in `place`, within `patience` seconds."""
        self._place = place
        self._patience = patience

    @property
    def is_hidden(self) -> bool:
        """Whether the browser hides its addresses behind names."""
        return self._place.is_hidden

    def hold(self, kind: Kind, count: int, *signaling: str, abreast: int = 1) -> list[Outcome]:
        """Hold `count` meetings over the servers `signaling`, `abreast` of them side by side."""

        async def meet(pages: list[Page]) -> Outcome:
            return await self._meet(pages, kind, signaling)

        work = self._place.hold_in_turn(kind.client, kind.pages, count, meet, abreast)
        return self._place.run(work)

    async def _meet(self, pages: list[Page], kind: Kind, signaling: tuple[str, ...]) -> Outcome:
        room = kind.room or str(uuid.uuid4())
        plans = [
            {
                "room": room,
                "signaling": signaling,
                "password": PASSWORD if kind.has_password else None,
                "strict": kind.way == "strict",
                "pages": kind.pages,
                "mesh": kind.is_mesh,
                "most": kind.most,
                "line": str(number),
            }
            for number in range(kind.pages)
        ]
        if kind.way == "reload":
            await begin(pages, plans, _times(kind, _SECONDS_BETWEEN_ARRIVALS))
            await until_met(pages, self._patience)
            await _reload(pages, soon(kind.pages))
        await begin(pages, plans, _times(kind, kind.seconds_apart))
        seconds = await until_met(pages, self._patience)
        outcome = outcome_of(seconds, await ask(pages, "meeting.state()"))
        return outcome if kind.is_mesh else outcome._replace(apart=[])


@contextmanager
def meeting_place(
    hidden: bool = False, patience: float = SECONDS_TO_MEET
) -> Iterator[MeetingPlace]:
    """Start a browser.

    `hidden`: it hides its addresses behind names, as people's browsers do. `patience`: seconds
    until a meeting has failed.
    """
    with place(hidden) as started:
        yield MeetingPlace(started, patience)


def _times(kind: Kind, seconds_apart: float) -> list[float]:
    first = soon(kind.pages)
    times = [first + number * seconds_apart for number in range(kind.pages)]
    if kind.way == "late":
        times[-1] += _SECONDS_LATE
    return times


async def _reload(pages: list[Page], moment: float) -> None:
    async with AsyncExitStack() as stack:
        for page in pages:
            await stack.enter_async_context(page.expect_navigation())
            await page.evaluate("moment => meeting.reloadAt(moment)", 1000 * moment)
