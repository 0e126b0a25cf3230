"""How everything here is measured: CPU times of processes, in turns, compared as ratios.

CPU time depends less than wall time on what else a machine does, a ratio of two of them taken
one after the other less still, and the median of such ratios least.
"""

import math
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

Name = TypeVar("Name")
T = TypeVar("T")

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Spread(NamedTuple):
    """The middle half of some figures: their median and quartiles."""

    median: float
    low: float
    high: float

    def text(self, digits: int = 3) -> str:
        """Return it as `median (low to high)`, to `digits` significant digits."""
        middle, low, high = (significant(each, digits) for each in self)
        return f"{middle} ({low} to {high})"


def spread(figures: Sequence[float]) -> Spread:
    """Return the median of `figures` with the quartiles beside it."""
    if len(figures) == 1:
        return Spread(figures[0], figures[0], figures[0])
    low, middle, high = statistics.quantiles(figures, n=4, method="inclusive")
    return Spread(middle, low, high)


def ratio(figures: Sequence[float], others: Sequence[float]) -> Spread:
    """Return the spread of `figures` over `others`, each divided by the one of the same round."""
    return spread([figure / other for figure, other in zip(figures, others, strict=True)])


def significant(figure: float, digits: int = 3) -> str:
    """Return `figure` rounded to `digits` significant digits, with commas, without an exponent."""
    if figure == 0:
        return "0"
    decimals = digits - 1 - math.floor(math.log10(abs(figure)))
    return f"{round(figure, decimals):,.{max(0, decimals)}f}"


def in_turns(programs: Mapping[Name, Callable[[], T]], rounds: int) -> dict[Name, list[T]]:
    """Call every one of `programs` once a round, and return what each gave."""
    results: dict[Name, list[T]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            results[name].append(program())
    return results


class Ended(NamedTuple):
    """A process that has ended well."""

    cpu_seconds: float
    """User and system time of all its threads."""
    output: str


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Ended:
    """Run `command`, with `environment` added to our own.

    Raises:
        RuntimeError: it failed.
    """
    process = subprocess.Popen(
        command, env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {output}")
    return Ended(usage.ru_utime + usage.ru_stime, output)


def cpu_seconds(process: int) -> float:
    """Return the CPU time that `process` has used so far, to a hundredth of a second."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def resident_bytes(process: int) -> int:
    """Return the memory that `process` holds now."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return int(kilobytes) * 1024


class Clock:
    """Wall time of a `with` block, in `seconds`."""

    def __enter__(self) -> "Clock":
        """Start."""
        self.seconds = 0.0
        self._started = time.perf_counter()
        return self

    def __exit__(self, *error: object) -> None:
        """Stop."""
        self.seconds = time.perf_counter() - self._started
