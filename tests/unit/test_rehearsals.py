"""What a rehearsal found becomes a section of a page."""

from pathlib import Path

import pytest

from rehearsals.report import Part, findings
from rig.report import Check, write_section

PART = Part("in memory", "10", "9", "8", "1 s")
FOUND = findings([PART._replace(checks=[Check("lost", 1, 0)], bounds=[Check("seconds", 1, 2)])])


def test_what_went_wrong_is_added_up_and_of_times_the_longest_counts() -> None:
    other = Part(*PART[:5], [Check("lost", 2), Check("hops", 3, 5)], [Check("seconds", 3, 2)])
    first = Part(*PART[:5], [Check("lost", 1), Check("hops", 4, 5)], [Check("seconds", 1, 2)])
    both = findings([first, other])
    assert both.checks == [Check("lost", 3, 0), Check("hops", 4, 5)]
    assert both.bounds == [Check("seconds", 3, 2)]


@pytest.mark.parametrize(("lost", "seconds", "holds"), [(0, 1, True), (1, 1, False), (0, 3, False)])
def test_findings_hold_if_what_is_promised_and_bounds_do(
    lost: int, seconds: int, holds: bool
) -> None:
    found = FOUND._replace(checks=[Check("lost", lost, 0)], bounds=[Check("seconds", seconds, 2)])
    assert found.holds is holds


def test_a_section_takes_the_place_of_the_one_before_and_words_stay(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    words = "## A\n\n{}\n\nWords.\n\n{}"
    old = words.format("| old |\n\n- checked: 1\n\n![plot](a.svg)", "`make a` then.")
    page.write_text(f"# Page\n\n<!-- a -->\n\n{old}\n\n<!-- end of a -->\n\n<!-- b -->\n")
    for table in (r"| \1 |", "| new |"):
        write_section(page, "a", [table, "`make a` now."])
    new = words.format("| new |", "`make a` now.")
    assert page.read_text() == (
        f"# Page\n\n<!-- a -->\n\n{new}\n\n<!-- end of a -->\n\n<!-- b -->\n"
    )
