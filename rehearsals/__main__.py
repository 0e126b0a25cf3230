"""Rehearse what can go wrong: `python -m rehearsals`, or only some: `python -m rehearsals posts`.

The tables go into docs/reliability.md, unless `--short` only looks whether all that is promised
holds, with few clients and little time.
"""

import argparse
import sys
from collections.abc import Callable
from importlib import import_module

from local import ROOT
from rig.aws import forget_aws_account
from rig.measure import Clock
from rig.report import Report, measured_on, write_section

NAMES = (
    *("posts", "table", "vanish", "herd", "crowd", "deaf", "flood", "hostile", "malformed"),
    *("large_room", "pages", "hour"),
)
_MINUTES = tuple(name for name in NAMES if name != "hour")
"""What `make rehearse` runs unless it is told."""
PAGE = ROOT / "docs" / "reliability.md"


def main() -> int:
    """Run, print and write each rehearsal, and return 1 if something promised does not hold."""
    parser = argparse.ArgumentParser(
        prog="python -m rehearsals",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "names", nargs="*", help=f"some of {', '.join(NAMES)}; all but the hour by default"
    )
    parser.add_argument("--short", action="store_true", help="few clients, and write nothing")
    options = parser.parse_args()
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"no such rehearsal: {', '.join(sorted(unknown))}")
    forget_aws_account()
    where = measured_on()
    failed = 0
    for name in options.names or _MINUTES:
        with Clock() as clock:
            report = rehearsal(name)(options.short)
        parts = report.parts(name, f"make rehearse ROWS={name}", where)
        print(*parts, f"({name} took {clock.seconds:.0f} s)\n", sep="\n\n", flush=True)
        if not options.short:
            write_section(PAGE, name, parts)
        failed += not report.holds
    return 1 if failed else 0


def rehearsal(name: str) -> Callable[[bool], Report]:
    """Return the function `rehearse` of the module `name`, which is told whether to be short."""
    function: Callable[[bool], Report] = import_module(f"rehearsals.{name}").rehearse
    return function


if __name__ == "__main__":
    sys.exit(main())
