"""Conversations through the deployed stack."""

import asyncio
from itertools import combinations

import pytest

from rig.clients import Frame, clients
from rig.emulator import Deployment, client
from rig.introductions import meet, until_introduced
from rig.servers import wait_until


def test_of_every_two_clients_that_join_at_once_one_hears_of_the_other(
    deployment: Deployment,
) -> None:
    assert asyncio.run(meet(deployment.websocket_url, rounds=24, at_once=6)) == ([], [])


def test_a_signal_reaches_its_addressee_alone(deployment: Deployment) -> None:
    def addressees(frames: list[Frame]) -> list[str]:
        return [frame["data"]["to"] for frame in frames if "to" in frame["data"]]

    async def talk() -> list[list[str]]:
        async with clients(deployment.websocket_url, "A", "B", "C") as everyone:
            a, b, c = everyone
            for each in everyone:
                await each.announce("signals")
            for pair in combinations(everyone, 2):
                await until_introduced(*pair)
            await a.signal("signals", b)
            await b.until(addressees)
            await a.publish("signals", {"type": "last"})
            for other in (b, c):
                await other.until(lambda frames: frames and frames[-1]["data"]["type"] == "last")
            return [addressees(each.received) for each in everyone]

    assert asyncio.run(talk()) == [[], ["B"], []]


def test_a_bad_frame_is_answered_with_an_error(deployment: Deployment) -> None:
    async def misbehave() -> list[str]:
        async with clients(deployment.websocket_url, "A") as (client,):
            for frame in ("no JSON", {"type": "dance"}, {"type": "ping"}):
                await client.send(frame)
            await client.until_received(3)
            return [str(each.get("code", each["type"])) for each in client.received]

    assert sorted(asyncio.run(misbehave())) == ["invalid_json", "pong", "unknown_type"]


def test_a_client_that_left_or_vanished_has_no_row(deployment: Deployment) -> None:
    async def come_and_go() -> None:
        async with clients(deployment.websocket_url, "A", "B", "C") as (a, b, c):
            for each in (a, b, c):
                await each.subscribe("left", "left too")
            wait_until(lambda: len(deployment.members("left too")) == 3)
            assert len(deployment.members("left")) == 3
            await a.close()
            await b.kill()
            wait_until(lambda: len(deployment.members("left too")) == 1)
            wait_until(lambda: len(deployment.members("left")) == 1)

    asyncio.run(come_and_go())
    wait_until(lambda: not deployment.members("left"))


def test_a_server_of_the_owner_reaches_clients_until_they_are_gone(deployment: Deployment) -> None:
    server = client("apigatewaymanagementapi", deployment.connections_endpoint)

    async def listen() -> str:
        async with clients(deployment.websocket_url, "A") as (listener,):
            await listener.subscribe("served")
            wait_until(lambda: deployment.members("served"))
            (connection,) = deployment.members("served")
            server.get_connection(ConnectionId=connection)
            server.post_to_connection(ConnectionId=connection, Data='{"type": "news"}')
            await listener.until_received(1)
            assert listener.received == [{"type": "news"}]
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
