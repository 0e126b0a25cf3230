"""Pages that are connected, in Chromium, over each kind of server: connections end, pages leave.

`make staying`, or only some: `make staying ROWS="memory deployed --rows 'both fail'"`. What is run
takes the place of what the table had for it, and the rest of the table stays.
"""

import sys
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from benchmarks.over_servers import DEPLOYED, Table, options, started
from rig.measure import significant, spread
from rig.pages.outcomes import NEWEST, WITH_THE_OLD_TIE_BREAK
from rig.pages.staying import StayingPlace, staying_place
from rig.pages.stays import Break, Crowd, Cut, How, Kind, Leaving, Stay, Trial, Way

_PAGES_ABREAST = 12
"""Pages of groups that go on side by side: most of the time they wait."""

_PAGES_THAT_LEAVE_ABREAST = 8
"""They are busy for a moment, in which they must not be late because of others."""

_SECONDS_TO_COME_AGAIN = {"memory": 20, "latency": 20, "dynamodb": 90, DEPLOYED: 150}
"""As fast as two cores bear it, of which DynamoDB Local or an emulator may need a part."""

_BREAKS: dict[How, str] = {
    "error": "both ends fail",
    "one": "one end fails",
    "close": "both ends close",
}
_LEAVINGS: dict[Way, str] = {
    "close": "close their tabs",
    "destroy": "destroy their providers",
    "beside": "destroy one of two providers",
    "navigate": "go elsewhere",
    "crash": "crash",
}


class Row(NamedTuple):
    """Trials of one kind."""

    kind: Kind
    trials: int
    deployed: int
    """How many over the deployed stack, where each takes longer."""

    @property
    def label(self) -> str:
        """The kind in words."""
        if isinstance(self.kind, Cut):
            what = (
                "one closes its socket" if self.kind.is_closed_by_page else "one loses its server"
            )
            what += " while another joins"
        elif isinstance(self.kind, Crowd):
            what = f"each comes twice, in a room of {self.kind.pages + self.kind.listeners}"
        elif isinstance(self.kind, Break):
            apart = self.kind.seconds_apart
            what = f"{_BREAKS[self.kind.how]}{f', {apart:.0f} s apart' if apart else ''}"
            what += ", the first on a new connection" if self.kind.is_moved else ""
        else:
            what = f"half of them {_LEAVINGS[self.kind.how]}"
        words = [
            f"{self.kind.pages} pages, {what}",
            *([f"y-webrtc {self.kind.client}"] if self.kind.client != NEWEST else []),
            *(["password"] if self.kind.has_password else []),
        ]
        return ", ".join(words)

    def hold(self, place: StayingPlace, server: str, url: str, share: float) -> list[Stay]:
        """Hold this `share` of the trials over `server`."""
        count = round(share * (self.deployed if server == DEPLOYED else self.trials))
        if count == 0:
            return []
        kind = self.kind
        if isinstance(kind, Crowd):
            kind = kind._replace(seconds=_SECONDS_TO_COME_AGAIN[server])
        kinds: Sequence[Kind] = [kind] * count
        if isinstance(self.kind, Cut):
            kinds = _at_all_times(self.kind, count)
        trials = [Trial(kind, url) for kind in kinds]
        is_leaving = isinstance(self.kind, Leaving)
        most = _PAGES_THAT_LEAVE_ABREAST if is_leaving else _PAGES_ABREAST
        return place.hold(trials, max(1, most // self.kind.pages))


def _at_all_times(kind: Cut, count: int) -> list[Cut]:
    """Let the first and the last page in turn lose its connection, each time somewhat later."""
    last = kind.milliseconds
    return [
        kind._replace(milliseconds=round(last * (number + 1) / count), who=-(number % 2))
        for number in range(count)
    ]


_AT_ONCE_OR_APART: list[tuple[How, float]] = [
    ("error", 0.0),
    ("error", 3.0),
    ("one", 0.0),
    ("close", 0.0),
]
_OF_FOUR: list[tuple[How, float, bool]] = [
    *((how, apart, False) for how, apart in _AT_ONCE_OR_APART),
    ("error", 0.0, True),
]
_LEAVE_AT_ONCE: list[Way] = ["close", "destroy", "beside", "navigate"]
_GO_WITH_THE_PAGE: list[Way] = ["close", "navigate"]

ROWS = [
    *(
        Row(Break(how, 2, apart, password), 8, 3)
        for how, apart in _AT_ONCE_OR_APART
        for password in (False, True)
    ),
    Row(Break("close", 2, 3.0), 8, 3),
    *(Row(Break("error", 2, 30.0, password), 4, 2) for password in (False, True)),
    *(
        Row(Break("error", 2, apart, password, is_moved=True), 8, 3)
        for apart, password in ((3.0, False), (20.0, False), (20.0, True))
    ),
    *(
        Row(Break(how, 2, apart, client=WITH_THE_OLD_TIE_BREAK), 8, 3)
        for how, apart in _AT_ONCE_OR_APART
    ),
    *(Row(Break(how, 4, apart, password), 4, 2) for how, apart, password in _OF_FOUR),
    Row(Cut(800), 60, 20),
    Row(Cut(800, has_password=True), 30, 10),
    Row(Cut(800, is_closed_by_page=True), 30, 10),
    *(Row(Leaving(how, 4), 10, 4) for how in _LEAVE_AT_ONCE),
    *(Row(Leaving(how, 4, True), 8, 2) for how in _GO_WITH_THE_PAGE),
    *(Row(Leaving(how, 8), 4, 1) for how in _LEAVE_AT_ONCE),
    *(Row(Leaving("crash", pages), 2, 1) for pages in (4, 8)),
    Row(Crowd(), 10, 10),
]

TABLE = Table("staying", [row.label for row in ROWS])


def main() -> int:
    """Hold the trials, write the table, and return 1 if one over our servers failed."""
    asked = options("staying", __doc__)
    rows = [row for row in ROWS if asked.rows in row.label]
    for server in asked.servers:
        with started(server) as url, staying_place() as place:
            for row in rows:
                hold = partial(row.hold, place, server, url, asked.share)
                TABLE.measure(row.label, server, hold, partial(_details, row.kind))
    return 0 if TABLE.holds else 1


def _details(kind: Kind, stays: list[Stay]) -> list[str]:
    """Return what it cost the groups that did not fail, and why others did."""
    words = []
    if isinstance(kind, Leaving):
        dead = sum(stay.dead for stay in stays)
        words += [f"{dead} dead"] if dead else []
        words.append(f"{significant(spread([stay.frames for stay in stays]).median, 2)} frames")
    again = sum(stay.hung_up_again for stay in stays)
    words += [f"{again} times hung up again"] if again else []
    unsaid = sum(bool(stay.unsaid) for stay in stays if stay.wrong)
    words += [f"{unsaid} of which lost what they said"] if unsaid else []
    return words


if __name__ == "__main__":
    sys.exit(main())
