"""What an owner does with a stack while people use it, in this order."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import jwt
import pytest

from rig.clients import Client, Frame, clients
from rig.emulator import Deployment, Emulator, client, inventory
from rig.processes import wait_until
from tests.support.handshakes import status_of
from tests.support.make import make

NAME = "y-webrtc-signaling-life"
SECRET = "correct horse battery staple, and then some"
ORIGIN, ELSEWHERE = "https://app.example.com", "https://elsewhere.example"


@pytest.fixture(scope="module")
def life(emulator: Emulator) -> Deployment:
    return emulator.deploy(name=NAME)


@pytest.fixture(scope="module")
def secret(emulator: Emulator) -> str:
    created = client("secretsmanager", emulator.endpoint).create_secret(
        Name="life", SecretString=SECRET
    )
    return str(created["ARN"])


def set_parameter(life: Deployment, name: str, value: str) -> None:
    """Change one parameter and leave the others as they are, as AWS's console does.

    `sam deploy` asks CloudFormation for the same, and takes five seconds more.
    """
    cloudformation = life.client("cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName=NAME)["Stacks"]
    others = [each["ParameterKey"] for each in stack["Parameters"] if each["ParameterKey"] != name]
    cloudformation.update_stack(
        StackName=NAME,
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value},
            *({"ParameterKey": other, "UsePreviousValue": True} for other in others),
        ],
    )
    wait_until(lambda: status_of_stack(life) not in ("UPDATE_IN_PROGRESS", "CREATE_COMPLETE"))
    assert status_of_stack(life).startswith("UPDATE_COMPLETE")


def status_of_stack(life: Deployment) -> str:
    (stack,) = life.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
    return str(stack["StackStatus"])


def run(target: str, life: Deployment, *variables: str) -> str:
    """Run one of the owner's commands against the stack."""
    return make(target, *variables, AWS_ENDPOINT_URL=life.endpoint)


@asynccontextmanager
async def members(
    life: Deployment, room: str, *peers: str, query: str = ""
) -> AsyncIterator[list[Client]]:
    """Connect clients that enter the room."""
    async with clients(life.websocket_url + query, *peers, origin=ORIGIN) as everyone:
        already = len(life.members(room))
        for each in everyone:
            await each.announce(room)
        wait_until(lambda: len(life.members(room)) == already + len(peers))
        yield everyone


async def says(sender: Client, room: str, text: str, *receivers: Client) -> None:
    """Let `sender` tell the room something, until all `receivers` have heard it."""
    await sender.publish(room, {"type": text})
    for receiver in receivers:
        await receiver.until(lambda frames: text in texts(frames))


def texts(frames: list[Frame]) -> list[str]:
    return [frame["data"]["type"] for frame in frames if frame["type"] == "publish"]


def token(secret: str) -> str:
    return f"?token={jwt.encode({'exp': int(time.time()) + 600}, secret, 'HS256')}"


def test_make_check_says_that_a_new_stack_works(life: Deployment) -> None:
    run("check", life, f"URL={life.websocket_url}")


async def test_rooms_are_listed_and_a_connection_is_closed(life: Deployment) -> None:
    async with members(life, "kick", "A", "B") as (a, b):
        stack = f"STACK={NAME}"
        listed = await asyncio.to_thread(run, "rooms", life, stack, "NAMES=1", "ROOM=kick")
        connection = listed.split()[-1]
        assert connection in life.members("kick")
        told = await asyncio.to_thread(run, "kick", life, stack, f"CONNECTION={connection}")
        assert told == f"closed {connection}\n"
        await asyncio.wait([a.reader, b.reader], return_when=asyncio.FIRST_COMPLETED)
        assert [a.socket.closed, b.socket.closed].count(True) == 1
        wait_until(lambda: len(life.members("kick")) == 1)


async def test_delivery_changes_while_people_are_in_a_room(life: Deployment) -> None:
    async with members(life, "delivery", "A", "B") as (a, b):
        await says(a, "delivery", "addressed", b)
        await asyncio.to_thread(set_parameter, life, "Delivery", "broadcast")
        await says(a, "delivery", "broadcast", a, b)
        assert texts(a.received) == ["broadcast"]


async def test_origins_are_restricted_while_people_are_in_a_room(life: Deployment) -> None:
    async with members(life, "origins", "A", "B") as (a, b):
        assert await status_of(life.websocket_url, ELSEWHERE) == 101
        await asyncio.to_thread(set_parameter, life, "AllowedOrigins", ORIGIN)
        assert await status_of(life.websocket_url, ELSEWHERE) == 403
        assert await status_of(life.websocket_url, ORIGIN) == 101
        await says(a, "origins", "still here", b)


async def test_the_table_gets_other_capacity_while_people_are_in_a_room(life: Deployment) -> None:
    def billing() -> str:
        table = life.client("dynamodb").describe_table(TableName=life.table)["Table"]
        return str(table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"))

    async with members(life, "capacity", "A", "B") as (a, b):
        assert billing() == "PAY_PER_REQUEST"
        await asyncio.to_thread(set_parameter, life, "CapacityMode", "free-tier")
        assert billing() == "PROVISIONED"
        await says(a, "capacity", "still here", b)


async def test_tokens_are_switched_on_while_a_room_is_in_use(life: Deployment, secret: str) -> None:
    async with members(life, "tokens", "A", "B") as (a, b):
        await says(a, "tokens", "before", b)
        await asyncio.to_thread(set_parameter, life, "JwtSecretArn", secret)
        assert await status_of(life.websocket_url, ORIGIN) == 401
        assert await status_of(life.websocket_url + token(SECRET[::-1]), ORIGIN) == 403
        async with members(life, "tokens", "C", "D", query=token(SECRET)) as (c, d):
            await says(c, "tokens", "after", d)
            await says(d, "tokens", "after that", c)
            await a.publish("tokens", {"type": "let me in"})
            await a.until(lambda frames: "forbidden" in [each.get("code") for each in frames])
            assert "open it again" in a.received[-1]["message"]
            assert "after" not in texts(a.received) + texts(b.received)
            assert "let me in" not in texts(b.received + c.received + d.received)


async def test_a_stack_is_deleted_while_people_are_in_a_room_and_deployed_again(
    emulator: Emulator, deployment: Deployment, life: Deployment
) -> None:
    query = token(SECRET)
    async with members(life, "end", "A", "B", query=query), members(deployment, "end", "C"):
        await asyncio.to_thread(emulator.sam, "delete", "--stack-name", NAME, "--no-prompts")
        assert len(deployment.members("end")) == 1
    names = [name for service in inventory(emulator.endpoint).values() for name in service]
    assert [name for name in names if NAME in name] == []
    again = emulator.deploy(name=NAME)
    assert again.websocket_url != life.websocket_url
    assert await status_of(again.websocket_url, ELSEWHERE) == 101
    assert again.members("end") == []


async def test_without_reading_the_secret_nobody_gets_in(emulator: Emulator, secret: str) -> None:
    again = emulator.find(NAME)
    set_parameter(again, "JwtSecretArn", secret)
    with again.without("AuthorizeFunction", "secretsmanager:GetSecretValue"):
        assert await status_of(again.websocket_url + token(SECRET), ORIGIN) == 403
