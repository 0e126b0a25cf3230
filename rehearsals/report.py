"""What a rehearsal found: a section of docs/reliability.md, whose words are in that page."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rig.report import Check, Report


class Part(NamedTuple):
    """One line of a rehearsal's table, and what was promised about it."""

    what: str
    """What went wrong, and where."""
    sent: str
    due: str
    arrived: str
    figures: str
    """Times, memory and what else was measured."""
    checks: Sequence[Check] = ()
    """What must hold everywhere."""
    bounds: Sequence[Check] = ()
    """Times and memory, which depend on the machine."""


def findings(parts: Sequence[Part]) -> Report:
    """Return all `parts`. What must not happen is added up; of other figures the largest counts."""
    columns = ("", "sent", "had to arrive", "arrived", "figures")
    checks = _together(check for part in parts for check in part.checks)
    bounds = _together(check for part in parts for check in part.bounds)
    return Report(columns, [part[:5] for part in parts], checks, bounds, alignment="---")


def _together(checks: Iterable[Check]) -> list[Check]:
    found: dict[str, Check] = {}
    for check in checks:
        before = found.setdefault(check.what, check._replace(figure=0.0)).figure
        figure = before + check.figure if check.bound == 0 else max(before, check.figure)
        found[check.what] = check._replace(figure=figure)
    return list(found.values())
