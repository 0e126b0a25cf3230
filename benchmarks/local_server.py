"""The local server beside y-webrtc's own: CPU time, deliveries a second, memory."""

import json
import sys
from collections.abc import Mapping
from typing import NamedTuple

from benchmarks.load import Done, Job
from benchmarks.measure import in_turns, ratio, run, significant, spread
from benchmarks.report import Bar, Check, Report
from signaling.settings import ADDRESSED, BROADCAST
from tests.servers import LocalServer, ReferenceServer

Server = LocalServer | ReferenceServer

_ROUNDS = 5
_OURS, _THEIRS, _OURS_BROADCASTING = "ours", "y-webrtc's", "ours, broadcasting"


class _Load(NamedTuple):
    """Rooms, peers in each, and announces in each or None to meet: see `Job`."""

    rooms: int
    peers: int
    announces: int | None


_MEETINGS = _Load(rooms=50, peers=8, announces=None)
_ROOMS_OF_10 = _Load(rooms=20, peers=10, announces=400)
_ROOMS_OF_100 = _Load(rooms=4, peers=100, announces=200)
_IDLE = _Load(rooms=100, peers=10, announces=0)


def do(server: Server, delivery: str, load: _Load) -> Done:
    """Put `load` on the server from a process of its own."""
    assert server._process
    job = Job(server.websocket_url, server._process.pid, delivery, *load)
    ended = run([sys.executable, "-m", "benchmarks.load", json.dumps(job)])
    return Done(*json.loads(ended.output))


def compare(load: _Load, rounds: int = _ROUNDS) -> dict[str, list[Done]]:
    """Put `load` on each kind of server in turns."""
    servers: dict[str, tuple[Server, str]] = {
        _OURS: (LocalServer(environment={"DELIVERY": ADDRESSED}), ADDRESSED),
        _THEIRS: (ReferenceServer(), BROADCAST),
        _OURS_BROADCASTING: (LocalServer(environment={"DELIVERY": BROADCAST}), BROADCAST),
    }
    try:
        for server, _ in servers.values():
            server.start()

        def put(name: str) -> Done:
            return do(*servers[name], load)

        return in_turns({name: lambda name=name: put(name) for name in servers}, rounds)
    finally:
        for server, _ in servers.values():
            server.stop()
