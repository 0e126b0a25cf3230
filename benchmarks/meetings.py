"""Pages that come to one room at one moment, in Chromium, over each kind of server.

And clients without a browser, of which the frames alone are looked at.

`make meetings`, or only some: `make meetings ROWS="memory deployed --rows '8 pages'"`. What is run
takes the place of what the table had for it, and the rest of the table stays.
"""

import asyncio
import sys
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from benchmarks.over_servers import (
    DEPLOYED,
    LATENCY,
    Table,
    options,
    prepare,
    started,
)
from rig.aws import forget_aws_account
from rig.introductions import meet
from rig.measure import Clock, significant, spread
from rig.pages.meetings import meeting_place
from rig.pages.outcomes import (
    WITH_THE_OLD_TIE_BREAK,
    WITHOUT_A_TIE_BREAK,
    Kind,
    Outcome,
    failed,
)

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

    def count(self, server: str) -> int:
        """Return how many meetings there are over `server`."""
        return self.deployed if server == DEPLOYED else self.meetings


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
    forget_aws_account()
    prepare(asked.servers)
    rows = [row for row in ROWS if asked.rows in row.label]
    for server in asked.servers:
        with started(server) as url:
            if asked.rows in FRAMES:
                TABLE.keep(FRAMES, server, frames(server, url, round(_ROUNDS * asked.share)))
            for row, outcomes in held(rows, server, url, asked.share):
                TABLE.keep(row.label, server, cell(row.kind, outcomes))
    return 0 if TABLE.holds else 1


def frames(server: str, url: str, rounds: int) -> str:
    """Let clients without a browser come together, print and return how many pairs went wrong."""
    missed, crossed = asyncio.run(meet(url, rounds, at_once=6))
    text = f"{len(missed) + len(crossed)} pairs"
    print(f"{server}, {FRAMES}: {len(missed)} pairs missed, {len(crossed)} crossed", flush=True)
    return text


def held(
    rows: list[Row], server: str, url: str, share: float
) -> Iterator[tuple[Row, list[Outcome]]]:
    """Hold a `share` of the meetings of `rows` over `server`, print what came of each, yield it."""
    for is_hidden in (False, True):
        with meeting_place(is_hidden) as place:
            for row in rows:
                count = round(share * row.count(server))
                if row.is_hidden != is_hidden or count == 0:
                    continue
                with Clock() as clock:
                    outcomes = place.hold(row.kind, count, url, abreast=_abreast(row, server))
                late = spread([each.milliseconds_late for each in outcomes])
                print(
                    f"{server}, {row.label}: {cell(row.kind, outcomes)} in {clock.seconds:.0f} s, "
                    f"pages late by {late.text(2)} ms",
                    flush=True,
                )
                for outcome in failed(outcomes):
                    print(f"  {outcome}", flush=True)
                yield row, outcomes


def _abreast(row: Row, server: str) -> int:
    """Return how many meetings may run side by side: where they mostly wait, not compute."""
    return 3 if server == LATENCY and row.kind.pages <= 4 else 1


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
