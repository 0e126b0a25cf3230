"""Run the benchmarks: `python -m benchmarks`, or only some: `python -m benchmarks costs growth`."""

import sys
from importlib import import_module

from benchmarks import ROOT
from rig.programs import chosen, run_all
from rig.report import Report, write

NAMES = ("cold_start", "fan_out", "requests", "costs", "local_server", "growth", "simulation")


def main() -> int:
    """Run, print and write each benchmark, and return 1 if one of its bounds does not hold."""
    names = chosen("benchmarks", __doc__, NAMES)

    def keep(name: str, report: Report, parts: list[str], where: str) -> None:
        write(report, ROOT / "benchmarks" / "results", name, where)

    return run_all(
        names or NAMES,
        "make bench",
        lambda name: import_module(f"benchmarks.{name}").report(),
        keep,
    )


if __name__ == "__main__":
    sys.exit(main())
