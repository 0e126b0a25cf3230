"""What a benchmark found: printed, and written as a Markdown table with a plot."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import NamedTuple

from rig.measure import significant

_LABEL_WIDTH, _BAR_WIDTH, _FIGURE_WIDTH = 250, 380, 90
_BAR_HEIGHT, _BAR_GAP, _TOP = 16, 6, 34


class Bar(NamedTuple):
    """One line of a plot."""

    label: str
    figure: float
    is_ours: bool = False
    """Drawn in the stronger colour."""


class Check(NamedTuple):
    """A bound that a figure must keep."""

    what: str
    figure: float
    bound: float
    is_least: bool = False
    """Whether `bound` is the least that will do, not the most."""

    @property
    def holds(self) -> bool:
        """Whether the figure keeps its bound."""
        return self.figure >= self.bound if self.is_least else self.figure <= self.bound

    @property
    def text(self) -> str:
        """The check in words."""
        bound = f"{'at least' if self.is_least else 'at most'} {significant(self.bound)}"
        verdict = "holds" if self.holds else "DOES NOT HOLD"
        return f"{self.what}: {significant(self.figure)}, must be {bound}: {verdict}"


class Report(NamedTuple):
    """The findings of one benchmark."""

    name: str
    """Stem of its files."""
    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    notes: list[str]
    """What was measured how: sentences below the table."""
    checks: list[Check]
    plot_title: str
    bars: list[Bar]
    command: str = ""
    """What makes it, if not `make bench`."""


def measured_on() -> str:
    """Return what this machine is, and the day."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    processor = models[0] if models else platform.machine()
    day = datetime.now(UTC).date().isoformat()
    return f"{os.cpu_count()} cores of {processor}, Linux {platform.release()}, {day}"


def markdown(report: Report, where: str) -> str:
    """Return the report as Markdown; `where` tells what it was measured on, and when."""
    parts = [f"# {report.title}", table(report.columns, report.rows, alignment="---:")]
    if report.checks:
        parts.append("\n".join(f"- {check.text}" for check in report.checks))
    parts += report.notes
    if report.bars:
        parts.append(f"![{report.plot_title}]({report.name}.svg)")
    command = report.command or f"make bench ROWS={report.name}"
    return "\n\n".join([*parts, f"`{command}` on {where}."]) + "\n"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], alignment: str) -> str:
    """Return a Markdown table whose columns, but for the first, have this `alignment`."""
    head = [columns, ("---", *(alignment for _ in columns[1:]))]
    return "\n".join(f"| {' | '.join(row)} |" for row in [*head, *rows])


def kept_rows(file: Path) -> list[list[str]]:
    """Return the rows of the table that `write` has left in `file`, if it is there."""
    if not file.exists():
        return []
    lines = [line for line in file.read_text().splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def svg(title: str, bars: list[Bar]) -> str:
    """Return `bars` as an SVG image, the longest over the whole width."""
    longest = max(bar.figure for bar in bars) or 1.0
    width = _LABEL_WIDTH + _BAR_WIDTH + _FIGURE_WIDTH
    height = _TOP + len(bars) * (_BAR_HEIGHT + _BAR_GAP) + _BAR_GAP
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="system-ui, sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="8" y="20" font-size="14" font-weight="bold">{escape(title)}</text>',
    ]
    for number, bar in enumerate(bars):
        top = _TOP + number * (_BAR_HEIGHT + _BAR_GAP)
        length = max(1.0, bar.figure / longest * _BAR_WIDTH)
        color = "#1a73e8" if bar.is_ours else "#b8bfc7"
        lines += [
            f'<text x="{_LABEL_WIDTH - 8}" y="{top + 12}" text-anchor="end">'
            f"{escape(bar.label)}</text>",
            f'<rect x="{_LABEL_WIDTH}" y="{top}" width="{length:.1f}" '
            f'height="{_BAR_HEIGHT}" fill="{color}"/>',
            f'<text x="{_LABEL_WIDTH + length + 6:.1f}" y="{top + 12}">'
            f"{significant(bar.figure)}</text>",
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"


def write(report: Report, folder: Path, where: str) -> None:
    """Write the report into `folder`, with a plot beside it if it has one."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{report.name}.md").write_text(markdown(report, where))
    if report.bars:
        (folder / f"{report.name}.svg").write_text(svg(report.plot_title, report.bars))
