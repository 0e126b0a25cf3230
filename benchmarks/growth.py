"""How the cost of joins, signals and announces grows with the room, told by AWS's own engine.

Each is told beside that at the size before: along a straight line that is 1.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import NamedTuple

from benchmarks.counting import local_table
from rig.measure import significant
from rig.metering import MeasuredRoom, Usage
from rig.report import Check, Report

_LARGE = (1_000, 10_000)
_SIZES = (10, 100, 101, *_LARGE)
"""Members of the room, with the newcomer that is measured. With 101 it has just become large, and a
join lists the members that it meets, once."""
_NEWCOMERS = 20
_OPERATIONS = "a join", "an offer", "an answer", "a signal after a pause", "another announce"
_FIGURES: dict[str, Callable[[Usage], float]] = {
    "requests": lambda used: sum(used.requests.values()),
    "posts": lambda used: used.posts + used.questions,
    "read units": lambda used: used.read_units,
    "write units": lambda used: used.write_units,
}
_MOST_OVER_LINE = 1.5
_MOST_IN_LARGE_ROOMS = {
    "requests of a join": 8,
    "posts of a join": 40,
    "write units of a join": 8,
    "write units of another announce": 2,
    "requests of an offer": 3,
    "posts of an offer": 2,
    "requests of a signal after a pause": 3,
    "posts of a signal after a pause": 2,
}


class Growth(NamedTuple):
    """A cost of an operation at several sizes of the room."""

    what: str
    costs: Mapping[int, float]

    def over_line(self) -> list[float]:
        """Return the cost at each size but the first over that at the size before, if any."""
        return [cost / (before or cost or 1) for before, cost in pairwise(self.costs.values())]


def report() -> Report:
    """Return how each cost grows: each figure is the most of several newcomers."""
    with local_table() as (client, table):
        growths = _growths(MeasuredRoom(client, table))
    rows, checks = [], []
    for growth in growths:
        over_line = growth.over_line()
        told = ["", *map(significant, over_line)]
        for (size, cost), each in zip(growth.costs.items(), told, strict=True):
            rows.append((f"{growth.what} in a room: {size:,}", significant(cost), each))
        what = f"{growth.what} in a room, {_SIZES[-1]:,}, over a straight line"
        checks.append(Check(what, over_line[-1], _MOST_OVER_LINE))
    for growth in growths:
        if most := _MOST_IN_LARGE_ROOMS.get(growth.what):
            what = f"{growth.what.capitalize()} in a room of 1,000 or more"
            checks.append(Check(what, max(growth.costs[size] for size in _LARGE), most))
    return Report(("size", "cost", "over the size before"), rows, checks)


def _growths(room: MeasuredRoom) -> list[Growth]:
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for size in _SIZES:
        room.fill(size - 1)
        usages = zip(*(room.join_and_signal() for _ in range(_NEWCOMERS)), strict=True)
        for operation, used in zip(_OPERATIONS, usages, strict=True):
            for what, figure in _FIGURES.items():
                found[f"{what} of {operation}"][size] = max(map(figure, used))
    return [Growth(what, costs) for what, costs in found.items() if any(costs.values())]
