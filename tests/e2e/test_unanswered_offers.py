"""In a large room, who made an offer to a client that goes is told that nobody will answer it."""

import asyncio
from uuid import uuid4

import pytest

from rig.clients import Client, clients
from rig.servers import StartLocalServer
from signaling.small_rooms import SMALL_ROOM
from tests.support.messages import hang_up, signal


@pytest.mark.parametrize("how", ["leaves", "closes", "vanishes"])
async def test_who_made_an_offer_is_told_when_its_addressee_goes(
    local_server: StartLocalServer, any_table: tuple[str, ...], how: str
) -> None:
    url = local_server(*any_table, "--throttle", "none").websocket_url
    room = str(uuid4())
    async with (
        clients(url, *("silent" for _ in range(SMALL_ROOM))) as silent,
        clients(url, "A", "B") as (one, other),
    ):
        for each in silent:
            await each.subscribe(room)
        while not any(frame.get("clients") == SMALL_ROOM for frame in silent[1].received):
            await silent[0].publish(room, {"type": "anything"})
            await asyncio.sleep(0.2)
        for each in (one, other):
            await each.announce(room)
        await asyncio.wait(
            [asyncio.create_task(each.until_received(1)) for each in (one, other)],
            return_when=asyncio.FIRST_COMPLETED,
        )
        sender, addressee = (one, other) if one.heard_of(other) else (other, one)
        await sender.publish(room, signal("offer", sender.peer, addressee.peer))
        await addressee.until(lambda _: addressee.got({"type": "offer"}))
        await go(addressee, room, how)
        told = hang_up(addressee.peer, sender.peer, room)
        await sender.until(lambda frames: told in frames)


async def go(client: Client, room: str, how: str) -> None:
    if how == "leaves":
        await client.send({"type": "unsubscribe", "topics": [room]})
    else:
        await (client.close() if how == "closes" else client.vanish())
