"""What `sam build` made, run as Lambda runs it: every event file, and its effect.

Each function comes from where `.aws-sam/build/template.yaml` says. It posts to real clients of the
local server, and both have their rows in DynamoDB Local.
"""

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import boto3
import pytest

from local import ROOT
from local.sam.template import AUTHORIZER, load
from rig.aws import dynamodb_client
from rig.built import build
from rig.clients import Client, clients
from rig.issuer import Issuer
from rig.lambda_functions import TRACE, LambdaFunction, Runtime, find_runtime
from rig.processes import wait_until
from rig.servers import LocalServer, local_servers
from signaling.aws.dynamodb import DynamoDBSubscriptions
from signaling.aws.sdk import SdkDynamoDB
from signaling.bootstrap import deadlines_within
from signaling.frames import PONG
from signaling.log import hash_of
from signaling.ports import Sender
from signaling.protocol import Announce
from signaling.standing import NEW_MILLISECONDS
from tests.support.events import AUTHORIZE, EVENTS, OTHER_PEER, PEER, TOPIC


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    return find_runtime()


StartFunction = Callable[..., LambdaFunction]
"""Starts the function of a route, with parameters of the template and variables of one's own."""


@pytest.fixture(scope="module")
def start_function(runtime: Runtime) -> Iterator[StartFunction]:
    stack = ExitStack()

    def start(route: str, parameters: dict[str, str], **environment: str) -> LambdaFunction:
        function = build().function(route, parameters)
        libraries = runtime.libraries
        if parameters.get("AwsClient") == "boto3":
            libraries += (Path(boto3.__file__).parent.parent,)  # Lambda's runtime brings it
        layers = build().layers_of(function.name, parameters)
        own = runtime._replace(libraries=libraries)
        return stack.enter_context(LambdaFunction(function, own, layers, environment))

    with stack:
        yield start


class Room(NamedTuple):
    """Where the events take effect: the local server, its table and three topics.

    The sender is in a topic of its own and may be in `topic`, where the other client is.
    """

    server: LocalServer
    subscriptions: DynamoDBSubscriptions
    environment: dict[str, str]
    """What tells functions where the table and the connections are."""

    def members(self, topic: str) -> dict[str, str | None]:
        """Return the connections in `topic` with their peers."""
        return {each.connection: each.peer for each in self.subscriptions.of_topic(topic)}

    async def connection_of(self, client: Client, topic: str) -> str:
        """Put `client` into `topic` and return its connection id.

        Its announce has then read the topic, too, and finds nobody who is put there afterwards.
        """
        await client.announce(topic)
        await asyncio.to_thread(wait_until, lambda: self._announced(topic))
        (connection,) = self._announced(topic)
        return connection

    def _announced(self, topic: str) -> list[str]:
        lines = [line for line in self.server.log if line.get("topic") == hash_of(topic)]
        return [line["connection"] for line in lines if line["type"] == "publish"]


@pytest.fixture(scope="module")
def room(dynamodb_local: str) -> Iterator[Room]:
    table = load(ROOT / "template.yaml").table["TableName"]
    subscriptions = DynamoDBSubscriptions(
        SdkDynamoDB(dynamodb_client(dynamodb_local)), table, deadlines_within(3600)
    )
    with local_servers() as start:
        server = start("--dynamodb", dynamodb_local)
        environment = {
            "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_local,
            "CONNECTIONS_ENDPOINT": f"{server.http_url}/dev",
        }
        yield Room(server, subscriptions, environment)


@pytest.fixture(scope="module", params=["lean", "boto3"])
def functions(
    request: pytest.FixtureRequest, start_function: StartFunction, room: Room
) -> dict[str, LambdaFunction]:
    parameters = {"AwsClient": request.param}
    routes = ("$connect", "$disconnect", "$default")
    return {route: start_function(route, parameters, **room.environment) for route in routes}


def event_of(name: str, connection: str, topic: str) -> dict[str, Any]:
    """Return the event as `connection` would cause it once nobody here is new any more."""
    event: dict[str, Any] = json.loads(json.dumps(EVENTS[name]).replace(TOPIC, topic))
    now = int(time.time() * 1000) + 2 * NEW_MILLISECONDS
    event["requestContext"] |= {
        "connectionId": connection,
        "connectedAt": now - 3 * NEW_MILLISECONDS,
        "requestTimeEpoch": now,
    }
    return event


PONG_FRAME = json.loads(PONG)


class Effect(NamedTuple):
    """What an event does; the sender's frames are named by their type or code."""

    enters: bool = False
    """Whether the sender is in the room only afterwards."""
    leaves: bool = False
    to_sender: tuple[str, ...] = ()
    is_passed_on: bool = False
    """Whether the other client gets it."""


