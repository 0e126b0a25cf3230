"""The local server beside y-webrtc's own: CPU time, deliveries a second, memory."""

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

Server = LocalServer | ReferenceServer

_ROUNDS = 5
_OURS, _BROADCASTING, _THEIRS = "ours", "ours, broadcasting", "y-webrtc's"
_LEAST_ROOMS_OF_THEIRS = 0.9
_MOST_CPU_IN_ROOMS_OF_10 = 1.75
_MOST_CPU_IN_ROOMS_OF_100 = 1.0
"""What docs/performance.md says, with room for the machine: see there how much it matters."""


class Load(NamedTuple):
    """Rooms, peers in each, and publishes in each, or None for peers that meet: see `Job`."""

    rooms: int
    peers: int
    publishes: int | None


_MEETINGS = Load(rooms=60, peers=8, publishes=None)
_ROOMS_OF_10 = Load(rooms=20, peers=10, publishes=300)
_ROOMS_OF_100 = Load(rooms=4, peers=100, publishes=150)
_IDLE = Load(rooms=100, peers=10, publishes=0)


def put(load: Load, server: Server, delivery: str) -> Done:
    """Put `load` on the server from a process of its own."""
    job = Job(server.websocket_url, server.pid, delivery, *load)
    return Done(*json.loads(run([sys.executable, "-m", "benchmarks.load", json.dumps(job)]).output))


def compared(load: Load, rounds: int) -> dict[str, list[Done]]:
    """Put `load` on each kind of server in turns, once before the rounds that count."""
    servers: dict[str, tuple[Server, str]] = {
        _OURS: (_local_server(ADDRESSED), ADDRESSED),
        _BROADCASTING: (_local_server(BROADCAST), BROADCAST),
        _THEIRS: (ReferenceServer(), BROADCAST),
    }
    started = []
    try:
        for server, _ in servers.values():
            server.start()
            started.append(server)
        programs = {name: partial(put, load, *each) for name, each in servers.items()}
        results = in_turns(programs, 1 + rounds)
        # The first is for Node's compiler; but memory is what a new server needs.
        return {name: each[1:] if rounds > 1 else each[:1] for name, each in results.items()}
    finally:
        for server in started:
            server.stop()


def _local_server(delivery: str) -> LocalServer:
    """Return the server as `make run` starts it, unthrottled: y-webrtc's has no limits either.

    It logs what goes wrong, as y-webrtc's does.
    """
    environment = {"DELIVERY": delivery, "LOG_LEVEL": "WARNING"}
    return LocalServer("--throttle", "none", environment=environment)


def report() -> Report:
    """Return the figures of both servers and their ratios."""
    meetings = compared(_MEETINGS, _ROUNDS)
    rooms_of_10 = compared(_ROOMS_OF_10, _ROUNDS)
    rooms_of_100 = compared(_ROOMS_OF_100, _ROUNDS)
    idle = compared(_IDLE, rounds=1)
    figures = {
        "rooms of 8 formed per CPU second": {
            name: [_MEETINGS.rooms / each.cpu_seconds for each in done]
            for name, done in meetings.items()
        },
        "CPU microseconds a delivery, rooms of 10": _cpu_a_delivery(rooms_of_10),
        "CPU microseconds a delivery, rooms of 100": _cpu_a_delivery(rooms_of_100),
        "deliveries per second, rooms of 10": _deliveries_a_second(rooms_of_10),
        "deliveries per second, rooms of 100": _deliveries_a_second(rooms_of_100),
        "CPU milliseconds a handshake": {
            name: [1000 * each.connect_cpu_seconds / (8 * _MEETINGS.rooms) for each in done]
            for name, done in meetings.items()
        },
        "MB for 1,000 idle connections": {
            name: [each.bytes_a_connection * 1000 / 1e6 for each in done]
            for name, done in idle.items()
        },
    }
    ratios = {what: ratio(each[_OURS], each[_THEIRS]) for what, each in figures.items()}
    rows = [
        (
            what,
            *(significant(spread(each[name]).median) for name in (_OURS, _BROADCASTING, _THEIRS)),
            ratios[what].text(),
        )
        for what, each in figures.items()
    ]
    formed, of_10, of_100, *_ = ratios.items()
    return Report(
        ("", _OURS, _BROADCASTING, _THEIRS, "ours over y-webrtc's"),
        rows,
        [
            Check(f"{formed[0]}, ratio", formed[1].median, _LEAST_ROOMS_OF_THEIRS, is_least=True),
            Check(f"{of_10[0]}, ratio", of_10[1].median, _MOST_CPU_IN_ROOMS_OF_10),
            Check(f"{of_100[0]}, ratio", of_100[1].median, _MOST_CPU_IN_ROOMS_OF_100),
        ],
        plot_title="Rooms of 8 formed per CPU second",
        bars=[
            Bar(name, spread(each).median, name == _OURS)
            for name, each in figures["rooms of 8 formed per CPU second"].items()
        ],
        by=f"Python {platform.python_version()} of {platform.python_compiler()}",
    )


def _cpu_a_delivery(done: dict[str, list[Done]]) -> dict[str, list[float]]:
    return {
        name: [1e6 * each.cpu_seconds / each.deliveries for each in rounds]
        for name, rounds in done.items()
    }


def _deliveries_a_second(done: dict[str, list[Done]]) -> dict[str, list[float]]:
    return {
        name: [each.deliveries / each.seconds for each in rounds] for name, rounds in done.items()
    }
