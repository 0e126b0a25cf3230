"""Invocations in threads: their time, and what becomes of late ones."""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from local.functions import invoker
from local.functions.invoker import LATE, MOST_OF_A_CLIENT, Handler, Invocation, Invoker, pause
from local.sam.template import Function
from signaling.ports import NOTHING


def invocation(
    handler: Handler, timeout: int = 29, name: str = "F", client: str = "a"
) -> Invocation:
    event = {"requestContext": {"connectionId": client}}
    return Invocation(Function(name, Path(), "app.handler", {}, timeout), handler, event)


def sleeps(seconds: float) -> Handler:
    def handler(event: object, context: object) -> str:
        time.sleep(seconds)
        return "done"

    return handler


def results_of(
    *invocations: Invocation, seconds: float = 1, finishes: bool = True, **options: Any
) -> list[tuple[int, Any]]:
    """Return the number and result of each, as they end within `seconds` of an invoker."""

    async def run() -> list[tuple[int, Any]]:
        runner = Invoker(**options)
        ended: list[tuple[int, Any]] = []
        for number, each in enumerate(invocations):
            runner.invoke(each, lambda result, number=number: ended.append((number, result)))  # type: ignore[misc]  # mypy infers no type for a lambda's default
        await asyncio.sleep(seconds)
        in_time = list(ended)
        assert await runner.finish(1 if finishes else 0.1) is finishes
        HOLD.set()
        return in_time

    HOLD.clear()
    return asyncio.run(run())


HOLD = threading.Event()
"""What hangs does so until the other invocations have ended."""


def test_a_function_has_its_own_timeout_and_api_gateway_another(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(invoker, "INTEGRATION_SECONDS", 2)
    late, killed = invocation(sleeps(2.5), 10, "Late"), invocation(sleeps(2.5), 1, "Killed")
    ended = results_of(late, killed, invocation(sleeps(0), 1), seconds=3)
    assert ended == [(2, "done"), (1, None), (0, LATE)]  # once each
    assert capsys.readouterr().err.splitlines() == [
        "error: Killed: Task timed out after 1 seconds",
        "error: Late: Task timed out after 2 seconds",
    ]


def test_what_has_not_begun_when_its_time_is_up_never_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invoker, "INTEGRATION_SECONDS", 0.3)
    begun: list[str] = []
    waiting = invocation(lambda event, context: begun.append("waiting"))
    delayed = invocation(lambda event, context: begun.append("delayed"))
    ended = results_of(invocation(sleeps(0.6)), waiting, places=1, seconds=0.5)
    assert ended == [(0, LATE), (1, LATE)]
    assert results_of(delayed, latency=(0.5, 0.5)) == [(0, LATE)]
    assert begun == []


def test_a_function_that_hangs_holds_up_no_other() -> None:
    hanging = [invocation(lambda event, context: HOLD.wait(10), name="Hangs")] * 4
    ended = results_of(*hanging, invocation(sleeps(0)), places=2, seconds=0.5, finishes=False)
    assert ended == [(4, "done")]


def test_messages_of_one_connection_run_at_once_and_end_in_any_order() -> None:
    ended = results_of(*(invocation(sleeps(seconds)) for seconds in (0.6, 0.3, 0)))
    assert [number for number, _ in ended] == [2, 1, 0]


def test_a_client_that_wants_much_holds_up_no_other() -> None:
    many = [invocation(sleeps(0.3), client="greedy")] * (3 * MOST_OF_A_CLIENT)
    other = invocation(sleeps(0), client="other")
    ended = results_of(*many, other, places=MOST_OF_A_CLIENT + 1, seconds=1.5)
    first, *others = (number for number, _ in ended)
    assert first == 3 * MOST_OF_A_CLIENT
    assert sorted(others) == list(range(3 * MOST_OF_A_CLIENT))  # and all of its own were run


def test_what_its_client_says_is_handled_while_an_invocation_waits() -> None:
    def waits(event: object, context: object) -> str:
        pause(0.5, lambda: NOTHING)
        return "waited"

    waiting = [invocation(waits)] * (2 * MOST_OF_A_CLIENT)
    ended = results_of(*waiting, invocation(sleeps(0)), places=2, seconds=1.5)
    assert ended[0] == (2 * MOST_OF_A_CLIENT, "done")
    assert [result for _, result in ended[1:]] == ["waited"] * (2 * MOST_OF_A_CLIENT)


def test_what_waits_for_its_clients_turn_is_dropped_at_the_end() -> None:
    begun: list[str] = []
    errors: list[dict[str, Any]] = []

    def handler(event: object, context: object) -> None:
        begun.append("one")
        time.sleep(0.3)

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, error: errors.append(error))
        runner = Invoker()
        for _ in range(2 * MOST_OF_A_CLIENT):
            runner.invoke(invocation(handler), lambda result: None)
        await asyncio.sleep(0.1)
        assert await runner.finish(1)
        await asyncio.sleep(0.1)

    asyncio.run(run())
    assert (len(begun), errors) == (MOST_OF_A_CLIENT, [])


@pytest.mark.parametrize(
    ("answer", "arrives"),
    [({1: (2, "ü")}, {"1": [2, "ü"]}), (object(), None), ([{1, 2}], None), ({(1, 2): 3}, None)],
)
def test_an_answer_arrives_as_json_has_it_and_one_that_is_no_json_is_a_failure(
    answer: object, arrives: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invocation(lambda event, context: answer).run() == arrives
    assert ("Traceback" in capsys.readouterr().err) == (arrives is None)
