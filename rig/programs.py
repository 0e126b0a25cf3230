"""Benchmarks and rehearsals by name: a module each, which returns a report."""

import argparse
from collections.abc import Callable, Sequence

from rig.aws import forget_aws_account
from rig.measure import Clock
from rig.report import Report, measured_on

Run = Callable[[str], Report]
Keep = Callable[[str, Report, list[str], str], None]
"""Takes a name, its report, the paragraphs of it, and where and when it was made."""


def chosen(package: str, description: str | None, names: Sequence[str]) -> list[str]:
    """Read the command line of `python -m <package>`: some of `names`."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {package}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", help=f"some of {', '.join(names)}")
    given: list[str] = parser.parse_args().names
    if unknown := set(given) - set(names):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    return given


def run_all(names: Sequence[str], command: str, run: Run, keep: Keep) -> int:
    """Run, print and keep each, and return 1 if something that must hold does not.

    `command` is the make target by which each says that it was made.
    """
    forget_aws_account()
    where = measured_on()
    failed = 0
    for name in names:
        with Clock() as clock:
            report = run(name)
        parts = report.parts(name, f"{command} ROWS={name}", where)
        print(*parts, f"({name} took {clock.seconds:.0f} s)\n", sep="\n\n", flush=True)
        keep(name, report, parts, where)
        failed += not report.holds
    return 1 if failed else 0
