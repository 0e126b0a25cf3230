"""What the docs say about the templates, for contributors, and about the local server's rules."""

import ast
import re
from pathlib import Path

from local import LAYER, ROOT
from local.functions.invoker import MOST_AT_ONCE, MOST_OF_A_CLIENT
from tests.support.make import make
from tests.support.monitoring import EMAIL, deployed
from tests.support.translation import of_type, parameters


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


PAGE = (ROOT / "docs" / "local.md").read_text()
"""Each rule has its page of AWS or says that there is none, and its test."""
_TABLE = re.compile(
    r"^\| (?:API Gateway|Lambda) \| AWS \| this server \| test \|\n\|.*\n((?:\|.*\n)+)", re.M
)
RULES = [
    [cell.strip() for cell in row.strip("|").split(" | ")]
    for rows in _TABLE.findall(PAGE)
    for row in rows.splitlines()
]


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE))
    assert len(named) > 30
    for file, test in named:
        functions = ast.walk(ast.parse((ROOT / file).read_text()))
        assert test in {getattr(each, "name", None) for each in functions}, f"{file}::{test}"


def test_every_rule_has_a_page_of_aws_or_says_that_there_is_none_and_a_test() -> None:
    assert len(RULES) > 30
    for rule, aws, _, tests in RULES:
        assert re.search(r"\[.+\]|nothing|not documented", aws), rule
        assert re.fullmatch(r"(`tests/[\w/]+\.py::test_\w+`(, )?)+", tests), rule


def test_every_page_that_is_named_has_its_address() -> None:
    addresses = set(re.findall(r"^\[(.+)\]: https://", PAGE, re.M))
    cells = [cell for _, aws, here, _ in RULES for cell in (aws, here)]
    named = {page for cell in cells for page in re.findall(r"\[([^\]]+)\](?![(\[])", cell)}
    assert named == addresses


def test_every_option_that_is_named_is_one_of_the_programs() -> None:
    options = (ROOT / "local" / "options.py").read_text()
    for option in set(re.findall(r"`(--[a-z-]+)", PAGE)):
        assert f'"{option}"' in options, option


def test_as_many_invocations_run_at_once_as_it_says() -> None:
    assert f"{MOST_AT_ONCE} threads for each function, {MOST_OF_A_CLIENT} for one client" in PAGE
    assert f"a {MOST_AT_ONCE + 1}th invocation of a function waits" in PAGE
    assert f"a client's {MOST_OF_A_CLIENT + 1}th" in PAGE
