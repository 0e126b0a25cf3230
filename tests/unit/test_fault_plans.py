"""Faults: what their plans may say, that a seed repeats them, and what they do without a server."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local import ROOT
from local.faults.functions import Instances
from local.faults.plan import Dice, read_plan
from local.faults.table import faulty_table
from local.functions.invoker import Context
from local.sam.template import Function
from local.table.in_memory import MemorySubscriptions
from signaling import bootstrap
from signaling.bootstrap import Adapters, deadlines_within
from signaling.errors import SubscriptionsError
from tests.support.events import EVENTS
from tests.support.rooms import RecordedConnections
from tests.support.subscriptions import members, sender

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
def test_a_plan_without_sense_is_refused(tmp_path: Path, plan: str | bytes, error: str) -> None:
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


MESSAGE = Function("MessageFunction", ROOT / "functions" / "message", "app.lambda_handler", {}, 10)
DISCONNECT = Function("Gone", ROOT / "functions" / "disconnect", "app.lambda_handler", {}, 10)


def event(body: str, connection: str = "me", route: str = "$default") -> dict[str, Any]:
    now = int(time.time() * 1000)
    times = {"connectedAt": now, "requestTimeEpoch": now}
    told = {"routeKey": route, "connectionId": connection, **times}
    return {"requestContext": EVENTS["disconnect"]["requestContext"] | told, "body": body}


SUBSCRIBE = '{"type":"subscribe","topics":["a","b","c","d"]}'
PUBLISH = '{"type":"publish","topic":"a","data":{}}'


class Cloud:
    """Functions with faults, and rooms in memory."""

    def __init__(self, plan: str) -> None:
        wanted = read_plan(plan)
        self.killing = Dice(wanted, "functions")
        self.instances = Instances(wanted.cold_seconds, self.killing, Dice(wanted, "disconnects"))
        self.subscriptions = MemorySubscriptions()
        self.connections = RecordedConnections()
        adapters = Adapters(lambda _: self.subscriptions, lambda _: self.connections)
        bootstrap.install(self.instances.adapters(adapters))
        self._handlers = {each.name: self.instances.load(each) for each in (MESSAGE, DISCONNECT)}

    def invoke(self, function: Function, event: dict[str, Any]) -> Any:
        return self._handlers[function.name](event, Context(function))


def test_a_killed_function_does_nothing_more_and_answers_nothing() -> None:
    cloud = Cloud("functions.killed=1,seed=1")
    ends = set()
    for number in range(100):
        assert cloud.invoke(MESSAGE, event(SUBSCRIBE, f"{number}")) is None
        entered = [f"{number}" in members(cloud.subscriptions, topic) for topic in "abcd"]
        ends.add(sum(entered))
    assert ends == {2, 4}  # in the middle of its only call, or before it has said that it ended
    assert cloud.killing.made == {"functions.killed": 100}


def test_a_killed_function_ends_before_any_of_its_calls() -> None:
    cloud = Cloud("functions.killed=0.5,seed=1")
    for receiver in ("one", "two"):
        cloud.subscriptions.subscribe(["a"], sender(receiver))
    answers = [cloud.invoke(MESSAGE, event(PUBLISH)) for _ in range(300)]
    killed = cloud.killing.made["functions.killed"]
    assert answers.count(None) == killed == pytest.approx(150, abs=30)
    ones, twos = (
        sum(receiver == each for each, _ in cloud.connections.sent) for receiver in ("one", "two")
    )
    assert 300 - killed < twos < ones < 300


def test_only_disconnects_are_lost() -> None:
    cloud = Cloud("disconnects.lost=1")
    cloud.invoke(MESSAGE, event(SUBSCRIBE))
    assert cloud.invoke(DISCONNECT, event("", route="$disconnect")) == {"statusCode": 200}
    assert "me" in members(cloud.subscriptions, "a")
    Cloud("disconnects.lost=0").invoke(DISCONNECT, event("", route="$disconnect"))


def test_each_invocation_beyond_those_under_way_starts_cold() -> None:
    cloud = Cloud("functions.cold=150")

    def invoke() -> float:
        started = time.monotonic()
        cloud.invoke(MESSAGE, event("not JSON"))
        return time.monotonic() - started

    with ThreadPoolExecutor(2) as pool:
        at_once = [pool.submit(invoke) for _ in range(2)]
    assert min(each.result() for each in at_once) >= 0.15
    assert invoke() < 0.15


@pytest.mark.parametrize("fault", ["throttled", "failing", "silent", "unanswered"])
def test_a_table_that_never_answers_well_is_out_of_reach(fault: str) -> None:
    memory = MemorySubscriptions()
    pauses: list[float] = []
    dice = Dice(read_plan(f"table.{fault}=1"), "table")
    table = faulty_table(lambda _: memory, dice, deadlines_within(3600), pauses.append)
    calls: list[Callable[[], object]] = [
        lambda: table.subscribe(["room"], sender("me")),
        lambda: table.of_topic("room"),
        lambda: table.remove_connection("other"),
    ]
    for call in calls:
        with pytest.raises(SubscriptionsError):
            call()
    assert ("me" in members(memory)) is (fault == "unanswered")
    assert (2.0 in pauses) is (fault in ("silent", "unanswered"))
