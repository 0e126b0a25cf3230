"""Which settings the environment may hold, and what functions do about those that it may not."""

import json
from typing import Any

import pytest

from signaling import settings as module
from signaling.bootstrap import warm
from signaling.protocol import Limits
from signaling.settings import SettingError, Settings
from signaling.small_rooms import SMALL_ROOM
from tests.support.events import Room, replay


def test_without_an_environment_the_defaults_hold() -> None:
    settings = Settings.from_env({})
    assert settings.delivery == "addressed"
    assert not settings.needs_token
    assert (settings.limits, settings.max_recipients) == (Limits(), SMALL_ROOM)
    assert settings.allowed_origins == ("*",)
    assert (settings.aws_client, settings.log_level, settings.is_traced) == ("lean", "INFO", False)


EVERYTHING = """
    TABLE_NAME=table CONNECTIONS_ENDPOINT=https://example.com/dev DELIVERY=broadcast TOKENS=required
    MAX_TOPICS=1 MAX_TOPIC_BYTES=2 MAX_MESSAGE_BYTES=1024 MAX_ROOMS=4 MAX_RECIPIENTS=3
    ALLOWED_ORIGINS=https://example.com,http://localhost:3000
    AWS_CLIENT=boto3 LOG_LEVEL=WARNING TRACING=Active
"""


def test_the_environment_sets_everything() -> None:
    variables = dict(each.split("=") for each in EVERYTHING.split())
    assert Settings.from_env(variables) == Settings(
        table="table",
        connections_endpoint="https://example.com/dev",
        delivery="broadcast",
        needs_token=True,
        limits=Limits(1, 2, 1024),
        max_rooms=4,
        max_recipients=3,
        allowed_origins=("https://example.com", "http://localhost:3000"),
        aws_client="boto3",
        log_level="WARNING",
        is_traced=True,
    )


WRONG = {
    "TABLE_NAME": ["a", "sub scriptions", "b\u00fccher"],
    "CONNECTIONS_ENDPOINT": ["example.com/dev", "wss://example.com/dev", "https://", "https://a:b"],
    "AWS_ENDPOINT_URL": [
        *("localhost:4566", "http://aws?x", "http://aws/ x", "http://a:123456", "http://é"),
        *("http://[::1", "http://[]", "http://[::g]", "http://[::1]8000", "http://a b/"),
    ],
    "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": ["localhost:4566"],
    "DELIVERY": ["unicast", "", "Addressed"],
    "TOKENS": ["on", "", "Required"],
    "MAX_TOPICS": ["abc", "", "0", "-1", "1001", "1.5", "1e2", " 5", "1_0", "\u0663", "9" * 5000],
    "MAX_TOPIC_BYTES": ["many", "0", "1019"],
    "MAX_MESSAGE_BYTES": ["32 KB", "1023", "131001"],
    "MAX_ROOMS": ["all", "-1", "100001"],
    "MAX_RECIPIENTS": ["all", "0", "100001"],
    "ALLOWED_ORIGINS": ["", "example.com", "https://*", "https://a.example, https://b.example/"],
    "AWS_CLIENT": ["boto"],
    "LOG_LEVEL": ["DEBUG", "info", "ERROR"],
    "TRACING": ["on"],
}


def test_every_variable_that_is_read_is_tried() -> None:
    read = set()

    class Environ(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            read.add(name)
            return super().get(name, default)

    Settings.from_env(Environ(CONNECTIONS_ENDPOINT="https://example.com/dev"))
    assert read == set(WRONG)


def refused(variable: str, value: str) -> SettingError:
    with pytest.raises(SettingError) as refused:
        Settings.from_env({"CONNECTIONS_ENDPOINT": "https://example.com/dev", variable: value})
    return refused.value


@pytest.mark.parametrize(
    ("variable", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_setting_is_refused_with_what_is_allowed(variable: str, value: str) -> None:
    error = refused(variable, value)
    assert (error.variable, error.value) == (variable, value)
    assert str(error) == f"{variable} is {value!r}: choose {error.allowed}"


def test_what_is_allowed_is_said_in_words() -> None:
    assert refused("MAX_TOPICS", "abc").allowed == "a whole number from 1 to 1000"
    assert refused("DELIVERY", "unicast").allowed == "one of addressed, broadcast"
    assert refused("AWS_ENDPOINT_URL", "aws").allowed == "a URL such as https://example.com/dev"
    assert refused("TABLE_NAME", "a b").allowed == "the name of a DynamoDB table"
    assert refused("ALLOWED_ORIGINS", "https://a.example,https://*").allowed == (
        "* for everybody, or origins such as https://example.com and https://*.example.com, "
        "without a path, other alphabets in punycode; not 'https://*'"
    )


DEPLOYED = "https://a1b2.execute-api.eu-west-1.amazonaws.com/dev"


def endpoint(deployed: str = DEPLOYED, everything: str = "", **services: str) -> str:
    """Return where connections are posted to, with these variables of the SDKs."""
    urls = {f"AWS_ENDPOINT_URL_{service}": url for service, url in services.items()}
    variables = {"CONNECTIONS_ENDPOINT": deployed, "AWS_ENDPOINT_URL": everything, **urls}
    return Settings.from_env(variables).connections_endpoint


def test_the_variables_of_the_sdks_move_connections() -> None:
    assert endpoint() == endpoint(DYNAMODB="http://table") == DEPLOYED
    assert endpoint(APIGATEWAYMANAGEMENTAPI="") == DEPLOYED
    for url in ("http://aws:4566", "http://aws:4566/"):
        assert endpoint(everything=url) == "http://aws:4566/_aws/execute-api/a1b2/dev"
    api = "http://api/dev"
    assert endpoint(everything="http://aws", APIGATEWAYMANAGEMENTAPI=api) == api
    assert endpoint(deployed="", everything="http://aws") == ""


def test_urls_may_have_a_port_a_path_and_an_ipv6_address() -> None:
    for url in ("http://[::1]:8000", "http://[::1]", "https://a_b.example:1/c/d"):
        assert endpoint(deployed=url) == url


def assert_logged_once(error: SettingError, capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    wrong = {"variable": error.variable, "value": error.value, "allowed": error.allowed}
    assert line == {"level": "ERROR", "error": "SettingError", **wrong}


@pytest.mark.parametrize("event", ["connect_page", "disconnect", "publish_announce"])
@pytest.mark.parametrize("variable", WRONG)
def test_every_invocation_fails_and_the_first_one_logs_why(
    variable: str, event: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module._log_once.cache_clear()
    monkeypatch.setenv("CONNECTIONS_ENDPOINT", DEPLOYED)
    monkeypatch.setenv(variable, WRONG[variable][0])
    room = Room()
    for _ in range(3):
        with pytest.raises(SettingError):
            replay(event)
    assert_logged_once(refused(variable, WRONG[variable][0]), capsys)
    assert room.connections.sent == []


def test_a_function_that_fails_as_it_starts_logs_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module._log_once.cache_clear()
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9")
    monkeypatch.setenv("AWS_CLIENT", "boto")
    with pytest.raises(SettingError):
        warm()
    assert_logged_once(SettingError("AWS_CLIENT", "boto", "one of lean, boto3"), capsys)
