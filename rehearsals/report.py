"""What a rehearsal found, written as a section of docs/reliability.md."""

import re
from pathlib import Path
from typing import NamedTuple

from rig.report import Check, table

COLUMNS = ("", "sent", "had to arrive", "arrived", "figures")


class Row(NamedTuple):
    """One line of a rehearsal's table."""

    what: str
    """What went wrong, and where."""
    sent: str
    due: str
    arrived: str
    figures: str
    """Times, memory and what else was measured."""


class Findings(NamedTuple):
    """What a rehearsal found."""

    title: str
    rows: list[Row]
    guarantees: list[Check]
    """What must hold on every machine: what was lost, doubled, left over or never answered."""
    bounds: list[Check]
    """Times and memory, which depend on the machine."""
    notes: list[str]
    """What was done how: sentences below the table."""

    @property
    def holds(self) -> bool:
        """Whether all that must hold does."""
        return all(check.holds for check in [*self.guarantees, *self.bounds])


def markdown(name: str, findings: Findings, where: str) -> str:
    """Return the findings of the rehearsal `name`, made on the machine and day `where`."""
    checks = [f"- {check.text}" for check in [*findings.guarantees, *findings.bounds]]
    parts = [
        f"## {findings.title}",
        table(COLUMNS, findings.rows, alignment="---"),
        "\n".join(checks),
        *findings.notes,
        f"`make rehearse ROWS={name}` on {where}.",
    ]
    return "\n\n".join(part for part in parts if part)


def write(page: Path, name: str, section: str) -> None:
    """Put `section` in the place that `page` has for the rehearsal `name`.

    Raises:
        ValueError: the page has no such place.
    """
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    place = re.compile(f"{begin}.*?{end}", re.DOTALL)
    text, found = place.subn(lambda _: f"{begin}\n\n{section}\n\n{end}", page.read_text())
    if not found:
        raise ValueError(f"{page} has no place for {name}: {begin}{end}")
    page.write_text(text)
