"""Kinds of what happens to pages that are connected, and what comes of it."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from rig.pages.outcomes import NEWEST

How = Literal["error", "one", "close"]
Way = Literal["close", "destroy", "beside", "navigate", "crash"]
Lost = Literal["pages", "signaling", "network", "asleep"]

SHOWN = 8
"""Characters of a peer id that are shown, as in tests/e2e/page/frames.js."""


class Break(NamedTuple):
    """How every connection between pages ends."""

    how: How = "error"
    """`error`: both ends fail, as when the network is gone; neither learns it of the other. `one`:
    one end fails, the other learns of it. `close`: both ends close without an error."""
    pages: int = 2
    seconds_apart: float = 0.0
    """Between the moments at which the two ends notice, neither of which learns it of the other."""
    has_password: bool = False
    client: str = NEWEST
    is_moved: bool = False
    """Whether the first page loses its signaling connection when it notices, and makes a new one,
    as when its network changes."""

    @property
    def is_silent(self) -> bool:
        """Whether no end learns of the other that it has ended."""
        return self.how == "error" or self.seconds_apart > 0


class Leaving(NamedTuple):
    """How half of the pages leave at one moment."""

    how: Way = "close"
    """`destroy`: of the provider, after which the socket stays open. `beside`: the same while the
    page has another provider in another room."""
    pages: int = 4
    has_password: bool = False
    client: str = NEWEST


class Cut(NamedTuple):
    """How a signaling connection ends while the last of the pages joins the others."""

    milliseconds: int
    """After which it ends, from when the last page begins to join."""
    who: int = -1
    """Number of the page that loses its connection and makes a new one at once; the last joins."""
    is_closed_by_page: bool = False
    """Whether the page closes its own socket, so that what it still gets is lost, as is what it
    says before the socket has closed. Otherwise the connection ends between it and the server."""
    pages: int = 3
    has_password: bool = False
    client: str = NEWEST


class Outage(NamedTuple):
    """What reaches nobody for some time."""

    lost: Lost
    """`pages`: what pages say to each other. `signaling`: what they and the server do. `network`:
    both. `asleep`: one page of each group does nothing, as on a laptop that is shut."""
    seconds: float
    pages: int = 2
    is_dropped: bool = False
    """Whether the signaling connection of one that sleeps ends without a word to either end."""
    has_password: bool = False
    client: str = NEWEST


class Crowd(NamedTuple):
    """Pages in a room with more members than are introduced to each other; each comes twice."""

    listeners: int = 100
    """Clients that only listen. With them the room is large."""
    pages: int = 20
    later: int = 3
    """Of the pages, those that come when all others have come again."""
    seconds: float = 20.0
    """Within which the others come again."""
    has_password: bool = False
    client: str = NEWEST


Kind = Break | Leaving | Cut | Crowd


class Trial(NamedTuple):
    """What happens to a group of pages."""

    kind: Kind
    signaling: str
    """URL of the server."""


class Stay(NamedTuple):
    """What has come of one group of pages."""

    wrong: list[str]
    """What was not as it must be, in words."""
    seconds: float | None = None
    """Until all was well."""
    dead: int = 0
    """Entries in the tables of those that stayed, whose peers had gone."""
    frames: int = 0
    """That those that stayed got while the others left."""
    trace: Sequence[str] = ()
    """What the pages said to the server and heard of it."""
    hung_up_again: int = 0
    """How often the server hung up on a page again that had given up its connection already."""
    unsaid: int = 0
    """Offers, answers and announces that a page lost in a socket of its own that was not open."""


def trace_of(
    frames: list[list[tuple[float, str, str]]], peers: list[str], since: float
) -> list[str]:
    """Return what each page says it has said and heard, in order, `since` a time on the clock."""
    lines = sorted(
        (milliseconds / 1000 - since, page, way, words)
        for page, said in enumerate(frames)
        for milliseconds, way, words in said
    )
    texts = [f"{at:8.3f} s  page {page} {way} {words}" for at, page, way, words in lines]
    for page, peer in enumerate(peers):
        texts = [text.replace(peer[:SHOWN], f"page {page}") for text in texts]
    return texts


def missing(tables: list[list[dict[str, Any]]], peers: list[str], first: int = 0) -> list[str]:
    """Return what the `tables` of all pages lack of open connections, or have too much.

    The pages are counted from `first`.
    """
    wrong = []
    for page, table in enumerate(tables, first):
        listed = {each["id"]: each["isOpen"] for each in table}
        wrong += [
            f"page {page} has {'a dead' if peer in listed else 'no'} connection with page {other}"
            for other, peer in enumerate(peers, first)
            if other != page and not listed.get(peer)
        ]
        if set(listed) - set(peers):
            wrong.append(f"page {page} has an entry for somebody who is not there")
    return wrong
