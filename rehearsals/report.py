"""What a rehearsal found: a section of docs/reliability.md, whose words are in that page."""

from collections.abc import Sequence
from typing import NamedTuple

from rig.report import Check, Report


class Row(NamedTuple):
    """One line of a rehearsal's table."""

    what: str
    """What went wrong, and where."""
    sent: str
    due: str
    arrived: str
    figures: str = ""
    """Times, memory and what else was measured."""


def findings(rows: Sequence[Row], checks: Sequence[Check], bounds: Sequence[Check] = ()) -> Report:
    """Return what must hold everywhere, and the times and memory, which depend on the machine."""
    columns = ("", "sent", "had to arrive", "arrived", "figures")
    return Report(columns, rows, checks, bounds, alignment="---")
