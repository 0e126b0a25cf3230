"""What a client can do with its token, or without one, through the functions themselves."""

import json
from typing import Any

import pytest

from functions.connect import app as connect
from functions.message import app as message
from tests.support.events import EVENTS, SENDER, TOPIC, Invocation, Room


def send(name: str, context: dict[str, Any], **body: Any) -> None:
    """Handle the event with more of its context, and with another `body` if there is one."""
    event = EVENTS[name] | {"requestContext": EVENTS[name]["requestContext"] | context}
    if body:
        event["body"] = json.dumps(body)
    assert message.lambda_handler(event, Invocation()) == {"statusCode": 200}


def granting(*topics: str) -> dict[str, Any]:
    return {"authorizer": {"principalId": "ada", "topics": json.dumps(topics)}}


@pytest.fixture
def tokens_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENS", "required")


def test_the_other_topics_of_a_subscribe_still_work() -> None:
    room = Room(sender_is_in=False)
    send("subscribe", granting(TOPIC), type="subscribe", topics=["forbidden", TOPIC, "and more"])
    ((receiver, frame),) = room.connections.sent
    assert (receiver, frame["type"], frame["code"]) == (SENDER, "error", "forbidden")
    assert frame["message"] == "the token does not grant 'forbidden' and 1 more"
    assert room.members() == {SENDER, "other="}
    assert room.subscriptions.of_topic("forbidden") == []


@pytest.mark.parametrize("name", ["subscribe", "publish_announce", "publish_signal"])
def test_who_brought_no_token_gets_nothing_and_is_told_so(name: str, tokens_required: None) -> None:
    room = Room(sender_is_in=False)
    send(name, {})
    ((receiver, frame),) = room.connections.sent
    assert (receiver, frame["type"], frame["code"]) == (SENDER, "error", "forbidden")
    assert frame["message"] == "this connection was opened without a token: open it again with one"
    assert room.members() == {"other="}


@pytest.mark.parametrize("context", [{}, granting()], ids=["no token", "no grants"])
def test_a_ping_needs_no_token_nor_grant(context: dict[str, Any], tokens_required: None) -> None:
    room = Room()
    send("ping", context)
    assert room.connections.sent == [(SENDER, {"type": "pong"})]


def test_a_refusal_is_logged_without_the_topic(capsys: pytest.CaptureFixture[str]) -> None:
    Room()
    send("subscribe", granting())
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["error"] == "forbidden"
    assert TOPIC not in line


PAGE = "https://notes.example.com"
LONG = "https://evil/" + "x" * 5000


@pytest.mark.parametrize(
    ("allowed", "headers", "refused"),
    [
        ("*", {}, None),
        *(("https://*.example.com", {name: PAGE}, None) for name in ("origin", "ORIGIN", "Origin")),
        ("https://*.example.com", {}, ""),
        ("https://other.example", {"Host": "x", "origin": PAGE}, PAGE),
        ("https://other.example", {"ORIGIN": LONG}, LONG[:100]),
    ],
)
def test_a_page_that_is_not_allowed_is_refused_and_the_log_names_it_cut_short(
    allowed: str,
    headers: dict[str, str],
    refused: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", allowed)
    answer = connect.lambda_handler(EVENTS["connect_page"] | {"headers": headers}, Invocation())
    assert answer == {"statusCode": 200 if refused is None else 403}
    line = json.loads(capsys.readouterr().out)
    assert (line.get("refused") == "origin", line.get("origin")) == (refused is not None, refused)
    assert "blue" not in str(line)  # of the query string
