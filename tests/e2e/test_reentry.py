"""A client that leaves a room and enters it again at once, as React's strict mode makes it do."""

import asyncio

from rig.clients import Client, clients
from rig.processes import wait_until
from rig.servers import StartLocalServer

ROOMS = 40


async def leave_and_enter_again(client: Client) -> None:
    """Let a client leave and enter the room of its name, whatever is handled first."""
    await client.subscribe(client.peer)
    await client.send({"type": "unsubscribe", "topics": [client.peer]})
    await client.subscribe(client.peer)


async def test_whoever_entered_last_is_in_the_room_whatever_is_handled_first(
    local_server: StartLocalServer, any_table: tuple[str, ...]
) -> None:
    server = local_server("--latency", "0:300", *any_table)

    def is_all_handled() -> bool:
        handled = [line["type"] for line in server.log if "type" in line]
        return (handled.count("subscribe"), handled.count("unsubscribe")) == (2 * ROOMS, ROOMS)

    rooms = [f"room {number}" for number in range(ROOMS)]
    async with clients(server.websocket_url, "B", *rooms) as (b, *everyone):
        await asyncio.gather(*map(leave_and_enter_again, everyone))
        await asyncio.to_thread(wait_until, is_all_handled)
        for client in everyone:
            await b.publish(client.peer, "is anybody here?")
        for client in everyone:
            await client.until_received(1)
