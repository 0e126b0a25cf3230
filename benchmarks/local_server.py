"""The local server beside y-webrtc's own: CPU time."""

import json
import platform
import sys
from functools import partial
from typing import NamedTuple

from benchmarks.load import Done, Job
from rig.measure import in_turns, ratio, run, significant, spread
from rig.report import Bar, Check, Report
from rig.servers import LocalServer, ReferenceServer
from signaling.settings import ADDRESSED, BROADCAST

_ROUNDS = 5
_OURS, _THEIRS = "ours", "y-webrtc's"
_LEAST_ROOMS_OF_THEIRS = 0.9
_MOST_CPU_IN_ROOMS_OF_10 = 1.75
"""What docs/performance.md says, with room for the machine: see there how much it matters."""


class Load(NamedTuple):
    """Rooms, peers in each, and publishes in each, or None for peers that meet: see `Job`."""

    rooms: int
    peers: int
    publishes: int | None


_MEETINGS = Load(rooms=60, peers=8, publishes=None)
_ROOMS_OF_10 = Load(rooms=20, peers=10, publishes=300)


def compared(load: Load) -> dict[str, list[Done]]:
    """Put `load` on both servers in turns, once before the rounds that count: Node compiles then.

    Both log what goes wrong and nothing else, and neither throttles.
    """
    environment = {"DELIVERY": ADDRESSED, "LOG_LEVEL": "WARNING"}
    ours = LocalServer("--throttle", "none", environment=environment)
    theirs = ReferenceServer()
    ours.start()
    try:
        theirs.start()
        try:
            programs = {
                _OURS: partial(_put, load, ours, ADDRESSED),
                _THEIRS: partial(_put, load, theirs, BROADCAST),
            }
            return {name: each[1:] for name, each in in_turns(programs, 1 + _ROUNDS).items()}
        finally:
            theirs.stop()
    finally:
        ours.stop()


def _put(load: Load, server: LocalServer | ReferenceServer, delivery: str) -> Done:
    """Put `load` on the server from a process of its own."""
    job = Job(server.websocket_url, server.pid, delivery, *load)
    return Done(*json.loads(run([sys.executable, "-m", "benchmarks.load", json.dumps(job)]).output))


def report() -> Report:
    """Return the figures of both servers and their ratios."""
    met, published = compared(_MEETINGS), compared(_ROOMS_OF_10)
    formed = {
        name: [_MEETINGS.rooms / each.cpu_seconds for each in done] for name, done in met.items()
    }
    delivered = {
        name: [1e6 * each.cpu_seconds / each.deliveries for each in done]
        for name, done in published.items()
    }
    figures = {
        "rooms of 8 formed per CPU second": formed,
        "CPU microseconds a delivery, rooms of 10": delivered,
    }
    ratios = {what: ratio(each[_OURS], each[_THEIRS]) for what, each in figures.items()}
    least, most = (f"{what}, ratio" for what in figures)
    of_rooms, of_deliveries = (each.median for each in ratios.values())
    return Report(
        ("", _OURS, _THEIRS, "ours over y-webrtc's"),
        [
            (
                what,
                *(significant(spread(each[name]).median) for name in (_OURS, _THEIRS)),
                ratios[what].text(),
            )
            for what, each in figures.items()
        ],
        [
            Check(least, of_rooms, _LEAST_ROOMS_OF_THEIRS, is_least=True),
            Check(most, of_deliveries, _MOST_CPU_IN_ROOMS_OF_10),
        ],
        plot_title="Rooms of 8 formed per CPU second",
        bars=[Bar(name, spread(each).median, name == _OURS) for name, each in formed.items()],
        by=f"Python {platform.python_version()} of {platform.python_compiler()}",
    )
