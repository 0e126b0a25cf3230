"""What the functions do when a variable of their environment has a value that is not allowed."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.connect import app as connect
from functions.disconnect import app as disconnect
from functions.message import app as message
from signaling import settings as module
from signaling.bootstrap import reset, warm
from signaling.settings import SettingError
from tests.support.events import EVENTS, Invocation, Room

HANDLERS: dict[str, Callable[..., Any]] = {
    "connect_page": connect.lambda_handler,
    "disconnect": disconnect.lambda_handler,
    "publish_announce": message.lambda_handler,
}
WRONG = {
    "ALLOWED_ORIGINS": "https://*",
    "AWS_CLIENT": "boto",
    "CONNECTIONS_ENDPOINT": "wss://example.com/dev",
    "DELIVERY": "unicast",
    "LOG_LEVEL": "DEBUG",
    "MAX_TOPICS": "abc",
    "TRACING": "on",
}


@pytest.fixture
def set_variable(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Sets a variable for the functions, which have logged nothing yet."""

    def set_one(name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        reset()

    module._log_once.cache_clear()
    yield set_one
    reset()


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("event", HANDLERS)
@pytest.mark.parametrize("variable", WRONG)
def test_every_invocation_fails_and_the_first_one_logs_why(
    variable: str,
    event: str,
    set_variable: Callable[[str, str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    room = Room()
    set_variable(variable, WRONG[variable])
    for _ in range(3):
        with pytest.raises(SettingError):
            HANDLERS[event](EVENTS[event], Invocation())
    (line,) = logged(capsys)
    assert line.pop("allowed")
    assert line == {
        "level": "ERROR",
        "error": "SettingError",
        "variable": variable,
        "value": WRONG[variable],
    }
    assert room.connections.sent == []


def test_a_function_that_fails_as_it_starts_logs_why(
    set_variable: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    set_variable("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9")
    set_variable("AWS_CLIENT", "boto")
    with pytest.raises(SettingError):
        warm()
    assert logged(capsys) == [
        {
            "level": "ERROR",
            "error": "SettingError",
            "variable": "AWS_CLIENT",
            "value": "boto",
            "allowed": "one of lean, boto3",
        }
    ]


def test_the_next_invocation_works_once_the_variable_is_right(
    set_variable: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    set_variable("ALLOWED_ORIGINS", "https://example.com?x")
    with pytest.raises(SettingError):
        connect.lambda_handler(EVENTS["connect_page"], Invocation())
    set_variable("ALLOWED_ORIGINS", "*")
    assert connect.lambda_handler(EVENTS["connect_page"], Invocation()) == {"statusCode": 200}
