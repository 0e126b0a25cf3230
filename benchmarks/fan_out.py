"""Warm publish: what it takes to post to everyone in a room, at full and at little CPU."""

import math
from typing import NamedTuple

from benchmarks.measure import Spread, can_limit_cpu, in_turns, ratio, significant, spread
from benchmarks.report import Bar, Check, Report
from benchmarks.runtime import Deployed, FanOut, fan_outs, python_version
from benchmarks.stub import Stub
from signaling.connections import IN_FLIGHT

_CLIENTS = ("lean", "boto3")
_ROOMS = {1: 40, 10: 20, 100: 10, 1_000: 2}
"""Subscribers, and publishes in one process to a room of so many."""
_LARGEST_ROOM = 10_000
_DELAYS = (5, 20)
_ROUNDS = 3
_SMALL_SHARE = 1 / 7
"""Of a core: a function of 256 MB has this much, one of 1,769 MB a whole one.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""
_MOST_CPU_OF_BOTO3 = 1 / 6
_MOST_WALL_OF_IDEAL = 1.5
_INVOCATION_SECONDS = 29


class _Case(NamedTuple):
    delay: int
    share: float
    subscribers: int


class _Figures(NamedTuple):
    """One process: medians of its fan-outs."""

    cpu_a_post: float
    """Milliseconds."""
    wall: float
    """Milliseconds."""
    failed: int


def report() -> Report:
    """Return CPU time a post and wall time of a fan-out, for each client."""
    shares = (1.0, _SMALL_SHARE) if can_limit_cpu() else (1.0,)
    results: dict[_Case, dict[str, list[_Figures]]] = {}
    deployed = Deployed()
    deployed.compile()  # warm: what the first start costs is no part of this
    try:
        for delay in _DELAYS:
            stub = Stub(delay)
            try:
                for share in shares:
                    for subscribers in _ROOMS:
                        case = _Case(delay, share, subscribers)
                        results[case] = _measure(stub, deployed, case)
                if delay == _DELAYS[-1]:
                    largest = _publish(stub, deployed, "lean", _Case(delay, 1.0, _LARGEST_ROOM), 1)
            finally:
                stub.stop()
    finally:
        deployed.remove()
    return _report(results, largest, skipped=len(shares) == 1)


def _measure(stub: Stub, deployed: Deployed, case: _Case) -> dict[str, list[_Figures]]:
    repeat = _ROOMS[case.subscribers]
    rounds = _ROUNDS
    if case.share < 1:
        repeat, rounds = max(1, repeat // 4), 1
    return in_turns(
        {name: _program(stub, deployed, name, case, repeat) for name in _CLIENTS}, rounds
    )
