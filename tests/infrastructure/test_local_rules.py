"""What docs/local.md says: each rule has its page or says that there is none, and its test."""

import ast
import re

from local import ROOT
from local.functions.invoker import MOST_AT_ONCE, MOST_OF_A_CLIENT

PAGE = (ROOT / "docs" / "local.md").read_text()
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
    assert {
        page for cell in cells for page in re.findall(r"\[([^\]]+)\](?![(\[])", cell)
    } == addresses


def test_every_option_that_is_named_is_one_of_the_programs() -> None:
    options = (ROOT / "local" / "options.py").read_text()
    for option in set(re.findall(r"`(--[a-z-]+)", PAGE)):
        assert f'"{option}"' in options, option


def test_as_many_invocations_run_at_once_as_it_says() -> None:
    assert f"{MOST_AT_ONCE} threads for each function, {MOST_OF_A_CLIENT} for one client" in PAGE
    assert f"a {MOST_AT_ONCE + 1}th invocation of a function waits" in PAGE
    assert f"a client's {MOST_OF_A_CLIENT + 1}th" in PAGE
