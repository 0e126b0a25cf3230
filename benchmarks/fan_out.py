"""Warm publish: what it takes to post to everyone in a room, on a whole core and on little of one.

A process handles one publish, which opens connections, and then some that are timed.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from benchmarks.runtime import Deployed, python_version
from benchmarks.stub import Stub
from rig.measure import Share, can_limit_cpu, in_turns, ratio, significant, spread
from rig.report import Bar, Check, Report
from signaling.aws import lean

_LEAN, _BOTO3 = "lean", "boto3"
_ROOMS = {1: 30, 10: 12, 100: 6, 1_000: 1}
"""Subscribers, and timed publishes in one process to a room of so many."""
_LARGEST_ROOM = 10_000
_SHORT, _LONG = 5, 20
_ROUNDS = 3
_SMALL_SHARE = 1 / 7
"""Of a core: a function of 256 MB has this much, one of 1,769 MB a whole one.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""
_MOST_CPU_OF_BOTO3 = 1 / 6
_MOST_WALL_OF_IDEAL = 1.5
_INVOCATION_SECONDS = 29
_PLOTTED_ROOM = 100


class _Case(NamedTuple):
    milliseconds: int
    """Until each answer."""
    share: float
    """Of a core."""
    subscribers: int


class _Figures(NamedTuple):
    """One process: medians of its fan-outs, in milliseconds."""

    cpu_a_post: float
    wall: float
    not_delivered: int


_Results = dict[_Case, dict[str, list[_Figures]]]


def report() -> Report:
    """Return CPU time a post and wall time of a fan-out for both clients."""
    shares = (1.0, _SMALL_SHARE) if can_limit_cpu() else (1.0,)
    results: _Results = {}
    deployed = Deployed()
    try:
        for milliseconds in (_SHORT, _LONG):
            stub = Stub(milliseconds)
            try:
                for share in shares:
                    for subscribers in _ROOMS:
                        case = _Case(milliseconds, share, subscribers)
                        results[case] = _measure(stub, deployed, case)
                if milliseconds == _LONG:
                    largest = _publish(stub, deployed, _LEAN, _largest_case(), 1)
            finally:
                stub.stop()
    finally:
        deployed.remove()
    return _report(results, largest, is_limited=len(shares) > 1)


def _largest_case() -> _Case:
    return _Case(_LONG, 1.0, _LARGEST_ROOM)


def _measure(stub: Stub, deployed: Deployed, case: _Case) -> dict[str, list[_Figures]]:
    is_slow = case.share < 1
    repeat = max(1, _ROOMS[case.subscribers] // (6 if is_slow else 1))
    programs: dict[str, Callable[[], _Figures]] = {
        name: partial(_publish, stub, deployed, name, case, repeat) for name in (_LEAN, _BOTO3)
    }
    return in_turns(programs, 1 if is_slow else _ROUNDS)


def _publish(stub: Stub, deployed: Deployed, client: str, case: _Case, repeat: int) -> _Figures:
    timed = deployed.publish(stub, client, case.subscribers, repeat, Share(case.share)).fan_outs
    return _Figures(
        spread([1000 * each.cpu_seconds / case.subscribers for each in timed]).median,
        spread([1000 * each.wall_seconds for each in timed]).median,
        sum(each.gone + each.failed for each in timed),
    )


def _report(results: _Results, largest: _Figures, is_limited: bool) -> Report:
    rows: list[tuple[str, ...]] = []
    for case, of_clients in results.items():
        lean, boto3 = of_clients[_LEAN], of_clients[_BOTO3]
        cpu = [[each.cpu_a_post for each in figures] for figures in (lean, boto3)]
        walls = [spread([each.wall for each in figures]).median for figures in (lean, boto3)]
        rows.append(
            (
                f"{case.subscribers:,}, {case.milliseconds} ms, "
                f"{'1 core' if case.share == 1 else '1/7 core'}",
                *(significant(spread(figures).median) for figures in cpu),
                ratio(*cpu).text(2),
                *(significant(wall) for wall in walls),
            )
        )
    rows.append(
        (
            f"{_LARGEST_ROOM:,}, {_LONG} ms, 1 core",
            significant(largest.cpu_a_post),
            "",
            "",
            significant(largest.wall),
            "",
        )
    )
    plotted = results[_Case(_LONG, 1.0, _PLOTTED_ROOM)]
    return Report(
        "fan_out",
        "A warm publish to a room",
        (
            "posts, delay, processor",
            "lean: CPU ms a post",
            "boto3: CPU ms a post",
            "lean over boto3",
            "lean: wall ms",
            "boto3: wall ms",
        ),
        rows,
        [
            "Posts over TLS to a stub of @connections that answers after the delay; only the "
            f"fan-out is timed, not the Query before it. {python_version()}; medians of "
            f"{_ROUNDS} rounds in turns, the ratio with quartiles (at 1/7 core: one round).",
            *([] if is_limited else ["1/7 core was skipped: no control group can be made here."]),
        ],
        _checks(plotted, largest),
        f"CPU milliseconds a post, {_PLOTTED_ROOM} posts at {_LONG} ms",
        [
            Bar(name, spread([each.cpu_a_post for each in figures]).median, name == _LEAN)
            for name, figures in plotted.items()
        ],
    )


def _checks(plotted: dict[str, list[_Figures]], largest: _Figures) -> list[Check]:
    cpu = {name: [each.cpu_a_post for each in figures] for name, figures in plotted.items()}
    wall = spread([each.wall for each in plotted[_LEAN]]).median
    in_flight = lean.connections_for(_PLOTTED_ROOM, idle=0)  # fewer than IN_FLIGHT for a small room
    ideal = _LONG * math.ceil(_PLOTTED_ROOM / in_flight)
    return [
        Check(
            f"CPU of lean over boto3's, {_PLOTTED_ROOM} posts",
            ratio(cpu[_LEAN], cpu[_BOTO3]).median,
            _MOST_CPU_OF_BOTO3,
        ),
        Check(
            f"Wall ms of lean over {_LONG} ms times ceil({_PLOTTED_ROOM} / {in_flight} in flight)",
            wall / ideal,
            _MOST_WALL_OF_IDEAL,
        ),
        Check(
            f"Seconds for {_LARGEST_ROOM:,} posts", largest.wall / 1000, _INVOCATION_SECONDS - 0.5
        ),
        Check(f"Of {_LARGEST_ROOM:,} posts not delivered", largest.not_delivered, 0),
    ]