EFFECTS = {
    "connect": Effect(),
    "connect_page": Effect(),
    "subscribe": Effect(enters=True),
    "unsubscribe": Effect(leaves=True),
    "disconnect": Effect(leaves=True),
    "publish_announce": Effect(enters=True, is_passed_on=True),
    "publish_signal": Effect(is_passed_on=True),
    "publish_encrypted": Effect(enters=True, is_passed_on=True),
    "ping": Effect(to_sender=("pong",)),
    "malformed": Effect(to_sender=("invalid_json",)),
}


def test_every_event_file_has_its_effect_here() -> None:
    assert EFFECTS.keys() == EVENTS.keys()


async def frames_of(client: Client, pongs: int) -> list[dict[str, Any]]:
    """Return what `client` got, once a ping of its own has been answered after it."""
    await client.send({"type": "ping"})
    await client.until(lambda frames: frames.count(PONG_FRAME) == pongs + 1)
    assert client.received[-1] == PONG_FRAME
    return client.received[:-1]


@pytest.mark.parametrize("name", EFFECTS)
async def test_an_event_has_its_effect(
    name: str, functions: dict[str, LambdaFunction], room: Room
) -> None:
    effect, topic = EFFECTS[name], f"{uuid4()}"
    async with clients(room.server.websocket_url, PEER, OTHER_PEER) as (sender, other):
        lobby = f"lobby of {topic}"
        connection = await room.connection_of(sender, lobby)
        other_connection = await room.connection_of(other, topic)
        if not effect.enters:
            announce = Announce('"in the room"', PEER)
            room.subscriptions.announce(topic, Sender(connection, 2**50, 0), announce)
        event = event_of(name, connection, topic)
        function = functions[event["requestContext"]["routeKey"]]
        answer = await asyncio.to_thread(function.invoke, event)
        assert answer == {"statusCode": 200}
        to_sender = await frames_of(sender, effect.to_sender.count("pong"))
        to_other = await frames_of(other, 0)
        in_room = room.members(topic)
        in_lobby = room.members(lobby)
    assert tuple(frame.get("code", frame["type"]) for frame in to_sender) == effect.to_sender
    passed_on = json.loads(event["body"]) | {"clients": 2} if effect.is_passed_on else None
    assert to_other == ([passed_on] if passed_on else [])
    is_known = name not in ("subscribe", "publish_encrypted")
    sender_in_room = {connection: PEER if is_known else None}
    assert in_room == {other_connection: OTHER_PEER} | ({} if effect.leaves else sender_in_room)
    assert in_lobby == ({} if name == "disconnect" else {connection: PEER})


def test_a_page_of_another_origin_is_refused(start_function: StartFunction) -> None:
    function = start_function("$connect", {"AllowedOrigins": "https://*.example.org"})
    assert function.invoke(event_of("connect_page", "L0SM9cOFvHcCIhw=", TOPIC)) == {
        "statusCode": 403
    }
    (line,) = function.log
    assert (line["refused"], line["origin"]) == ("origin", "https://notes.example.com")


def test_the_authorizer_admits_good_tokens(start_function: StartFunction, runtime: Runtime) -> None:
    if not runtime.is_lambdas:
        pytest.skip("the authorizer was built for Python 3.13, which this machine does not have")
    (unknown,) = AUTHORIZE["multiValueQueryStringParameters"]["token"]
    with Issuer() as issuer:
        function = start_function(AUTHORIZER, {"JwtIssuer": issuer.url, "JwtAudience": "rooms"})
        for token, effect in (
            (unknown, "Deny"),
            (issuer.mint(aud="rooms"), "Allow"),
            (issuer.mint(aud="others"), "Deny"),
            (issuer.mint(aud="rooms", exp=1), "Deny"),
        ):
            event = {**AUTHORIZE, "multiValueQueryStringParameters": {"token": [token]}}
            (statement,) = function.invoke(event)["policyDocument"]["Statement"]
            assert (statement["Effect"], statement["Resource"]) == (effect, AUTHORIZE["methodArn"])
    assert [line.get("refused") for line in function.log] == ["key", None, "audience", "expired"]


def test_the_tracing_layer_sends_what_a_publish_did_to_x_ray(
    start_function: StartFunction, room: Room
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(10)
        address = f"127.0.0.1:{daemon.getsockname()[1]}"
        variables = room.environment | {"AWS_XRAY_DAEMON_ADDRESS": address}
        function = start_function("$default", {"Tracing": "Active"}, **variables)
        function.invoke(event_of("publish_announce", "L0SM9cOFvHcCIhw=", TOPIC))
        packets = [daemon.recv(65536).decode() for _ in range(2)]
    sent = [json.loads(packet.partition("\n")[2]) for packet in packets]
    assert [(each["name"], each["annotations"]) for each in sent] == [
        ("read topic", {"subscribers": 1}),
        ("fan out", {"delivered": 0, "gone": 0, "failed": 0}),
    ]
    assert {each["trace_id"] for each in sent} == {TRACE}
    assert not [packet for packet in packets if TOPIC in packet]
