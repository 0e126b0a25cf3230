"""Run the benchmarks: `python -m benchmarks`, or only some: `python -m benchmarks costs growth`."""

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

from benchmarks import ROOT
from rig.measure import Clock
from rig.report import Report, markdown, measured_on, write

NAMES = (
    "cold_start",
    "memory",
    "fan_out",
    "requests",
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
    # Clients of AWS in the benchmarks and their children are to find no account.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"] = "us-east-1"
    os.environ["AWS_ACCESS_KEY_ID"] = os.environ["AWS_SECRET_ACCESS_KEY"] = "local"
    where = measured_on()
    failed = 0
    for name in options.names or NAMES:
        with Clock() as clock:
            report: Report = import_module(f"benchmarks.{name}").report()
        print(markdown(report, where))
        print(f"({name} took {clock.seconds:.0f} s)\n", flush=True)
        write(report, options.results, where)
        failed += sum(not check.holds for check in report.checks)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
