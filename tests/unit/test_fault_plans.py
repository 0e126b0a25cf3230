"""Plans of faults: what they may say, and that a seed repeats what goes wrong."""

from pathlib import Path

import pytest

from local.faults.plan import NAMES, Dice, read_plan

PLAN = "posts.429=0.1,posts.silent=0.02,table.throttled=0.5,functions.cold=800,seed=7"
FILE = """
seed = 7
[posts]
429 = 0.1
silent = 0.02
[table]
throttled = 0.5
[functions]
cold = 800
"""


def test_a_plan_is_the_same_as_a_file_and_as_an_option(tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text(FILE)
    plan = read_plan(str(file))
    assert plan == read_plan(PLAN) == read_plan(PLAN.replace(",", " , "))
    assert str(plan) == PLAN
    assert plan.cold_seconds == 0.8
    assert plan.of("posts") == [("429", 0.1), ("silent", 0.02)]
    assert plan.of("functions") == []


def test_every_name_may_be_wanted() -> None:
    for name in NAMES:
        assert read_plan(f"{name}=1")


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        ("posts.503=0.1", r"no such fault: posts\.503; there are posts\.410, .*, seed"),
        ("posts=0.1", "no such fault: posts;"),
        ("posts.429", "No such file"),
        ("posts.429=", "posts.429=: not a number"),
        ("posts.429=often", "posts.429=often: not a number"),
        ("posts.429=1.1", "must be a rate from 0 to 1"),
        ("posts.429=-0.1", "must be a rate from 0 to 1"),
        ("posts.429=nan", "must be a rate from 0 to 1"),
        ("functions.cold=-1", "must be 0 or more"),
        ("functions.cold=inf", "must be 0 or more"),
        ("posts.429=0.6,posts.500=0.5", "rates of posts are more than 1"),
        ("seed=0.5", "not a whole number"),
        (b"posts", "is not TOML"),
        (b"\xff\xfe", "is not TOML"),
        (b"[posts]\n429 = [0.1]\n", "not a number"),
        (b"[[posts]]\n429 = 0.1\n", "no such fault: posts;"),
    ],
)
def test_a_plan_or_a_file_that_makes_no_sense_is_refused(
    tmp_path: Path, plan: str | bytes, error: str
) -> None:
    if isinstance(plan, bytes):
        (tmp_path / "faults.toml").write_bytes(plan)
        plan = str(tmp_path / "faults.toml")
    with pytest.raises((ValueError, OSError), match=error):
        read_plan(plan)


def thrown(text: str, part: str = "posts", times: int = 2_000) -> list[str | None]:
    dice = Dice(read_plan(text), part)
    return [dice.throw().fault for _ in range(times)]


def test_a_seed_repeats_what_goes_wrong_whatever_goes_wrong_in_other_parts() -> None:
    first = thrown("posts.429=0.3,seed=1")
    assert thrown("posts.429=0.3,table.failing=0.9,seed=1") == first
    assert thrown("posts.429=0.3,seed=2") != first
    assert thrown("posts.429=0.3") != thrown("posts.429=0.3")


def test_faults_come_at_their_rates_and_are_counted() -> None:
    dice = Dice(read_plan("posts.429=0.1,posts.500=0.2,seed=3"), "posts")
    faults = [dice.throw().fault for _ in range(10_000)]
    assert faults.count("429") == dice.made["posts.429"] == pytest.approx(1_000, abs=100)
    assert faults.count("500") == dice.made["posts.500"] == pytest.approx(2_000, abs=150)
    assert thrown("table.failing=1", "table") == ["failing"] * 2_000
    assert thrown("table.failing=0", "table") == [None] * 2_000
