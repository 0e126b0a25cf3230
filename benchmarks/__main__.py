"""Run the benchmarks: `python -m benchmarks`, or only some: `python -m benchmarks costs growth`."""

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

from benchmarks import ROOT
from rig.aws import forget_aws_account
from rig.measure import Clock
from rig.report import Report, measured_on, write

NAMES = (
    "cold_start",
    "fan_out",
    "costs",
    "local_server",
    "growth",
    "simulation",
)


def main() -> int:
    """Run, print and write each benchmark, and return 1 if one of its bounds does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"some of {', '.join(NAMES)}; all by default")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results")
    options = parser.parse_args()
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    forget_aws_account()
    os.environ["AWS_REGION"] = "us-east-1"  # where Lambda tells it
    where = measured_on()
    failed = 0
    for name in options.names or NAMES:
        with Clock() as clock:
            report: Report = import_module(f"benchmarks.{name}").report()
        parts = report.parts(name, f"make bench ROWS={name}", where)
        print(*parts, f"({name} took {clock.seconds:.0f} s)\n", sep="\n\n", flush=True)
        write(report, options.results, name, where)
        failed += not report.holds
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
