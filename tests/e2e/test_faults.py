"""`--faults`: the same things go wrong in memory and on DynamoDB, and the functions cope."""

import asyncio
from typing import Any

import pytest

from local.faults.plan import Dice, read_plan
from local.faults.services import FaultyTable
from rig.clients import clients
from rig.processes import wait_until
from rig.servers import LocalServer, StartLocalServer


async def exchange(server: LocalServer, number: int) -> list[dict[str, Any]]:
    """Let one of two publish `number` messages, and return what the other one gets.

    One after the other, so that a plan with a seed makes the same faults each time.
    """
    async with clients(server.websocket_url, "A", "B") as (sender, receiver):
        await receiver.subscribe("room")
        await asyncio.to_thread(wait_until, lambda: server.logged(type="subscribe"))
        for count in range(number):
            await sender.publish("room", {"type": "x"})
            while len(server.logged(type="publish")) == count:
                await asyncio.sleep(0.02)
        delivered = sum(line["delivered"] for line in server.logged(type="publish"))
        await receiver.until_received(delivered)
        return receiver.received


@pytest.mark.parametrize("client", ["lean", "boto3"])
async def test_posts_that_fail_are_made_again(any_server: StartLocalServer, client: str) -> None:
    plan = "posts.429=0.1,posts.500=0.1,seed=1"
    server = any_server("--faults", plan, environment={"AWS_CLIENT": client})
    wait_until(lambda: f"Faults: {plan}\n" in server.output)
    assert [frame["type"] for frame in await exchange(server, 30)] == ["publish"] * 30
    assert server.stop() == 0
    made = server.output.partition("Faults that were made: ")[2]
    assert "posts.429 " in made and "posts.500 " in made
    server.start()


@pytest.mark.parametrize("fault", ["throttled", "failing"])
async def test_a_table_that_refuses_is_unavailable(any_table: tuple[str, ...], fault: str) -> None:
    with LocalServer(*any_table, "--faults", f"table.{fault}=1") as server:
        assert (await first_frame(server))["code"] == "unavailable"
        assert server.stop() == 0


async def first_frame(server: LocalServer, subscribes: int = 1) -> dict[str, Any]:
    """Let a client subscribe so many times, and return the first frame that it gets."""
    async with clients(server.websocket_url, "A") as (client,):
        for _ in range(subscribes):
            await client.subscribe("room")
        return (await client.until(len))[0]


async def test_a_killed_function_is_an_internal_server_error(any_server: StartLocalServer) -> None:
    server = any_server("--faults", "functions.killed=0.3,seed=4")
    assert (await first_frame(server, subscribes=20))["message"] == "Internal server error"


def test_a_wrong_plan_is_explained() -> None:
    with pytest.raises(RuntimeError, match=r"ended with 1: error: no such fault: posts\.503; the"):
        LocalServer("--faults", "posts.503=0.1").start()


def test_a_table_with_tls_cannot_be_made_to_fail() -> None:
    with pytest.raises(ValueError, match="need one without TLS"):
        FaultyTable("https://localhost", Dice(read_plan("table.failing=1"), "table"))
