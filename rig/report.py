"""What a benchmark or rehearsal found, written among the words of the page that tells of it."""

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import NamedTuple

from rig.measure import significant

_LABEL_WIDTH, _BAR_WIDTH, _FIGURE_WIDTH = 250, 380, 90
_BAR_HEIGHT, _BAR_GAP, _TOP = 16, 6, 34
_KINDS = ("| ", "- ", "![", "`m")
"""How the paragraphs begin that are written: `make ...` is the last."""


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
    bound: float = 0
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
    """The findings of one benchmark or rehearsal."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    checks: Sequence[Check]
    """What must hold, on every machine if it is a rehearsal's."""
    bounds: Sequence[Check] = ()
    """Of a rehearsal: times and memory, which depend on the machine."""
    more: str = ""
    """Another table."""
    plot_title: str = ""
    bars: Sequence[Bar] = ()
    by: str = ""
    """What it was measured with, beside the machine."""
    alignment: str = "---:"
    """Of all columns but the first."""

    @property
    def holds(self) -> bool:
        """Whether all that must hold does."""
        return all(check.holds for check in [*self.checks, *self.bounds])

    def parts(self, name: str, command: str, where: str) -> list[str]:
        """Return the paragraphs that are to be written, of `name` by a make target, `where`."""
        parts = [
            table(self.columns, self.rows, self.alignment),
            "\n".join(f"- {check.text}" for check in [*self.checks, *self.bounds]),
            self.more,
            f"![{self.plot_title}]({name}.svg)" if self.bars else "",
            f"`{command}` on {where}{f', {self.by}' if self.by else ''}.",
        ]
        return [part for part in parts if part]


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


def renewed(text: str, parts: Sequence[str]) -> str:
    """Return the page `text` with each of `parts` in the place of the old one of its kind.

    Tables, checks, plots and the line that says what was run are such parts. All other paragraphs
    are words about them, and stay.
    """
    waiting, paragraphs = list(parts), []
    for paragraph in text.strip().split("\n\n") if text.strip() else []:
        kind = paragraph[:2]
        new = next((part for part in waiting if part[:2] == kind), None)
        if new is not None:
            waiting.remove(new)
            paragraphs.append(new)
        elif kind not in _KINDS:
            paragraphs.append(paragraph)
    return "\n\n".join([*paragraphs, *waiting])


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


def svg(title: str, bars: Sequence[Bar]) -> str:
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


def write(report: Report, folder: Path, name: str, where: str, command: str = "") -> None:
    """Write the report into its page in `folder`, with a plot beside it if it has one."""
    page = folder / f"{name}.md"
    text = page.read_text() if page.exists() else ""
    folder.mkdir(parents=True, exist_ok=True)
    parts = report.parts(name, command or f"make bench ROWS={name}", where)
    page.write_text(renewed(text, parts) + "\n")
    if report.bars:
        (folder / f"{name}.svg").write_text(svg(report.plot_title, report.bars))


def write_section(page: Path, name: str, parts: Sequence[str]) -> None:
    """Write `parts` into the place that `page` has for `name`.

    Raises:
        ValueError: the page has no such place.
    """
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    text = page.read_text()
    found = re.search(f"{begin}(.*?){end}", text, re.DOTALL)
    if not found:
        raise ValueError(f"{page} has no place for {name}: {begin}{end}")
    section = f"{begin}\n\n{renewed(found[1], parts)}\n\n{end}"
    page.write_text(text[: found.start()] + section + text[found.end() :])
