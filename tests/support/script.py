"""One conversation, step by step, and all that comes of it: frames, rows and answers to posts."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from rig.clients import Client, Frame, clients
from rig.processes import wait_until
from signaling.aws.rows import connection_of
from tests.support.table import rows_of

ROOM, OTHER = "vZ#4h2%60$1H", "ünother"
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
        await a.settled()
        await b.subscribe(ROOM)
        await until_members("B has come", 2, 1)
        await b.announce(ROOM)
        await a.until(lambda _: a.heard_of(b))
        await c.subscribe(ROOM, OTHER)
        await until_members("C has come", 3, 2)
        await c.announce(ROOM)
        await asyncio.gather(*(each.until(_heard(each, c)) for each in (a, b)))
        await a.signal(ROOM, b, signal={"type": "offer", "sdp": "v=0\r\n\u2028é🎉"})
        await b.until(_has({"type": "offer", "sdp": "v=0\r\n\u2028é🎉"}))
        await b.signal(ROOM, a, signal={"type": "answer"})
        await a.until(_has({"type": "answer"}))
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


def _heard(listener: Client, other: Client) -> Callable[[list[Frame]], bool]:
    return lambda _: listener.heard_of(other)


def _has(signal: object) -> Callable[[list[Frame]], bool]:
    return lambda frames: any(
        isinstance(frame.get("data"), dict) and frame["data"].get("signal") == signal
        for frame in frames
    )


def _is_last(data: object) -> Callable[[list[Frame]], bool]:
    return lambda frames: bool(frames) and frames[-1].get("data") == data


def _status_of(call: Callable[[], Any]) -> int:
    try:
        return int(call()["ResponseMetadata"]["HTTPStatusCode"])
    except ClientError as error:
        return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
