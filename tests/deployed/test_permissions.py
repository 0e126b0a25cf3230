"""Nothing that the template permits a function is too much: without any one of it, something fails.

The authorizer's permission is in test_life.py, where there are tokens.
"""

import time
import uuid
from contextlib import nullcontext

import pytest

from rig.clients import clients
from rig.emulator import Deployment, Emulator
from rig.processes import wait_until
from signaling.aws.rows import sort_key
from signaling.log import hash_of
from signaling.topics import topic_key

MESSAGE, DISCONNECT = "MessageFunction", "DisconnectFunction"
GONE = "gone"
"""A connection that there is not."""


@pytest.fixture
def room() -> str:
    return str(uuid.uuid4())


@pytest.mark.parametrize("action", ["dynamodb:UpdateItem", "dynamodb:Query"])
async def test_without_it_nobody_enters_a_room(
    deployment: Deployment, room: str, action: str
) -> None:
    with deployment.without(MESSAGE, action):
        async with clients(deployment.websocket_url, "A") as (client,):
            await client.announce(room)
            await client.until_received(1)
            assert [each["code"] for each in client.received] == ["unavailable"]


async def test_without_deletes_the_row_of_a_client_that_is_gone_stays(
    emulator: Emulator, deployment: Deployment, room: str
) -> None:
    enter(GONE, deployment, room)
    with deployment.without(MESSAGE, "dynamodb:DeleteItem"):
        async with clients(deployment.websocket_url, "A") as (client,):
            await client.publish(room, {"type": "anything"})
            wait_until(lambda: hash_of(room) in emulator.output)
    assert '"clean_up": "failed"' in line_about(room, emulator)
    assert deployment.members(room) == [GONE]


async def test_without_posts_nobody_hears_anything(
    emulator: Emulator, deployment: Deployment, room: str
) -> None:
    with deployment.without(MESSAGE, "/POST/@connections/"):
        async with clients(deployment.websocket_url, "A", "B") as (a, b):
            await b.subscribe(room)
            wait_until(lambda: deployment.members(room))
            await a.publish(room, {"type": "anything"})
            wait_until(lambda: hash_of(room) in emulator.output)
    assert '"delivered": 0, "gone": 0, "failed": 1' in line_about(room, emulator)


@pytest.mark.parametrize("is_asked_for", [True, False])
async def test_without_asking_for_connections_whoever_is_gone_is_introduced(
    emulator: Emulator, deployment: Deployment, room: str, is_asked_for: bool
) -> None:
    enter(GONE, deployment, room, announce='{"type":"announce","from":"Z"}')
    with nullcontext() if is_asked_for else deployment.without(MESSAGE, "/GET/@connections/"):
        async with clients(deployment.websocket_url, "A") as (client,):
            await client.announce(room)
            wait_until(lambda: hash_of(room) in emulator.output)
            if not is_asked_for:
                await client.until_received(1)
    heard_of = [frame["data"]["from"] for frame in client.received]
    assert heard_of == ([] if is_asked_for else ["Z"])


@pytest.mark.parametrize("action", ["dynamodb:Query", "dynamodb:DeleteItem"])
async def test_without_it_the_row_of_a_client_that_left_stays(
    emulator: Emulator, deployment: Deployment, room: str, action: str
) -> None:
    def has_left() -> bool:
        return any("$disconnect" in line and connection in line for line in emulator.lines)

    with deployment.without(DISCONNECT, action):
        async with clients(deployment.websocket_url, "A") as (client,):
            await client.subscribe(room)
            wait_until(lambda: deployment.members(room))
            (connection,) = deployment.members(room)
        wait_until(has_left)
    assert deployment.members(room) == [connection]


def enter(connection: str, deployment: Deployment, room: str, **more: str) -> None:
    """Write the row of a client that has entered the room just now, the last one to connect."""
    now = int(time.time() * 1000)
    times = {"requested_at": now, "connected_at": now + 60_000, "expires_at": now}
    deployment.client("dynamodb").put_item(
        TableName=deployment.table,
        Item={
            "pk": {"S": topic_key(room)},
            "sk": {"S": sort_key(connection)},
            **{name: {"N": str(time)} for name, time in times.items()},
            **{name: {"S": text} for name, text in more.items()},
        },
    )


def line_about(room: str, emulator: Emulator) -> str:
    """Return the last line that a function has logged about the room."""
    return [line for line in emulator.lines if hash_of(room) in line][-1]
