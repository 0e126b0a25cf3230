"""Kinds of meetings of pages, and what comes of them."""

import math
from itertools import combinations
from typing import Any, Literal, NamedTuple

NEWEST = "10.3.0"
WITH_THE_OLD_TIE_BREAK = "10.2.6"
WITHOUT_A_TIE_BREAK = "10.2.5"
"""Versions of y-webrtc, which differ in what they do when both sides make an offer."""


class Kind(NamedTuple):
    """How pages come together."""

    pages: int = 2
    way: Literal["new", "reload", "strict", "late"] = "new"
    """`reload`: they are connected and reload at one moment. `strict`: as in React's strict mode,
    each makes a provider, destroys it and makes another. `late`: the last comes seconds later."""
    has_password: bool = False
    client: str = NEWEST
    is_mesh: bool = True
    """Whether all connect with all: with 20 to 34 connections y-webrtc refuses more."""
    most: int = 0
    """How many connections each page wants, `maxConns`; 0 for y-webrtc's 20 to 34."""
    room: str = ""
    """Its name; by default a new one for each meeting."""
    seconds_apart: float = 0.0
    """Between one page and the next: by default all come at one moment."""


class Outcome(NamedTuple):
    """What has come of one meeting. Pages are numbers."""

    seconds: float | None
    """Until every page was connected with all others, or where there is no mesh with one, had all
    lines and was synced; None if one of them was not in time."""
    apart: list[tuple[int, int]]
    """Pairs without a connection that is open at both ends."""
    connected: list[int]
    """With how many others each page has an open connection."""
    lacking: list[tuple[int, int]]
    """A page, and another whose line it does not have."""
    unsynced: list[int]
    made: list[int]
    """How many RTCPeerConnections each page has made."""
    milliseconds_late: float
    """By which the last page missed the time on the clock."""
    milliseconds_apart: float
    """Between the first and the last page that connected to a server, where they are the most."""
    addresses: frozenset[str]
    """Of the pages' host candidates."""
    twice: int
    """Signals that a page got more than once."""

    @property
    def is_whole(self) -> bool:
        """Whether everybody met everybody in time."""
        return self.seconds is not None and not (self.apart or self.lacking or self.unsynced)


def failed(outcomes: list[Outcome]) -> list[Outcome]:
    """Return those of `outcomes` in which somebody missed somebody."""
    return [each for each in outcomes if not each.is_whole]


def outcome_of(seconds: list[float | None], states: list[dict[str, Any]]) -> Outcome:
    """Return what the pages say that had met after so many `seconds`, if in time."""
    everyone = range(len(states))

    def sees(one: int, other: int) -> bool:
        return states[other]["peer"] in states[one]["connected"]

    return Outcome(
        None if None in seconds else max(each for each in seconds if each is not None),
        [
            (one, other)
            for one, other in combinations(everyone, 2)
            if not (sees(one, other) and sees(other, one))
        ],
        [len(state["connected"]) for state in states],
        [
            (one, other)
            for one in everyone
            for other in everyone
            if str(other) not in states[one]["lines"]
        ],
        [each for each in everyone if not states[each]["synced"]],
        [state["made"] for state in states],
        max(state["lateMs"] for state in states),
        max(map(_spread, zip(*(state["openedMs"] for state in states), strict=True))),
        frozenset(address for state in states for address in state["addresses"]),
        sum(state["twice"] for state in states),
    )


def _spread(opened: tuple[float | None, ...]) -> float:
    known = [each for each in opened if each is not None]
    return max(known) - min(known) if len(known) == len(opened) else math.inf
