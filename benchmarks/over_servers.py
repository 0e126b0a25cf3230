"""Tables of what real pages do over each kind of server, of which a part may be measured again."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from benchmarks import ROOT
from rig import places
from rig.aws import forget_aws_account
from rig.emulator import Emulator, build_for_emulator
from rig.measure import Clock, significant, spread
from rig.pages.outages import is_network_own
from rig.pages.stays import Stay
from rig.report import Check, Report, kept_rows, measured_on, write
from rig.servers import ReferenceServer

REFERENCE, MEMORY, LATENCY, DYNAMODB, DEPLOYED = SERVERS = (
    "y-webrtc",
    "memory",
    "latency",
    "dynamodb",
    "deployed",
)

RESULTS = ROOT / "benchmarks" / "results"


def options(name: str, description: str | None) -> argparse.Namespace:
    """Read the command line of `python -m benchmarks.<name>`: servers, rows and share of trials.

    And prepare what the servers need, from the network, unless this process has left it.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    parser.add_argument("servers", nargs="*", help=f"some of {', '.join(SERVERS)}; all by default")
    parser.add_argument("--rows", default="", help="only rows that have this in their names")
    parser.add_argument("--share", type=float, default=1.0, help="this part of the trials")
    given = parser.parse_args()
    if unknown := set(given.servers) - set(SERVERS):
        parser.error(f"no such server: {', '.join(sorted(unknown))}")
    given.servers = given.servers or SERVERS
    forget_aws_account()
    if DEPLOYED in given.servers and not is_network_own():
        build_for_emulator()
    return given


@contextmanager
def started(server: str, *more: str) -> Iterator[str]:
    """Start a server of this kind, our local ones with `more` options, and give its URL."""
    if server == DEPLOYED:
        with Emulator() as emulator:
            yield emulator.deploy().websocket_url
    elif server == REFERENCE:
        with ReferenceServer() as process:
            yield process.websocket_url
    else:
        given = ("--latency", "0:300") if server == LATENCY else ()
        place = places.DYNAMODB if server == DYNAMODB else places.MEMORY
        with places.running(place, *given, *more) as here:  # unthrottled, as y-webrtc's is
            yield here.server.websocket_url


class Table(NamedTuple):
    """A table of failures: each cell begins with the number of them."""

    name: str
    """Stem of its file, and the make target."""
    labels: list[str]
    """Of the rows."""

    def keep(self, label: str, server: str, text: str) -> None:
        """Write one cell; the rest of the table stays."""
        cells = self._cells()  # again, because another run may have written meanwhile
        cells[label, server] = text
        write(self._report(cells), RESULTS, self.name, measured_on(), f"make {self.name}")

    def measure(
        self,
        label: str,
        server: str,
        hold: Callable[[], list[Stay]],
        more: Callable[[list[Stay]], list[str]] = lambda stays: [],
    ) -> None:
        """`hold` trials, keep what came of them, if any were held, and print what was wrong.

        A cell has the number of failures, what there is `more` to say, and the median time.
        """
        with Clock() as clock:
            stays = hold()
        if not stays:
            return
        words = [f"{sum(bool(stay.wrong) for stay in stays)} of {len(stays)}", *more(stays)]
        seconds = [stay.seconds for stay in stays if stay.seconds is not None]
        if seconds:
            words.append(f"{significant(spread(seconds).median, 2)} s")
        text = ", ".join(words)
        print(f"{server}, {label}: {text} in {clock.seconds:.0f} s", flush=True)
        for stay in stays:
            if stay.wrong:
                print("  " + "; ".join(stay.wrong), *stay.trace, sep="\n    ", flush=True)
        self.keep(label, server, text)

    @property
    def holds(self) -> bool:
        """Whether nothing over our servers has failed."""
        return self._report(self._cells()).holds

    def _cells(self) -> dict[tuple[str, str], str]:
        return {
            (label, server): text
            for label, *texts in kept_rows(RESULTS / f"{self.name}.md")
            for server, text in zip(SERVERS, texts, strict=True)
        }

    def _report(self, cells: dict[tuple[str, str], str]) -> Report:
        return Report(
            ("", *SERVERS),
            [(label, *(cells.get((label, of), "") for of in SERVERS)) for label in self.labels],
            [
                Check(f"Failures, {server}", float(_failures(cells, server)), 0.0)
                for server in SERVERS[1:]
                if server in {of for (_, of), text in cells.items() if text}
            ],
        )


def _failures(cells: dict[tuple[str, str], str], server: str) -> int:
    return sum(int(text.split()[0]) for (_, of), text in cells.items() if text and of == server)
