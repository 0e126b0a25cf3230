"""Faults around the two ports and the functions, without a server."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
from signaling.ports import Subscriptions
from tests.support.rooms import RecordedConnections
from tests.support.subscriptions import members, sender

MESSAGE = Function("MessageFunction", ROOT / "functions" / "message", "app.lambda_handler", {}, 10)
DISCONNECT = Function("Gone", ROOT / "functions" / "disconnect", "app.lambda_handler", {}, 10)


def event(body: str, connection: str = "me", route: str = "$default") -> dict[str, Any]:
    now = int(time.time() * 1000)
    return {
        "requestContext": {
            "routeKey": route,
            "connectionId": connection,
            "connectedAt": now,
            "requestTimeEpoch": now,
            "disconnectStatusCode": 1001,
        },
        "body": body,
        "isBase64Encoded": False,
    }


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


@pytest.mark.parametrize(
    ("plan", "is_done", "is_silent"),
    [
        ("table.throttled=1", False, False),
        ("table.failing=1", False, False),
        ("table.silent=1", False, True),
        ("table.unanswered=1", True, True),
    ],
)
def test_a_table_that_never_answers_well_is_out_of_reach(
    plan: str, is_done: bool, is_silent: bool
) -> None:
    memory = MemorySubscriptions()
    pauses: list[float] = []
    table = table_of(memory, plan, pauses)
    calls: list[Callable[[], object]] = [
        lambda: table.subscribe(["room"], sender("me")),
        lambda: table.of_topic("room"),
        lambda: table.remove_connection("other"),
    ]
    for call in calls:
        with pytest.raises(SubscriptionsError):
            call()
    assert ("me" in members(memory)) is is_done
    assert any(pause == 2.0 for pause in pauses) is is_silent


def test_a_table_that_sometimes_fails_is_asked_again() -> None:
    memory = MemorySubscriptions()
    pauses: list[float] = []
    table = table_of(memory, "table.throttled=0.3,table.unanswered=0.1,seed=1", pauses)
    for number in range(100):
        table.subscribe(["room"], sender(f"{number}"))
    assert len(table.of_topic("room")) == 100
    assert pauses


def table_of(memory: MemorySubscriptions, plan: str, pauses: list[float]) -> Subscriptions:
    dice = Dice(read_plan(plan), "table")
    return faulty_table(lambda _: memory, dice, deadlines_within(3600), pauses.append)
