"""What a function's memory buys: how long a first and a warm publish take, and what they cost.

Lambda gives a function as much of a processor as it has of 1,769 MB, but a whole one while it is
imported: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

import math
from functools import partial
from typing import NamedTuple

from samtranslator.yaml_helper import yaml_parse

from benchmarks import ROOT
from benchmarks.runtime import LAMBDAS_BOOTSTRAP, Deployed, Life, python_version
from benchmarks.stub import Stub
from rig.measure import Share, can_limit_cpu, in_turns, significant, spread
from rig.report import Bar, Check, Report
from traffic.prices import AS_OF, Prices

WHOLE_PROCESSOR = 1769
"""Megabytes that have one."""

_SIZES = (128, 256, 384, 512, 768, 1024, WHOLE_PROCESSOR)
_ROOMS = (1, 8, 35)
_MILLISECONDS = 5
_ROUNDS, _WARM = 9, 10
_PLOTTED_ROOM = 35
_MOST_SLOWER, _MOST_DEARER = 1.25, 1.05


class Case(NamedTuple):
    """A function that publishes to a room."""

    megabytes: int
    subscribers: int
    """Who get a post."""


class Figures(NamedTuple):
    """Milliseconds of a publish, and what a thousand such cost: dollars of Lambda, and in all."""

    milliseconds: float
    of_lambda: float
    in_all: float


def figures(case: Case, milliseconds: list[float]) -> Figures:
    """Return the median of `milliseconds`, and its price; Lambda bills each millisecond begun."""
    median, prices = spread(milliseconds).median, Prices()
    gigabyte_seconds = math.ceil(median) / 1000 * case.megabytes / 1024
    of_lambda = prices.invocation + gigabyte_seconds * prices.gigabyte_second
    others = (
        (1 + case.subscribers) * prices.websocket_message + prices.write_unit + prices.read_unit
    )
    return Figures(median, 1000 * of_lambda, 1000 * (of_lambda + others))


def report() -> Report:
    """Return times and prices of each size of function in each size of room."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    default = template["Parameters"]["MemorySize"]["Default"]
    sizes = sorted({*_SIZES, default}) if can_limit_cpu() else [WHOLE_PROCESSOR]
    cases = [Case(megabytes, subscribers) for megabytes in sizes for subscribers in _ROOMS]
    stub, deployed = Stub(_MILLISECONDS), Deployed()
    try:
        lives = in_turns({case: partial(_publish, stub, deployed, case) for case in cases}, _ROUNDS)
    finally:
        stub.stop()
        deployed.remove()
    first = {case: figures(case, _first(lives[case])) for case in cases}
    warm = {case: figures(case, _warm(lives[case])) for case in cases}
    return Report(
        "memory",
        "What the memory of a function buys",
        (
            "memory, room",
            "first publish, ms",
            "warm publish, ms",
            "1,000 first, of Lambda",
            "in all",
            "1,000 warm, of Lambda",
            "in all",
        ),
        [
            (
                f"{case.megabytes:,} MB{' (default)' if case.megabytes == default else ''}, "
                f"{case.subscribers}",
                significant(first[case].milliseconds),
                significant(warm[case].milliseconds),
                *(f"${significant(first[case][price])}" for price in (1, 2)),
                *(f"${significant(warm[case][price])}" for price in (1, 2)),
            )
            for case in cases
        ],
        [
            "An announce to a room of so many others: one write, one Query and a post to each, "
            f"over TLS to a stub that answers after {_MILLISECONDS} ms. {python_version()}; "
            f"medians of {_ROUNDS} processes in turns, with {_WARM} warm publishes each.",
            "A control group with a quota for each 20 ms gives a process as much of a processor as "
            "Lambda gives to that memory. Only to import the function it has a whole one, as in "
            "Lambda. A first publish is the CPU time of the import, which AWS "
            "[bills as well](https://aws.amazon.com/blogs/compute/"
            "aws-lambda-standardizes-billing-for-init-phase/), and the wall time of the first "
            "invocation. What Lambda takes to make an execution environment and to start Python "
            "comes on top, whatever the memory."
            if can_limit_cpu()
            else "Smaller functions were skipped: no control group can be made here.",
            f"Prices of {AS_OF}: in all means with API Gateway's messages and the table's units. "
            "More than the default makes a publish hardly faster, less makes it hardly cheaper.",
        ],
        _checks(default, first, warm) if len(sizes) > 1 else [],
        f"Milliseconds of a first publish to a room of {_PLOTTED_ROOM}",
        [
            Bar(
                f"{case.megabytes:,} MB",
                first[case].milliseconds,
                is_ours=case.megabytes == default,
            )
            for case in cases
            if case.subscribers == _PLOTTED_ROOM
        ],
    )


def _publish(stub: Stub, deployed: Deployed, case: Case) -> Life:
    return deployed.publish(
        stub,
        "lean",
        case.subscribers,
        _WARM,
        Share(case.megabytes / WHOLE_PROCESSOR, from_start=False),
        imported_before=(LAMBDAS_BOOTSTRAP, "time"),
    )


def _first(lives: list[Life]) -> list[float]:
    return [1000 * (each.initialized + each.invoked[0]) for each in lives]


def _warm(lives: list[Life]) -> list[float]:
    return [1000 * seconds for each in lives for seconds in each.invoked[1:]]


def _checks(default: int, first: dict[Case, Figures], warm: dict[Case, Figures]) -> list[Check]:
    slower = [
        times[Case(default, room)].milliseconds / times[Case(WHOLE_PROCESSOR, room)].milliseconds
        for times in (first, warm)
        for room in _ROOMS
    ]
    dearer = [
        warm[Case(default, room)].in_all
        / min(each.in_all for case, each in warm.items() if case.subscribers == room)
        for room in _ROOMS
    ]
    return [
        Check("Time with the default over that with a whole processor", max(slower), _MOST_SLOWER),
        Check("Dollars in all of a warm one over the cheapest", max(dearer), _MOST_DEARER),
    ]
