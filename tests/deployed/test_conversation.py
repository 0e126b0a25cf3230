"""Conversations through the deployed stack."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.clients import Frame, clients
from tests.deployed.emulator import Deployment, client
from tests.meetings import meet
from tests.servers import wait_until


def rows(deployment: Deployment, topic: str) -> list[str]:
    """Return the connections that have a row in `topic`."""
    answer = deployment.client("dynamodb").query(
        TableName=deployment.table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"topic-{topic}"}},
        ConsistentRead=True,
    )
    return [row["sk"]["S"].removeprefix("connection-") for row in answer["Items"]]


def signals(frames: list[Frame]) -> list[Any]:
    """Return the signals among `frames`."""
    return [each["data"]["signal"] for each in frames if each["data"]["type"] == "signal"]


def test_of_every_two_clients_that_join_at_once_one_hears_of_the_other(
    deployment: Deployment,
) -> None:
    assert asyncio.run(meet(deployment.websocket_url, rounds=24, at_once=8)) == []


def test_a_signal_reaches_its_addressee_alone(deployment: Deployment) -> None:
    async def talk() -> list[list[Any]]:
        async with clients(deployment.websocket_url, "A", "B", "C") as everyone:
            a, b, _ = everyone
            for client in everyone:
                await client.subscribe("signals")
                await client.announce("signals")
                await client.settled()
            await a.signal("signals", b, signal="offer")
            await a.settled()
            return [signals(await client.settled()) for client in everyone]

    assert asyncio.run(talk()) == [[], ["offer"], []]


def test_a_bad_frame_is_answered_with_an_error(deployment: Deployment) -> None:
    async def misbehave() -> list[Frame]:
        async with clients(deployment.websocket_url, "A") as (client,):
            await client.send("no JSON")
            await client.send({"type": "dance"})
            await client.send({"type": "ping"})
            await client.until_received(3)
            return client.received

    *errors, pong = asyncio.run(misbehave())
    assert [each["code"] for each in errors] == ["invalid_json", "unknown_type"]
    assert pong == {"type": "pong"}


def test_a_client_that_left_or_vanished_has_no_row(deployment: Deployment) -> None:
    async def come_and_go() -> None:
        async with clients(deployment.websocket_url, "A", "B", "C") as (a, b, c):
            for client in (a, b, c):
                await client.subscribe("left", "left too")
                await client.settled()
            assert len(rows(deployment, "left")) == len(rows(deployment, "left too")) == 3
            await a.close()
            await b.kill()
            wait_until(lambda: len(rows(deployment, "left")) == 1)
            wait_until(lambda: len(rows(deployment, "left too")) == 1)

    asyncio.run(come_and_go())
    wait_until(lambda: not rows(deployment, "left"))


def test_a_server_of_the_owner_reaches_clients_until_they_are_gone(deployment: Deployment) -> None:
    server = client("apigatewaymanagementapi", deployment.connections_endpoint)

    async def listen() -> str:
        async with clients(deployment.websocket_url, "A") as (a,):
            await a.subscribe("served")
            await a.settled()
            (connection,) = rows(deployment, "served")
            server.get_connection(ConnectionId=connection)
            server.post_to_connection(ConnectionId=connection, Data=json.dumps({"type": "news"}))
            await a.until(lambda frames: frames[-1] == {"type": "news"})
            return connection

    def is_gone() -> bool:
        try:
            server.get_connection(ConnectionId=connection)
        except server.exceptions.GoneException:
            return True
        return False

    connection = asyncio.run(listen())
    wait_until(is_gone)
    with pytest.raises(server.exceptions.GoneException):
        server.post_to_connection(ConnectionId=connection, Data="{}")


@contextmanager
def without_permission(deployment: Deployment, action: str) -> Iterator[None]:
    """Take `action` away from the message function for a while."""
    iam = deployment.client("iam")
    role = deployment.resource("MessageFunctionRole")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    without = json.loads(json.dumps(policy).replace(json.dumps(action), '"dynamodb:ListTables"'))
    assert without != policy

    def put(document: object) -> None:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))

    put(without)
    yield
    put(policy)


@pytest.mark.parametrize("action", ["dynamodb:UpdateItem", "dynamodb:Query"])
def test_without_a_permission_that_the_template_gives_rooms_fail(
    deployment: Deployment, action: str
) -> None:
    async def join() -> list[str]:
        async with clients(deployment.websocket_url, "A") as (client,):
            await client.announce("forbidden")
            await client.until_received(1)
            return [each["code"] for each in client.received]

    with without_permission(deployment, action):
        assert asyncio.run(join()) == ["unavailable"]
