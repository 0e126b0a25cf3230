"""What a client whose token names topics can and cannot do, through the functions themselves."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.connect import app as connect
from functions.message import app as message
from signaling.access.grants import EVERYTHING
from signaling.settings import settings
from tests.support.events import (
    EVENTS,
    PEER,
    SENDER,
    TOPIC,
    Invocation,
    Room,
    replay,
)


@pytest.fixture
def allow_origins(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    def set_variable(origins: str) -> None:
        monkeypatch.setenv("ALLOWED_ORIGINS", origins)
        settings.cache_clear()

    yield set_variable
    settings.cache_clear()


def send(granted: list[str], **body: Any) -> None:
    authorizer = {"principalId": "ada", "topics": json.dumps(granted)}
    context = {**EVENTS["publish_signal"]["requestContext"], "authorizer": authorizer}
    event = {"requestContext": context, "body": json.dumps(body), "isBase64Encoded": False}
    assert message.lambda_handler(event, Invocation()) == {"statusCode": 200}


def test_a_granted_topic_works_as_any() -> None:
    room = Room()
    send(["weblab-*"], type="publish", topic=TOPIC, data={"type": "announce", "from": PEER})
    assert room.connections.receivers() == ["other="]


@pytest.mark.parametrize("data", [{"type": "announce", "from": PEER}, "b3BhcXVl"])
def test_a_publish_to_a_forbidden_topic_gets_one_error_frame_and_nothing_else(data: object) -> None:
    room = Room(sender_is_in=False)
    send(["other/**"], type="publish", topic=TOPIC, data=data)
    ((receiver, frame),) = room.connections.sent
    assert (receiver, frame["type"], frame["code"]) == (SENDER, "error", "forbidden")
    assert room.members() == {"other="}


def test_the_other_topics_of_a_subscribe_still_work() -> None:
    room = Room(sender_is_in=False)
    send([TOPIC], type="subscribe", topics=["forbidden", TOPIC, "also forbidden"])
    ((receiver, frame),) = room.connections.sent
    assert (receiver, frame["code"]) == (SENDER, "forbidden")
    assert frame["message"] == "the token does not grant 'forbidden' and 1 more"
    assert room.members() == {SENDER, "other="}
    assert room.subscriptions.of_topic("forbidden") == []


def test_an_unsubscribe_from_a_forbidden_topic_gets_one_error_frame_and_nothing_else() -> None:
    room = Room(sender_is_in=False)
    send(["other/**"], type="unsubscribe", topics=[TOPIC])
    ((receiver, frame),) = room.connections.sent
    assert (receiver, frame["code"]) == (SENDER, "forbidden")
    assert room.members() == {"other="}


def test_a_ping_needs_no_grant() -> None:
    room = Room()
    send([], type="ping")
    assert room.connections.sent == [(SENDER, {"type": "pong"})]


@pytest.fixture
def tokens_required(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TOKENS", "required")
    settings.cache_clear()
    yield
    settings.cache_clear()


NO_GRANTS: dict[str, dict[str, Any]] = {
    "no context": {},
    "null as context": {"authorizer": None},
    "an empty context": {"authorizer": {}},
    "a context without our key": {"authorizer": {"principalId": "ada"}},
}
"""What API Gateway may put on an event where no authorizer of ours spoke, or was heard."""


@pytest.mark.parametrize("context", NO_GRANTS.values(), ids=NO_GRANTS)
@pytest.mark.parametrize("name", ["subscribe", "publish_announce", "publish_signal"])
def test_a_connection_that_brought_no_token_is_granted_nothing_and_told_so(
    name: str, context: dict[str, Any], tokens_required: None
) -> None:
    room = Room(sender_is_in=False)
    event = EVENTS[name] | {"requestContext": EVENTS[name]["requestContext"] | context}
    assert message.lambda_handler(event, Invocation()) == {"statusCode": 200}
    ((receiver, frame),) = room.connections.sent
    assert (receiver, frame["type"], frame["code"]) == (SENDER, "error", "forbidden")
    assert frame["message"] == (
        "this connection was opened without a token: open it again with one"
    )
    assert room.members() == {"other="}


@pytest.mark.parametrize("context", NO_GRANTS.values(), ids=NO_GRANTS)
def test_a_stack_without_tokens_grants_every_topic(context: dict[str, Any]) -> None:
    room = Room(sender_is_in=False)
    event = EVENTS["subscribe"]
    event = event | {"requestContext": event["requestContext"] | context}
    assert message.lambda_handler(event, Invocation()) == {"statusCode": 200}
    assert room.members() == {SENDER, "other="}


def test_a_token_without_the_claim_opens_every_topic_where_tokens_are_required(
    tokens_required: None,
) -> None:
    room = Room(sender_is_in=False)
    event = EVENTS["subscribe"]
    authorizer = {"principalId": "ada", **EVERYTHING.to_context()}
    event = event | {"requestContext": event["requestContext"] | {"authorizer": authorizer}}
    assert message.lambda_handler(event, Invocation()) == {"statusCode": 200}
    assert room.members() == {SENDER, "other="}


def test_who_brought_no_token_may_ping(tokens_required: None) -> None:
    room = Room()
    replay("ping")
    assert room.connections.sent == [(SENDER, {"type": "pong"})]


def test_a_refusal_is_logged_without_the_topic(capsys: pytest.CaptureFixture[str]) -> None:
    Room()
    send([], type="subscribe", topics=[TOPIC])
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["error"] == "forbidden"
    assert TOPIC not in line


@pytest.mark.parametrize(
    ("origins", "name", "status"),
    [
        ("*", "connect", 200),
        ("*", "connect_page", 200),
        ("https://*.example.com", "connect_page", 200),
        ("https://other.example", "connect_page", 403),
        ("https://*.example.com", "connect", 403),
    ],
)
def test_a_page_that_is_not_allowed_is_refused_and_the_log_says_so(
    origins: str,
    name: str,
    status: int,
    allow_origins: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    allow_origins(origins)
    assert connect.lambda_handler(EVENTS[name], Invocation()) == {"statusCode": status}
    line = json.loads(capsys.readouterr().out)
    assert line.get("refused") == (None if status == 200 else "origin")
    assert "blue" not in str(line)  # of the query string


@pytest.mark.parametrize("header", ["origin", "ORIGIN", "Origin"])
def test_the_origin_is_found_in_any_case_and_logged_cut_short(
    header: str, allow_origins: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    allow_origins("https://example.com")
    event = {**EVENTS["connect"], "headers": {"Host": "x", header: "https://evil/" + "x" * 5000}}
    assert connect.lambda_handler(event, Invocation()) == {"statusCode": 403}
    line = json.loads(capsys.readouterr().out)
    assert line["origin"].startswith("https://evil/")
    assert len(line["origin"]) == 100
    event["headers"] = {header: "https://example.com"}
    assert connect.lambda_handler(event, Invocation()) == {"statusCode": 200}
