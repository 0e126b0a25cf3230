"""What a function's memory buys: how long a first and a warm publish take, and what they cost.

Lambda gives a function as much of a processor as it has of 1,769 MB, but a whole one while it is
imported: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

import math
from functools import partial
from typing import NamedTuple

from samtranslator.yaml_helper import yaml_parse

from benchmarks import ROOT
from benchmarks.runtime import LAMBDAS_BOOTSTRAP, Life, deployed, python_version
from rig.measure import can_limit_cpu, in_turns, significant, spread
from rig.report import Bar, Check, Report
from traffic.prices import Prices

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
    is_limited = can_limit_cpu()  # if no control group can be made, smaller functions are skipped
    sizes = sorted({*_SIZES, default}) if is_limited else [WHOLE_PROCESSOR]
    cases = [Case(megabytes, subscribers) for megabytes in sizes for subscribers in _ROOMS]
    with deployed(_MILLISECONDS) as function:
        programs = {
            case: partial(
                function.publish,
                "lean",
                case.subscribers,
                _WARM,
                case.megabytes / WHOLE_PROCESSOR,
                imported_before=(LAMBDAS_BOOTSTRAP, "time"),
            )
            for case in cases
        }
        lives = in_turns(programs, _ROUNDS)
    first = {case: figures(case, _first(lives[case])) for case in cases}
    warm = {case: figures(case, _warm(lives[case])) for case in cases}
    return Report(
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
                *(
                    f"${significant(each[case][price])}"
                    for each in (first, warm)
                    for price in (1, 2)
                ),
            )
            for case in cases
        ],
        _checks(default, first, warm) if is_limited else [],
        plot_title=f"Milliseconds of a first publish to a room of {_PLOTTED_ROOM}",
        bars=[
            Bar(f"{case.megabytes:,} MB", first[case].milliseconds, case.megabytes == default)
            for case in cases
            if case.subscribers == _PLOTTED_ROOM
        ],
        by=python_version(),
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
