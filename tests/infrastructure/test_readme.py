"""What the docs say about the templates."""

import re
from pathlib import Path

from local import LAYER, ROOT
from tests.support.make import make
from tests.support.monitoring import EMAIL, deployed, of_type
from tests.support.translation import parameters


def test_the_table_of_parameters_is_that_of_the_template() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    table = page.partition("| parameter | default | meaning |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \| (?:`([^`]*)`)? *\|", table, re.MULTILINE)
    assert rows == list(parameters().items())


def test_every_page_and_every_heading_that_is_linked_exists() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for name, heading in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", page.read_text()):
            target = page.parent / name if name else page
            assert target.exists(), f"{page.name}: {name}"
            if heading:
                assert heading in headings(target), f"{page.name}: {name}#{heading}"


def headings(page: Path) -> set[str]:
    """Return the anchors of the page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in found}


def test_the_budget_warns_when_the_docs_say_and_counts_what_they_say() -> None:
    deploy, settings = (
        " ".join((ROOT / "docs" / page).read_text().split())
        for page in ("deploy.md", "settings.md")
    )
    template = " ".join((ROOT / "template.yaml").read_text().split())
    (budget,) = of_type(deployed(**EMAIL, MonthlyBudget="20"), "Budgets::Budget").values()
    warnings = [each["Notification"] for each in budget["NotificationsWithSubscribers"]]
    assert {each["ThresholdType"] for each in warnings} == {"PERCENTAGE"}
    spent, expected = (each["Threshold"] for each in warnings)
    assert expected == 100
    for text in (settings, template):
        assert f"is warned at {spent} % of it, and when the forecast passes it" in text
    assert f"at {spent} % of $20, and when it expects the month to pass $20" in deploy
    region, services = (each["Dimensions"] for each in budget["Budget"]["FilterExpression"]["And"])
    assert (region["Key"], services["Key"]) == ("REGION", "SERVICE")
    *first, last = (re.sub("^(Amazon|AWS) ?", "", each) for each in services["Values"])
    assert f"in this Region on {', '.join(first)} and {last}" in deploy


def test_the_page_for_contributors_shows_what_make_can_do() -> None:
    assert make("help") in (ROOT / "CONTRIBUTING.md").read_text()


def test_every_file_that_a_contributor_is_sent_to_exists() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text().partition("## How to change it")[2]
    homes = [ROOT, ROOT / LAYER / "signaling", ROOT / "tests" / "unit"]
    for name in re.findall(r"`([\w/.]+(?:\.py|\.yaml|/))`", table):
        assert any((home / name).exists() for home in homes) or "NAME" in name, name
