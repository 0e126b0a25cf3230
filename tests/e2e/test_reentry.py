"""A client that leaves a room and enters it again at once, as React's strict mode makes it do."""

import asyncio

from tests.support.clients import clients
from tests.support.servers import StartLocalServer

ROUNDS, AT_ONCE = 40, 20


async def leave_and_enter_again(url: str, topic: str) -> None:
    """Let A leave and enter `topic`, whatever is handled first, and B reach it there."""
    async with clients(url, "A", "B") as (a, b):
        await a.subscribe(topic)
        await a.send({"type": "unsubscribe", "topics": [topic]})
        await a.subscribe(topic)
        await a.settled()
        await asyncio.sleep(0.7)  # longer than any invocation still waits
        await b.publish(topic, "is anybody here?")
        await a.until(lambda frames: frames[-1].get("data") == "is anybody here?")


def test_whoever_entered_last_is_in_the_room_whatever_is_handled_first(
    local_server: StartLocalServer, any_table: tuple[str, ...]
) -> None:
    server = local_server("--latency", "0:300", *any_table)

    async def rounds() -> None:
        for start in range(0, ROUNDS, AT_ONCE):
            topics = [f"room {number}" for number in range(start, start + AT_ONCE)]
            url = server.websocket_url
            await asyncio.gather(*(leave_and_enter_again(url, topic) for topic in topics))

    asyncio.run(rounds())
