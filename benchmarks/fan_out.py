"""Warm publish: what it takes to post to everyone in a room.

A process handles one publish, which opens connections, and then some that are timed.
"""

import math
from functools import partial
from typing import NamedTuple

from benchmarks.runtime import Deployed, deployed, python_version
from rig.measure import in_turns, ratio, significant, spread
from rig.report import Bar, Check, Report
from signaling.aws import lean

_LEAN, _BOTO3 = "lean", "boto3"
_ROOMS = {1: 30, 10: 12, 100: 6, 1_000: 1}
"""Subscribers, and timed publishes in one process to a room of so many."""
_LARGEST_ROOM = 10_000
_MILLISECONDS = 20
"""Until each answer."""
_ROUNDS = 3
_MOST_CPU_OF_BOTO3 = 1 / 6
_MOST_WALL_OF_IDEAL = 1.5
_MOST_SECONDS = 28.5
"""Of the 29 that API Gateway waits."""
_PLOTTED_ROOM = 100


class _Figures(NamedTuple):
    """One process: medians of its fan-outs, in milliseconds."""

    cpu_a_post: float
    wall: float
    not_delivered: int


def report() -> Report:
    """Return CPU time a post and wall time of a fan-out for both clients."""
    cpu: dict[int, list[list[float]]] = {}
    walls: dict[int, list[float]] = {}
    with deployed(_MILLISECONDS) as function:
        for room, repeat in _ROOMS.items():
            programs = {
                name: partial(_publish, function, name, room, repeat) for name in (_LEAN, _BOTO3)
            }
            found = in_turns(programs, _ROUNDS).values()
            cpu[room] = [[each.cpu_a_post for each in figures] for figures in found]
            walls[room] = [spread([each.wall for each in figures]).median for figures in found]
        largest = _publish(function, _LEAN, _LARGEST_ROOM, 1)
    rows = [
        (
            f"{room:,}",
            *(significant(spread(figures).median) for figures in cpu[room]),
            ratio(*cpu[room]).text(2),
            *(significant(wall) for wall in walls[room]),
        )
        for room in _ROOMS
    ]
    last = significant(largest.cpu_a_post), "", "", significant(largest.wall), ""
    in_flight = lean.connections_for(_PLOTTED_ROOM, idle=0)  # fewer than IN_FLIGHT for a small room
    ideal = _MILLISECONDS * math.ceil(_PLOTTED_ROOM / in_flight)
    over_ideal = f"Wall ms of lean over 20 ms times ceil({_PLOTTED_ROOM} / {in_flight} in flight)"
    share = ratio(*cpu[_PLOTTED_ROOM]).median
    return Report(
        (
            "posts",
            "lean: CPU ms a post",
            "boto3: CPU ms a post",
            "lean over boto3",
            "lean: wall ms",
            "boto3: wall ms",
        ),
        [*rows, (f"{_LARGEST_ROOM:,}", *last)],
        [
            Check(f"CPU of lean over boto3's, {_PLOTTED_ROOM} posts", share, _MOST_CPU_OF_BOTO3),
            Check(over_ideal, walls[_PLOTTED_ROOM][0] / ideal, _MOST_WALL_OF_IDEAL),
            Check(f"Seconds for {_LARGEST_ROOM:,} posts", largest.wall / 1000, _MOST_SECONDS),
            Check(f"Of {_LARGEST_ROOM:,} posts not delivered", largest.not_delivered, 0),
        ],
        plot_title=f"CPU milliseconds a post, {_PLOTTED_ROOM} posts at {_MILLISECONDS} ms",
        bars=[
            Bar(name, spread(figures).median, name == _LEAN)
            for name, figures in zip((_LEAN, _BOTO3), cpu[_PLOTTED_ROOM], strict=True)
        ],
        by=python_version(),
    )


def _publish(function: Deployed, client: str, room: int, repeat: int) -> _Figures:
    timed = function.publish(client, room, repeat).fan_outs
    return _Figures(
        spread([1000 * each.cpu_seconds / room for each in timed]).median,
        spread([1000 * each.wall_seconds for each in timed]).median,
        sum(each.not_delivered for each in timed),
    )
