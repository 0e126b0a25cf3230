"""Conversations through the deployed stack: they have the effects that the local server's have."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from local.sam.template import Stack
from rig.aws import dynamodb_client
from rig.clients import Client, Frame, clients
from rig.emulator import Deployment, client
from rig.introductions import meet
from rig.processes import wait_until
from rig.servers import StartLocalServer
from signaling.aws.rows import connection_of
from tests.support.table import rows_of

ROOM, OTHER = "vZ#4h2%60$1H", "ünother"
OFFER = {"type": "offer", "sdp": "v=0\r\n\u2028é🎉"}
_SECONDS_APART = 0.5
"""Between two who come: longer than the time in which they count as having come together."""


class Place(NamedTuple):
    """A server with its table and its @connections, as boto3's clients reach them."""

    url: str
    dynamodb: Any
    table: str
    management: Any

    def members(self, topic: str) -> list[str]:
        rows = rows_of(self.dynamodb, topic, self.table)
        rows = [row for row in rows if "has_left" not in row]
        return [connection_of(row["sk"]["S"]) for row in rows]

    def has_announced(self) -> bool:
        return any("announce" in row for row in rows_of(self.dynamodb, ROOM, self.table))


class Effects(NamedTuple):
    """What came of the conversation."""

    frames: dict[str, list[Frame]]
    """By client, in the order in which they came."""
    members: dict[str, tuple[int, int]]
    """How many were in the two rooms after each step."""
    posts: dict[str, int]
    """Statuses of what a server of the owner asked for."""
    close_code: int | None
    """That of the client that the server closed."""


async def converse(place: Place) -> Effects:
    """Hold the conversation, each step when the one before it has had its effect."""
    members: dict[str, tuple[int, int]] = {}
    posts: dict[str, int] = {}

    async def until_members(step: str, in_room: int, in_other: int) -> None:
        expected = (in_room, in_other)

        def have_come() -> bool:
            members[step] = len(place.members(ROOM)), len(place.members(OTHER))
            return members[step] == expected

        await asyncio.to_thread(wait_until, have_come)

    async def ask(step: str, operation: Callable[..., Any], connection: str, **more: Any) -> None:
        call = partial(operation, ConnectionId=connection, **more)
        posts[step] = await asyncio.to_thread(_status_of, call)

    async with AsyncExitStack() as stack:
        everyone: list[Client] = []
        for peer in "ABC":
            everyone += await stack.enter_async_context(clients(place.url, peer))
            await asyncio.sleep(_SECONDS_APART)
        a, b, c = everyone
        await a.subscribe(ROOM, OTHER)
        await until_members("A has come", 1, 1)
        (connection_of_a,) = await asyncio.to_thread(place.members, ROOM)
        await a.announce(ROOM)
        await asyncio.to_thread(wait_until, place.has_announced)
        await b.subscribe(ROOM)
        await until_members("B has come", 2, 1)
        await b.announce(ROOM)
        await a.until(lambda _: a.heard_of(b))
        await c.subscribe(ROOM, OTHER)
        await until_members("C has come", 3, 2)
        await c.announce(ROOM)
        await a.until(lambda _: a.heard_of(c))
        await b.until(lambda _: b.heard_of(c))
        await a.signal(ROOM, b, signal=OFFER)
        await b.until(lambda _: b.got(OFFER))
        await b.signal(ROOM, a, signal={"type": "answer"})
        await a.until(lambda _: a.got({"type": "answer"}))
        await c.publish(ROOM, "b3BhcXVl")
        await asyncio.gather(*(each.until(_is_last("b3BhcXVl")) for each in (a, b)))
        await c.send({"topic": OTHER, "type": "publish", "data": {"x": [1.5, None]}, "y": -0.0})
        await a.until(_is_last({"x": [1.5, None]}))
        for bad in ("no JSON", {"type": "dance"}, {"type": "subscribe"}, {"type": "ping"}):
            number = len(c.received)
            await c.send(bad)
            await c.until_received(number + 1)
        await c.send({"type": "unsubscribe", "topics": [ROOM, "never joined"]})
        await until_members("C has left a room", 2, 2)
        await a.publish(ROOM, "without C")
        await b.until(_is_last("without C"))
        await ask("get", place.management.get_connection, connection_of_a)
        news = b'{"type":"news"}'
        await ask("post", place.management.post_to_connection, connection_of_a, Data=news)
        await a.until(lambda frames: frames[-1] == {"type": "news"})
        await b.vanish()
        await until_members("B has vanished", 1, 2)
        await c.close()
        await until_members("C has gone", 1, 1)
        await ask("delete", place.management.delete_connection, connection_of_a)
        await asyncio.wait_for(a.reader, 20)
        await until_members("A was closed", 0, 0)
        await ask("post again", place.management.post_to_connection, connection_of_a, Data=news)
        await ask("get again", place.management.get_connection, connection_of_a)
        frames = {each.peer: each.received for each in everyone}
        return Effects(frames, members, posts, a.socket.close_code)


def _is_last(data: object) -> Callable[[list[Frame]], bool]:
    return lambda frames: bool(frames) and frames[-1].get("data") == data


def _status_of(call: Callable[[], Any]) -> int:
    try:
        return int(call()["ResponseMetadata"]["HTTPStatusCode"])
    except ClientError as error:
        return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


async def test_of_every_two_clients_that_join_at_once_one_hears_of_the_other(
    deployment: Deployment,
) -> None:
    assert await meet(deployment.websocket_url, rounds=24, at_once=6) == ([], [])


async def test_a_conversation_has_the_same_effects_on_the_local_server_and_the_deployed_stack(
    deployment: Deployment, local_server: StartLocalServer, dynamodb_local: str, stack: Stack
) -> None:
    server = local_server("--dynamodb", dynamodb_local)
    here = Place(
        server.websocket_url,
        dynamodb_client(dynamodb_local),
        str(stack.table["TableName"]),
        client("apigatewaymanagementapi", f"{server.http_url}/{stack.stage}"),
    )
    there = Place(
        deployment.websocket_url,
        deployment.client("dynamodb"),
        deployment.table,
        client("apigatewaymanagementapi", deployment.connections_endpoint),
    )
    ours = await converse(here)
    statuses = {"get": 200, "post": 200, "delete": 204, "post again": 410, "get again": 410}
    assert ours.posts == statuses
    assert [addressees(frames) for frames in ours.frames.values()] == [["A"], ["B"], []]
    assert await converse(there) == ours


def addressees(frames: list[Frame]) -> list[str]:
    data = [frame["data"] for frame in frames if frame["type"] == "publish"]
    return [each["to"] for each in data if isinstance(each, dict) and "to" in each]
