"""What README.md and docs/ say about the templates."""

import re

from local import ROOT
from tests.support.monitoring import EMAIL, deployed, of_type
from tests.support.translation import parameters


def test_the_table_of_parameters_is_that_of_the_template() -> None:
    readme = (ROOT / "README.md").read_text()
    table = readme.partition("| parameter | default | meaning |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \| (?:`([^`]*)`)? *\|", table, re.MULTILINE)
    assert rows == list(parameters().items())


def test_every_file_that_is_linked_exists() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_budget_warns_when_the_readme_says_and_counts_what_it_says() -> None:
    readme = " ".join((ROOT / "README.md").read_text().split())
    template = " ".join((ROOT / "template.yaml").read_text().split())
    (budget,) = of_type(deployed(**EMAIL, MonthlyBudget="20"), "Budgets::Budget").values()
    warnings = [each["Notification"] for each in budget["NotificationsWithSubscribers"]]
    assert {each["ThresholdType"] for each in warnings} == {"PERCENTAGE"}
    spent, expected = (each["Threshold"] for each in warnings)
    assert expected == 100
    for text in (readme, template):
        assert f"is warned at {spent} % of it, and when the forecast passes it" in text
    assert f"at {spent} % of $20, and when it expects the month to pass $20" in readme
    region, services = (each["Dimensions"] for each in budget["Budget"]["FilterExpression"]["And"])
    assert (region["Key"], services["Key"]) == ("REGION", "SERVICE")
    *first, last = (re.sub("^(Amazon|AWS) ?", "", each) for each in services["Values"])
    assert f"in this Region on {', '.join(first)} and {last}" in readme
