"""The local server beside y-webrtc's own: CPU time, deliveries a second, memory."""

import platform
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple

from benchmarks.load import Done, Load, put
from rig.measure import in_turns, ratio, significant, spread
from rig.report import Bar, Check, Report
from rig.servers import LocalServer, ReferenceServer
from signaling.settings import ADDRESSED, BROADCAST

_OURS, _BROADCASTING, _THEIRS = NAMES = "ours", "ours, broadcasting", "y-webrtc's"
_MEETINGS = Load(rooms=60, peers=8, publishes=None)
_ROOMS_OF_10 = Load(rooms=20, peers=10, publishes=300)
_ROOMS_OF_100 = Load(rooms=4, peers=100, publishes=150)
_IDLE = Load(rooms=100, peers=10, publishes=0)
_ROUNDS = 7


class Row(NamedTuple):
    """A figure of one load."""

    load: Load
    what: str
    figure: Callable[[Done], float]
    bound: float | None = None
    """What docs/performance.md says of the ratio, with room for the machine: see there how much it
    matters."""
    is_least: bool = False


def _cpu_a_delivery(done: Done) -> float:
    return 1e6 * done.cpu_seconds / done.deliveries


def _deliveries_a_second(done: Done) -> float:
    return done.deliveries / done.seconds


_FORMED = Row(
    _MEETINGS,
    "rooms of 8 formed per CPU second",
    lambda done: _MEETINGS.rooms / done.cpu_seconds,
    1.2,
    is_least=True,
)
ROWS = [
    _FORMED,
    Row(_ROOMS_OF_10, "CPU microseconds a delivery, rooms of 10", _cpu_a_delivery, 1.0),
    Row(_ROOMS_OF_100, "CPU microseconds a delivery, rooms of 100", _cpu_a_delivery, 0.75),
    Row(_ROOMS_OF_10, "deliveries per second, rooms of 10", _deliveries_a_second),
    Row(_ROOMS_OF_100, "deliveries per second, rooms of 100", _deliveries_a_second),
    Row(
        _MEETINGS,
        "CPU milliseconds a handshake",
        lambda done: 1000 * done.connect_cpu_seconds / (_MEETINGS.rooms * _MEETINGS.peers),
    ),
    Row(_IDLE, "MB for 1,000 idle connections", lambda done: done.bytes_a_connection / 1000),
    Row(_IDLE, "CPU seconds to start", lambda done: done.earlier_cpu_seconds),
]


def compared(load: Load, rounds: slice) -> dict[str, list[Done]]:
    """Put `load` on each kind of server in turns, and return what came of these `rounds`.

    Ours log what goes wrong and have no limits, as y-webrtc's.
    """
    programs = {}
    with ExitStack() as stack:
        for name, delivery in zip(NAMES, (ADDRESSED, BROADCAST, BROADCAST), strict=True):
            server: LocalServer | ReferenceServer = ReferenceServer()
            if name != _THEIRS:
                environment = {"DELIVERY": delivery, "LOG_LEVEL": "WARNING"}
                server = LocalServer("--throttle", "none", environment=environment)
            stack.enter_context(server)
            programs[name] = partial(put, load, server, delivery)
        results = in_turns(programs, rounds.stop)
    return {name: each[rounds] for name, each in results.items()}


def report() -> Report:
    """Return the figures of both servers and their ratios."""
    later = slice(1, 1 + _ROUNDS)  # the first round is for Node's compiler
    done = {load: compared(load, later) for load in (_MEETINGS, _ROOMS_OF_10, _ROOMS_OF_100)}
    new = [compared(_IDLE, slice(1)) for _ in range(_ROUNDS)]  # a start, and the memory after it
    done[_IDLE] = {name: [each for round_ in new for each in round_[name]] for name in NAMES}
    figures = {
        row: {name: [*map(row.figure, each)] for name, each in done[row.load].items()}
        for row in ROWS
    }
    medians = {
        row: {name: spread(each).median for name, each in all_.items()}
        for row, all_ in figures.items()
    }
    ratios = {row: ratio(all_[_OURS], all_[_THEIRS]) for row, all_ in figures.items()}
    return Report(
        ("", *NAMES, "ours over y-webrtc's"),
        [
            (row.what, *(significant(medians[row][name]) for name in NAMES), ratios[row].text())
            for row in ROWS
        ],
        [
            Check(f"{row.what}, ratio", ratios[row].median, row.bound, row.is_least)
            for row in ROWS
            if row.bound is not None
        ],
        plot_title="Rooms of 8 formed per CPU second",
        bars=[Bar(name, median, name == _OURS) for name, median in medians[_FORMED].items()],
        by=f"Python {platform.python_version()} of {platform.python_compiler()}",
    )
