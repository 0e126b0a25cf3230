"""Pages whose WebRTC cannot start answer each announce with two: nobody else may notice."""

import asyncio
from itertools import combinations

from rig.clients import Client, Frame, clients
from rig.introductions import until_introduced
from rig.servers import StartLocalServer
from signaling.standing import ANNOUNCES_AT_ONCE

ROOM = "storm"
MOST_MESSAGES = 100 * ANNOUNCES_AT_ONCE
"""At which such a client of the test gives up."""


class Circling:
    """Lets a client announce itself twice for each announce that it hears."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.announces = 0

    async def run(self) -> None:
        answered = 0
        while self.announces < MOST_MESSAGES:
            heard = [each for each in self._client.received if is_announce(each)]
            for _ in range(2 * (len(heard) - answered)):
                await self._client.subscribe(ROOM)
                await self._client.announce(ROOM)
                self.announces += 1
            answered = len(heard)
            await asyncio.sleep(0.001)


def is_announce(frame: Frame) -> bool:
    return frame.get("type") == "publish" and frame["data"]["type"] == "announce"


def refused(client: Client) -> list[Frame]:
    return [each for each in client.received if each.get("code") == "too_many_announces"]


def test_pages_that_keep_each_other_announcing_are_stopped_and_others_meet(
    local_server: StartLocalServer, any_table: tuple[str, ...]
) -> None:
    server = local_server(*any_table)

    async def storm() -> int:
        url = server.websocket_url
        async with clients(url, "P", "Q") as broken:
            circles = [Circling(client) for client in broken]
            tasks = [asyncio.create_task(each.run()) for each in circles]
            for client in broken:
                await client.subscribe(ROOM)
                await client.announce(ROOM)
            async with clients(url, *"ABCDE") as others:
                for number, client in enumerate(others):
                    await client.subscribe(ROOM)
                    await client.announce(ROOM)
                    for other in others[:number] + broken:
                        await until_introduced(client, other)
                while not any(map(refused, broken)):
                    await asyncio.sleep(0.01)
                for one, other in combinations(others, 2):
                    assert one.heard_of(other) != other.heard_of(one)
            for task in tasks:
                task.cancel()
            return max(each.announces for each in circles)

    assert asyncio.run(storm()) < MOST_MESSAGES
    named = [line for line in server.log if line.get("error") == "too_many_announces"]
    assert {line["level"] for line in named} == {"INFO"}
    assert all(line["connection"] for line in named)
