"""Pages that are connected, in Chromium, over each kind of server: outages, and pages that sleep.

`make outages`, or only some: `make outages ROWS="memory deployed --rows sleeps"`. It needs Linux's
`unshare` and `nft`, because it runs in a network namespace of its own.
"""

import os
import shutil
import sys
from functools import partial
from typing import NamedTuple

from benchmarks.over_servers import DEPLOYED, REFERENCE, Table, options, started
from rig.pages.outages import is_network_own, outage_place
from rig.pages.stays import Lost, Outage

_WHAT: dict[Lost, str] = {
    "pages": "nothing between them",
    "signaling": "no signaling",
    "network": "neither",
    "asleep": "one sleeps",
}
_LOST: list[Lost] = ["pages", "signaling", "network"]
_IDLE_SECONDS = 20
"""After which a server closes connections that say nothing, in place of ten minutes. Pages that are
awake say something every 15 s."""


class Row(NamedTuple):
    """Groups of pages that live through one outage."""

    kind: Outage
    groups: int
    is_closed: bool = False
    """Whether the server closes the signaling connection of one that sleeps."""

    @property
    def label(self) -> str:
        """The kind in words."""
        words = [f"{self.kind.pages} pages, {_WHAT[self.kind.lost]} for {self.kind.seconds:.0f} s"]
        words += ["a proxy drops its connection"] if self.kind.is_dropped else []
        words += ["the server closes its connection"] if self.is_closed else []
        words += ["password"] if self.kind.has_password else []
        return ", ".join(words)


ROWS = [
    *(Row(Outage(lost, 45.0), 5) for lost in _LOST),
    *(Row(Outage(lost, 45.0, 4), 2) for lost in _LOST),
    Row(Outage("network", 45.0, has_password=True), 5),
    Row(Outage("asleep", 12.0), 5),
    Row(Outage("asleep", 40.0), 5),
    Row(Outage("asleep", 40.0, 3), 4),
    Row(Outage("asleep", 40.0, has_password=True), 5),
    Row(Outage("asleep", 40.0, is_dropped=True), 5),
    Row(Outage("asleep", 40.0), 5, is_closed=True),
]

TABLE = Table("outages", [row.label for row in ROWS])


def main() -> int:
    """Hold the trials, write the table, and return 1 if one over our servers failed."""
    asked = options("outages", __doc__)
    if missing := [tool for tool in ("unshare", "nft") if not shutil.which(tool)]:
        print(f"error: {', '.join(missing)} not found: apt install util-linux nftables")
        return 2
    if not is_network_own():
        own = ["unshare", "--net", "--map-root-user"]
        os.execvp(own[0], [*own, sys.executable, "-m", "benchmarks.outages", *sys.argv[1:]])
    rows = [row for row in ROWS if asked.rows in row.label]
    with outage_place() as place:
        for server in asked.servers:
            for is_closed in (False, True):
                if is_closed and server in (REFERENCE, DEPLOYED):
                    continue  # they have no such option
                given = ("--idle", f"{_IDLE_SECONDS}") if is_closed else ()
                with started(server, *given) as url:
                    for row in rows:
                        groups = round(asked.share * row.groups)
                        if groups and row.is_closed == is_closed:
                            hold = partial(place.hold, row.kind, groups, url)
                            TABLE.measure(row.label, server, hold)
    return 0 if TABLE.holds else 1


if __name__ == "__main__":
    sys.exit(main())
