"""The event files: each handled as it should be, and shaped as the local server's own are."""

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest
from moto import mock_aws

from functions.authorize import app as authorize
from functions.message import app as message
from local import ROOT
from local.functions.invoker import InlineInvoker
from local.gateway.connection import Connection
from local.gateway.gateway import Gateway
from local.gateway.lambda_events import Handshake, authorize_event, connection_context
from local.sam.template import Stack
from local.table.dynamodb import make_table
from rig.aws import dynamodb_client
from rig.issuer import Issuer
from signaling import bootstrap
from signaling.authorizer import tokens
from signaling.aws.dynamodb import DynamoDBSubscriptions
from signaling.aws.sdk import SdkConnections, SdkDynamoDB
from signaling.bootstrap import Adapters, deadlines_within
from signaling.ports import Sender
from tests.support.events import (
    AUTHORIZE,
    EVENTS,
    OTHER_PEER,
    PEER,
    SENDER,
    TOPIC,
    Invocation,
    Room,
    announce,
    replay,
)
from tests.support.messages import HOSTILE
from tests.support.posts import ScriptedClient
from tests.support.sockets import RecordingSocket


def test_every_event_file_is_replayed_here() -> None:
    assert set(EVENTS) == {
        *("connect", "connect_page", "disconnect", "subscribe", "unsubscribe", "ping"),
        *("publish_announce", "publish_signal", "publish_encrypted", "malformed"),
    }


def test_authorize_is_decided_by_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    issuer = Issuer()
    issuer.start()
    monkeypatch.setenv("JWT_ISSUER", issuer.url)
    monkeypatch.delenv("JWT_SECRET_ARN", raising=False)
    tokens.reset()
    for token, effect in (
        (AUTHORIZE["queryStringParameters"]["token"], "Deny"),
        (issuer.mint(), "Allow"),
    ):
        event = {**AUTHORIZE, "multiValueQueryStringParameters": {"token": [token]}}
        answer = authorize.lambda_handler(event, Invocation())
        (statement,) = answer["policyDocument"]["Statement"]
        assert (statement["Effect"], statement["Resource"]) == (effect, AUTHORIZE["methodArn"])
    tokens.reset()
    issuer.stop()


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_event_is_answered_with_200(name: str) -> None:
    Room()
    assert replay(name) == {"statusCode": 200}


def test_disconnect_takes_the_client_out() -> None:
    room = Room()
    replay("disconnect")
    assert room.members() == {"other="}


def test_subscribe_and_unsubscribe() -> None:
    room = Room(sender_is_in=False)
    replay("subscribe")
    assert room.members() == {SENDER, "other="}
    replay("unsubscribe")
    assert room.members() == {"other="}


@pytest.mark.parametrize("name", ["publish_announce", "publish_signal", "publish_encrypted"])
def test_publish_reaches_the_other_client(name: str) -> None:
    room = Room()
    replay(name)
    ((receiver, frame),) = room.connections.sent
    assert receiver == "other="
    assert frame == json.loads(EVENTS[name]["body"]) | {"clients": 2}


def test_publish_announce_stores_the_peer() -> None:
    room = Room(sender_is_in=False)
    replay("publish_announce")
    assert (SENDER, PEER) in [each[:2] for each in room.subscriptions.of_topic(TOPIC)]


def test_ping_is_answered_for_stacks_without_the_route() -> None:
    room = Room()
    replay("ping")
    assert room.connections.sent == [(SENDER, {"type": "pong"})]


def test_a_frame_that_is_no_json_gets_an_error_frame() -> None:
    room = Room()
    replay("malformed")
    ((receiver, frame),) = room.connections.sent
    assert (receiver, frame["type"], frame["code"]) == (SENDER, "error", "invalid_json")


def test_a_binary_body_gets_an_error_frame_too_should_one_ever_come() -> None:
    room = Room()
    event = {**EVENTS["malformed"], "body": "AAF5LXdlYnJ0Yw==", "isBase64Encoded": True}
    assert message.lambda_handler(event, Invocation()) == {"statusCode": 200}
    ((receiver, frame),) = room.connections.sent
    assert (receiver, frame["code"]) == (SENDER, "binary_frame")


def test_every_hostile_body_gets_one_error_frame() -> None:
    room = Room()
    for body, _ in HOSTILE.values():
        event = {**EVENTS["subscribe"], "body": body}
        assert message.lambda_handler(event, Invocation()) == {"statusCode": 200}
    assert [frame["code"] for _, frame in room.connections.sent] == [
        code for _, code in HOSTILE.values()
    ]
    assert room.connections.receivers() == [SENDER] * len(HOSTILE)
    assert room.members() == {SENDER, "other="}


def test_a_log_line_names_neither_room_nor_payload(capsys: pytest.CaptureFixture[str]) -> None:
    Room()
    for name in EVENTS:
        replay(name)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(EVENTS)
    for line in lines:
        fields = json.loads(line)
        assert {"level", "route", "connection", "milliseconds"} <= set(fields)
        for secret in (TOPIC, PEER, OTHER_PEER, "ice-ufrag", "blue", "notes.example.com"):
            assert secret not in line


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

    handshake = Handshake(
        "/dev", "team=blue", list(EVENTS["connect_page"]["headers"].items()), "203.0.113.7"
    )
    gateway = Gateway(stack, InlineInvoker(), load=lambda function: record)
    connection = asyncio.run(gateway.connect(handshake))
    assert isinstance(connection, Connection)
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


def test_connect_imports_no_aws_client() -> None:
    program = (
        "import json, sys; sys.path.insert(0, 'layers/signaling/python');"
        "from functions.connect import app;"
        "app.lambda_handler(json.load(open('events/connect.json')), None);"
        "assert not {'boto3', 'botocore', 'urllib3', 'aws_xray_sdk'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


class CountedRequests:
    """The room of the event files on moto, with 5 other clients, counting AWS requests."""

    def __init__(self, stack: Stack, **statuses: list[int | None]) -> None:
        client = dynamodb_client()
        make_table(client, stack.table)
        deadlines = deadlines_within(60)
        subscriptions = DynamoDBSubscriptions(
            SdkDynamoDB(client), stack.table["TableName"], deadlines, now=lambda: 0
        )
        for number, peer in enumerate(("0", "1", "2", OTHER_PEER, "4")):
            subscriptions.announce(TOPIC, Sender(f"other{number}", 0, 0), announce(peer))
        self.requests: list[str] = []
        client.meta.events.register(
            "before-call.dynamodb", lambda model, **_: self.requests.append(model.name)
        )
        self.posts = ScriptedClient(**statuses)
        bootstrap.install(
            Adapters(
                lambda deadlines: subscriptions,
                lambda deadlines: SdkConnections(self.posts, deadlines.posts),
            )
        )


@mock_aws
def test_a_signal_makes_one_query_and_one_post(stack: Stack) -> None:
    counted = CountedRequests(stack)
    replay("publish_signal")
    assert counted.requests == ["Query"]
    assert counted.posts.posts == {"other3": 1}


@mock_aws
def test_an_announce_makes_one_write_more(stack: Stack) -> None:
    counted = CountedRequests(stack)
    replay("publish_announce")
    assert counted.requests == ["UpdateItem", "Query"]
    assert sum(counted.posts.posts.values()) == 5


@mock_aws
def test_a_signal_to_a_connection_that_is_gone_costs_a_delete_and_a_try_to_wait(
    stack: Stack,
) -> None:
    counted = CountedRequests(stack, other3=[410])
    replay("publish_signal")
    assert counted.requests == ["Query", "BatchWriteItem", "UpdateItem"]
