"""Rehearse what can go wrong: `python -m rehearsals`, or only some: `python -m rehearsals posts`.

The tables go into docs/reliability.md.
"""

import sys
from collections.abc import Callable
from importlib import import_module

from local import ROOT
from rig.programs import chosen, run_all
from rig.report import Report, write_section

NAMES = (
    *("posts", "table", "vanish", "herd", "crowd", "deaf", "flood", "hostile", "malformed"),
    *("large_room", "pages", "hour"),
)
PAGE = ROOT / "docs" / "reliability.md"


def main() -> int:
    """Run, print and write each rehearsal, and return 1 if something promised does not hold.

    All but the hour are run, if none is named.
    """
    names = chosen("rehearsals", __doc__, NAMES) or NAMES[:-1]

    def keep(name: str, report: Report, parts: list[str], where: str) -> None:
        write_section(PAGE, name, parts)

    return run_all(names, "make rehearse", lambda name: rehearsal(name)(False), keep)


def rehearsal(name: str) -> Callable[[bool], Report]:
    """Return the function `rehearse` of the module `name`, which is told whether to be short."""
    function: Callable[[bool], Report] = import_module(f"rehearsals.{name}").rehearse
    return function


if __name__ == "__main__":
    sys.exit(main())
