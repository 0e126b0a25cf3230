"""What a rehearsal found becomes a section of a page."""

from pathlib import Path

import pytest

from rehearsals.report import Findings, Row, markdown, write
from rig.report import Check

FINDINGS = Findings(
    "Lost posts",
    [Row("in memory", "10", "9", "8", "1 s")],
    [Check("lost", 1, 0)],
    [Check("seconds", 1, 2)],
    ["How."],
)


def test_findings_are_a_section_with_a_table_and_all_checks() -> None:
    text = markdown("posts", FINDINGS, "a machine")
    assert text.startswith("## Lost posts\n\n|  | sent | had to arrive | arrived | figures |\n")
    assert "| --- | --- | --- | --- | --- |\n| in memory | 10 | 9 | 8 | 1 s |" in text
    assert "- lost: 1.00, must be at most 0: DOES NOT HOLD\n- seconds: 1.00" in text
    assert text.endswith("How.\n\n`make rehearse ROWS=posts` on a machine.")


@pytest.mark.parametrize(("lost", "seconds", "holds"), [(0, 1, True), (1, 1, False), (0, 3, False)])
def test_findings_hold_if_guarantees_and_bounds_do(lost: int, seconds: int, holds: bool) -> None:
    found = FINDINGS._replace(
        guarantees=[Check("lost", lost, 0)], bounds=[Check("seconds", seconds, 2)]
    )
    assert found.holds is holds


def test_a_section_takes_the_place_of_the_one_before_and_no_other(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n<!-- a --><!-- end of a -->\n\n<!-- b --><!-- end of b -->\n")
    for section in (r"old \1", "new"):
        write(page, "a", section)
    written = "# Page\n\n<!-- a -->\n\nnew\n\n<!-- end of a -->\n\n<!-- b --><!-- end of b -->\n"
    assert page.read_text() == written
    with pytest.raises(ValueError, match="no place for c"):
        write(page, "c", "section")
    assert page.read_text() == written
