"""Browsers in one room, more than y-webrtc connects with each other."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from rehearsals.report import Part, findings
from rig.measure import significant
from rig.members import Member, connect, leave, until
from rig.pages.meetings import MeetingPlace, meeting_place
from rig.pages.outcomes import Kind
from rig.places import MEMORY, Running, running
from rig.report import Check, Report
from signaling.small_rooms import SMALL_ROOM
from signaling.standing import NEW_MILLISECONDS

_SECONDS = 240.0
_MOST_SECONDS = 60.0
_LARGE = "large room"


def rehearse(is_short: bool) -> Report:
    """Let pages enter rooms of their own, and one that is large already."""
    few, many, apart = (4, 6, 0.2) if is_short else (24, 40, 4.0)
    at_once = Kind(few, is_mesh=False)
    in_turn = Kind(many, is_mesh=False, seconds_apart=apart)
    in_large_room = Kind(many, is_mesh=False, room=_LARGE)
    listeners = f"{SMALL_ROOM} clients that only listen"
    with meeting_place(patience=_SECONDS) as place, running(MEMORY) as here:
        meetings = [
            _meet(f"{few} pages arrive at once", place, here, at_once),
            _meet(f"{many} pages arrive, one every {significant(apart)} s", place, here, in_turn),
        ]
        with _listeners(here):
            what = f"{many} pages arrive at once in a room of {listeners}"
            meetings.append(_meet(what, place, here, in_large_room))
    return findings(meetings)


def _meet(what: str, place: MeetingPlace, here: Running, kind: Kind) -> Part:
    (outcome,) = place.hold(kind, 1, here.server.websocket_url)
    since_the_first = _SECONDS if outcome.seconds is None else outcome.seconds
    seconds = since_the_first - (kind.pages - 1) * kind.seconds_apart
    connected, pages = outcome.connected, len(outcome.connected)
    unsynced = "Pages that are not synced, or have a dead connection"
    return Part(
        what,
        f"{pages} lines",
        f"{pages * pages:,} lines on all pages",
        f"{pages * pages - len(outcome.lacking):,}; {len(outcome.unsynced)} pages not synced",
        f"{significant(seconds)} s; {sum(connected) / pages:.0f} connections per page "
        f"({min(connected)} to {max(connected)}), {sum(outcome.made)} made in all",
        [
            Check("Lines missing on a page", len(outcome.lacking)),
            Check(unsynced, len(outcome.unsynced)),
            Check("Signals that a page got twice", outcome.twice),
        ],
        [Check("Seconds from the last page until all have all lines", seconds, _MOST_SECONDS)],
    )


@contextmanager
def _listeners(here: Running) -> Iterator[None]:
    """Fill the large room with clients that have been there for some time."""

    async def come() -> list[Member]:
        members = [Member(_LARGE, f"listener {each}") for each in range(SMALL_ROOM)]
        before = here.logged("subscribe")
        for member in await connect(here.server.websocket_url, members):
            member.subscribe()
        await until(lambda: here.logged("subscribe") == before + SMALL_ROOM, _SECONDS)
        await asyncio.sleep(NEW_MILLISECONDS / 1000)
        return members

    with asyncio.Runner() as runner:
        members = runner.run(come())
        yield
        runner.run(leave(members))
