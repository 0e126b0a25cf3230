"""What the functions do when a variable of their environment has a value that is not allowed."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from signaling import settings as module
from signaling.bootstrap import reset, warm
from signaling.settings import SettingError
from tests.support.events import Room, replay

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
def set_variable(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Sets a variable for the functions, which have logged nothing yet."""

    def set_one(name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        reset()

    module._log_once.cache_clear()
    return set_one


def logged(capsys: pytest.CaptureFixture[str], allowed: str | None = None) -> dict[str, Any]:
    """Return the variable and the value of the one line, which says what is `allowed`."""
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line.pop("level"), line.pop("error")) == ("ERROR", "SettingError")
    said = line.pop("allowed")
    assert said == allowed if allowed else said
    return dict(line)


@pytest.mark.parametrize("event", ["connect_page", "disconnect", "publish_announce"])
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
            replay(event)
    assert logged(capsys) == {"variable": variable, "value": WRONG[variable]}
    assert room.connections.sent == []


def test_a_function_that_fails_as_it_starts_logs_why(
    set_variable: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    set_variable("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9")
    set_variable("AWS_CLIENT", "boto")
    with pytest.raises(SettingError):
        warm()
    wrong = {"variable": "AWS_CLIENT", "value": "boto"}
    assert logged(capsys, allowed="one of lean, boto3") == wrong


def test_the_next_invocation_works_once_the_variable_is_right(
    set_variable: Callable[[str, str], None],
) -> None:
    set_variable("ALLOWED_ORIGINS", "https://example.com?x")
    with pytest.raises(SettingError):
        replay("connect_page")
    set_variable("ALLOWED_ORIGINS", "*")
    assert replay("connect_page") == {"statusCode": 200}
