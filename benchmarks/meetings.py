"""Pages that come to one room at one moment, in Chromium, over each kind of server.

And clients without a browser, of which the frames alone are looked at.

`make meetings`, or only some: `make meetings ROWS="memory deployed --rows '8 pages'"`. What is run
takes the place of what the table had for it, and the rest of the table stays.
"""

import asyncio
import sys
from itertools import product
from typing import NamedTuple

from benchmarks.over_servers import DEPLOYED, LATENCY, Table, options, started
from rig.introductions import meet
from rig.measure import significant, spread
from rig.pages.meetings import meeting_place
from rig.pages.outcomes import WITH_THE_OLD_TIE_BREAK, WITHOUT_A_TIE_BREAK, Kind, Outcome, failed

_ROUNDS = 200
FRAMES = f"{_ROUNDS} rooms, 2 to 8 clients"
"""The row of clients without a browser."""

_WAYS = {
    "new": "",
    "reload": " that reload",
    "strict": " in strict mode",
    "late": ", the last when all others are full",
}


class Row(NamedTuple):
    """Meetings of one kind."""

    kind: Kind
    is_hidden: bool
    """Whether host candidates are names that end in `.local`."""
    meetings: int
    deployed: int
    """How many meetings over the deployed stack, where each takes longer."""

    @property
    def label(self) -> str:
        """The kind in words."""
        words = [
            f"{self.kind.pages} pages{_WAYS[self.kind.way]}",
            *([f"y-webrtc {self.kind.client}"] if self.kind.client != Kind().client else []),
            *(["password"] if self.kind.has_password else []),
            *([".local"] if self.is_hidden else []),
        ]
        return ", ".join(words)


_ALL_SORTS = list(product((False, True), repeat=2))
ROWS = [
    *(Row(Kind(2, has_password=password), hidden, 200, 60) for password, hidden in _ALL_SORTS),
    *(Row(Kind(2, client=WITH_THE_OLD_TIE_BREAK), hidden, 200, 60) for hidden in (False, True)),
    Row(Kind(2, client=WITHOUT_A_TIE_BREAK), False, 200, 60),
    *(Row(Kind(2, way), False, 40, 40) for way in ("reload", "strict")),
    *(Row(Kind(4, has_password=password), hidden, 20, 0) for password, hidden in _ALL_SORTS),
    *(Row(Kind(6, has_password=password), hidden, 0, 10) for password, hidden in _ALL_SORTS),
    *(Row(Kind(8, has_password=password), hidden, 40, 0) for password, hidden in _ALL_SORTS),
    Row(Kind(25, "late", is_mesh=False, most=4), False, 20, 5),
]

TABLE = Table("meetings", [*(row.label for row in ROWS), FRAMES])


def main() -> int:
    """Hold meetings, write the table, and return 1 if one over our servers failed."""
    asked = options("meetings", __doc__)
    rows = [row for row in ROWS if asked.rows in row.label]
    for server in asked.servers:
        with started(server) as url:
            if asked.rows in FRAMES:
                found = asyncio.run(meet(url, round(_ROUNDS * asked.share), at_once=6))
                print(f"{server}, {FRAMES}: {found}", flush=True)
                pairs = len(found.missed) + len(found.crossed)
                TABLE.keep(FRAMES, server, f"{pairs} pairs")
            for is_hidden in (False, True):
                with meeting_place(is_hidden) as place:
                    for row in [each for each in rows if each.is_hidden == is_hidden]:
                        meetings = row.deployed if server == DEPLOYED else row.meetings
                        if count := round(asked.share * meetings):
                            # Where they mostly wait, not compute, some may run side by side.
                            abreast = 3 if server == LATENCY and row.kind.pages <= 4 else 1
                            _keep(row, server, place.hold(row.kind, count, url, abreast=abreast))
    return 0 if TABLE.holds else 1


def _keep(row: Row, server: str, outcomes: list[Outcome]) -> None:
    late = spread([each.milliseconds_late for each in outcomes]).text(2)
    text = cell(row.kind, outcomes)
    print(f"{server}, {row.label}: {text}, pages late by {late} ms", flush=True)
    print(*(f"  {outcome}\n" for outcome in failed(outcomes)), sep="", end="", flush=True)
    TABLE.keep(row.label, server, text)


def cell(kind: Kind, outcomes: list[Outcome]) -> str:
    """Return how many meetings failed, and the median time that the others took."""
    bad = failed(outcomes)
    words = f"{len(bad)} of {len(outcomes)}"
    if bad and kind.pages > 2:
        pairs = kind.pages * (kind.pages - 1) // 2 * len(outcomes)
        words += f", {sum(len(each.apart) for each in bad)} of {pairs:,} pairs"
    seconds = [each.seconds for each in outcomes if each.seconds is not None]
    return f"{words} ({significant(spread(seconds).median, 2)} s)" if seconds else words


if __name__ == "__main__":
    sys.exit(main())
