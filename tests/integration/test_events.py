"""The event files: each handled as it should be, and shaped as the local server's own are."""

import asyncio
import json
from typing import Any

import pytest

from functions.authorize import app as authorize
from functions.message import app as message
from local.functions.invoker import InlineInvoker
from local.gateway.connection import Connection
from local.gateway.gateway import Gateway
from local.gateway.lambda_events import Handshake, authorize_event, connection_context
from local.sam.template import Stack
from rig.issuer import JWKS, Issuer
from signaling.authorizer import key_cache, tokens
from tests.support.authorizer import configure
from tests.support.events import AUTHORIZE, EVENTS, SECRETS, SENDER, Invocation, Room, replay
from tests.support.sockets import RecordingSocket


def test_authorize_is_decided_by_its_token_even_if_its_key_cannot_be_loaded_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tokens, "_SECONDS_OF_ISSUER_KEYS", 0)
    monkeypatch.setattr(key_cache, "SECONDS_BETWEEN_LOADS", 0)
    with Issuer() as issuer:
        configure(monkeypatch, JWT_ISSUER=issuer.url)
        good = issuer.mint()
        (unknown,) = AUTHORIZE["multiValueQueryStringParameters"]["token"]
        for token, effect in ((unknown, "Deny"), (good, "Allow"), (good, "Allow")):
            event = {**AUTHORIZE, "multiValueQueryStringParameters": {"token": [token]}}
            answer = authorize.lambda_handler(event, Invocation())
            (statement,) = answer["policyDocument"]["Statement"]
            assert (statement["Effect"], statement["Resource"]) == (effect, AUTHORIZE["methodArn"])
            if effect == "Allow":
                issuer.answers[JWKS] = (503, {}, b"")
        *_, first, second = map(json.loads, capsys.readouterr().out.splitlines())
        assert "old_keys" not in first
        assert f"{issuer.url}{JWKS} answered 503" in second["old_keys"]


def test_a_binary_body_gets_an_error_frame_too_should_one_ever_come() -> None:
    room = Room()
    event = {**EVENTS["malformed"], "body": "AAF5LXdlYnJ0Yw==", "isBase64Encoded": True}
    assert message.lambda_handler(event, Invocation()) == {"statusCode": 200}
    ((receiver, frame),) = room.connections.sent
    assert (receiver, frame["code"]) == (SENDER, "binary_frame")


def test_a_log_line_names_neither_room_nor_payload(capsys: pytest.CaptureFixture[str]) -> None:
    Room()
    for name in EVENTS:
        replay(name)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(EVENTS)
    for line in lines:
        assert {"level", "route", "connection", "milliseconds"} <= set(json.loads(line))
        assert not [secret for secret in SECRETS if secret in line]


def shape_of(value: Any) -> Any:
    """Return the keys of `value` at every level and the types of its leaves."""
    if isinstance(value, dict):
        if "Sec-WebSocket-Key" in value:
            return "headers of a client"
        return {key: shape_of(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape_of(each) for each in value]
    return type(value).__name__


def test_the_local_server_builds_events_of_the_same_shape(stack: Stack) -> None:
    seen: dict[str, Any] = {}

    def record(event: dict[str, Any], context: object) -> dict[str, int]:
        seen[event["requestContext"]["routeKey"]] = event
        return {"statusCode": 200}

    headers = list(EVENTS["connect_page"]["headers"].items())
    handshake = Handshake("/dev", "team=blue", headers, "203.0.113.7")
    gateway = Gateway(stack, InlineInvoker(), load=lambda function: record)
    connection = asyncio.run(gateway.connect(handshake))
    assert isinstance(connection, Connection)
    assert gateway.post(connection.id, b"{}").status == 410  # as while its `$connect` ran
    gateway.opened(connection, RecordingSocket())
    assert shape_of(seen["$connect"]) == shape_of(EVENTS["connect_page"])
    gateway.received(connection, EVENTS["publish_signal"]["body"])
    assert shape_of(seen["$default"]) == shape_of(EVENTS["publish_signal"])
    gateway.closed(connection, 1001)
    assert shape_of(seen["$disconnect"]) == shape_of(EVENTS["disconnect"])
    context = connection_context(handshake, "dev", connection.id, 0)
    asked = authorize_event(context, handshake._replace(query="token=x"), 0)
    assert shape_of(asked) == shape_of(AUTHORIZE)
    asyncio.run(gateway.connect(handshake._replace(query="")))
    assert shape_of(seen["$connect"]) == shape_of(EVENTS["connect"])
