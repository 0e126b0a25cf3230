"""Pages whose WebRTC cannot start answer each announce with two: nobody else may notice."""

import asyncio
from itertools import combinations

from rig.clients import Client, clients
from rig.introductions import until_introduced
from rig.servers import StartLocalServer
from signaling.standing import ANNOUNCES_AT_ONCE

ROOM = "storm"
MOST_HEARD = 50 * ANNOUNCES_AT_ONCE
"""At which such a client of the test gives up."""


async def circle(client: Client) -> None:
    """Let a client announce itself twice for each announce that it hears."""
    answered = 0
    while answered < MOST_HEARD:
        heard = len(client.introductions)
        for _ in range(2 * (heard - answered)):
            await client.come(ROOM)
        answered = heard
        await asyncio.sleep(0.001)


def is_refused(client: Client) -> bool:
    return any(each.get("code") == "too_many_announces" for each in client.received)


async def test_circling_announces_are_stopped_and_others_meet(any_server: StartLocalServer) -> None:
    server = any_server()
    async with clients(server.websocket_url, "P", "Q") as broken:
        circles = [asyncio.create_task(circle(client)) for client in broken]
        for client in broken:
            await client.come(ROOM)
        async with clients(server.websocket_url, *"ABCDE") as others:
            for number, client in enumerate(others):
                await client.come(ROOM)
                for other in others[:number] + broken:
                    await until_introduced(client, other)
            while not any(map(is_refused, broken)):
                await asyncio.sleep(0.01)
            for one, other in combinations(others, 2):
                assert one.heard_of(other) != other.heard_of(one)
        assert not any(each.done() for each in circles)
        for each in circles:
            each.cancel()
    named = [line for line in server.log if line.get("error") == "too_many_announces"]
    assert {line["level"] for line in named} == {"INFO"}
    assert all(line["connection"] for line in named)
