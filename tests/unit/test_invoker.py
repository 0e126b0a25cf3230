"""Invocations in threads: their time, and what becomes of late ones."""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from local.functions import invoker
from local.functions.invoker import (
    LATE,
    MOST_OF_A_CLIENT,
    Handler,
    InlineInvoker,
    Invocation,
    Invoker,
)
from local.sam.template import Function


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


async def results_of(
    runner: Invoker, *invocations: Invocation, seconds: float = 3
) -> list[tuple[int, Any]]:
    """Return the number and result of each, as they end within `seconds`."""
    ended: list[tuple[int, Any]] = []
    for number, each in enumerate(invocations):
        runner.invoke(each, lambda result, number=number: ended.append((number, result)))  # type: ignore[misc]  # mypy infers no type for a lambda's default
    await asyncio.sleep(seconds)
    return list(ended)


def test_a_function_has_its_own_timeout_and_api_gateway_another(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(invoker, "INTEGRATION_SECONDS", 2)

    async def run() -> list[tuple[int, Any]]:
        runner = Invoker()
        quick, killed, late = (
            invocation(sleeps(0), 1),
            invocation(sleeps(2.5), 1, "Killed"),
            invocation(sleeps(2.5), 10, "Late"),
        )
        ended = await results_of(runner, late, killed, quick)
        await runner.finish(1)
        return ended

    assert asyncio.run(run()) == [(2, "done"), (1, None), (0, LATE)]  # once each
    errors = capsys.readouterr().err.splitlines()
    assert errors == [
        "error: Killed: Task timed out after 1 seconds",
        "error: Late: Task timed out after 2 seconds",
    ]


def test_what_has_not_begun_when_its_time_is_over_never_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(invoker, "INTEGRATION_SECONDS", 0.3)
    begun: list[str] = []

    async def run() -> list[tuple[int, Any]]:
        waits, delayed = Invoker(threads=1), Invoker((0.5, 0.5))
        blocker = invocation(sleeps(0.6))
        behind = invocation(lambda event, context: begun.append("behind"))
        late = invocation(lambda event, context: begun.append("delayed"))
        ended = await results_of(waits, blocker, behind, seconds=0.5)
        ended += await results_of(delayed, late, seconds=1)
        await waits.finish(1)
        await delayed.finish(1)
        return ended

    assert asyncio.run(run()) == [(0, LATE), (1, LATE), (0, LATE)]
    assert begun == []


def test_a_function_that_hangs_holds_up_no_other() -> None:
    hold = threading.Event()

    async def run() -> list[tuple[int, Any]]:
        runner = Invoker(threads=2)
        hanging = [invocation(lambda event, context: hold.wait(10), name="Hangs")] * 4
        ended = await results_of(runner, *hanging, invocation(sleeps(0)), seconds=0.5)
        assert not await runner.finish(0.1)
        hold.set()
        return ended

    assert asyncio.run(run()) == [(4, "done")]


def test_messages_of_one_connection_run_at_once_and_end_in_any_order() -> None:
    async def run() -> list[tuple[int, Any]]:
        runner = Invoker()
        each = [invocation(sleeps(seconds)) for seconds in (0.6, 0.3, 0)]
        ended = await results_of(runner, *each, seconds=1)
        assert await runner.finish(1)
        return ended

    assert [number for number, _ in asyncio.run(run())] == [2, 1, 0]


def test_a_client_that_wants_much_holds_up_no_other() -> None:
    async def run() -> list[int]:
        runner = Invoker(threads=MOST_OF_A_CLIENT + 1)
        many = [invocation(sleeps(0.3), client="greedy")] * (3 * MOST_OF_A_CLIENT)
        other = invocation(sleeps(0), client="other")
        ended = await results_of(runner, *many, other, seconds=1.5)
        assert await runner.finish(1)
        return [number for number, _ in ended]

    ended = asyncio.run(run())
    assert ended[0] == 3 * MOST_OF_A_CLIENT
    assert sorted(ended[1:]) == list(range(3 * MOST_OF_A_CLIENT))  # and all of its own were run


def test_what_waits_for_its_clients_turn_is_dropped_at_the_end() -> None:
    begun: list[str] = []
    errors: list[dict[str, Any]] = []

    def handler(event: object, context: object) -> None:
        begun.append("one")
        time.sleep(0.3)

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, error: errors.append(error))
        runner = Invoker()
        await results_of(runner, *[invocation(handler)] * (2 * MOST_OF_A_CLIENT), seconds=0.1)
        assert await runner.finish(1)
        await asyncio.sleep(0.1)

    asyncio.run(run())
    assert (len(begun), errors) == (MOST_OF_A_CLIENT, [])


@pytest.mark.parametrize("makes", [InlineInvoker, Invoker])
def test_a_function_that_raises_gives_none(
    makes: type[Invoker | InlineInvoker], capsys: pytest.CaptureFixture[str]
) -> None:
    async def run() -> Any:
        result = asyncio.get_running_loop().create_future()
        makes().invoke(invocation(lambda event, context: 1 / 0), result.set_result)
        return await result

    assert asyncio.run(run()) is None
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize("answer", [object(), {"statusCode": {1, 2}}, {(1, 2): 3}])
def test_an_answer_that_is_no_json_is_a_failure(
    answer: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invocation(lambda event, context: answer).run() is None
    assert "Traceback" in capsys.readouterr().err


def test_an_answer_arrives_as_json_has_it() -> None:
    assert invocation(lambda event, context: {1: (2, "ü")}).run() == {"1": [2, "ü"]}
