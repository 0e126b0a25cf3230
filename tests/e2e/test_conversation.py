"""One conversation over real WebSockets: broadcast is what y-webrtc's own server does."""

import asyncio

from rig.clients import Frame, clients
from rig.servers import ReferenceServer, StartLocalServer

ROOM = "vZ#4h2%60$1H"


async def converse(url: str) -> dict[str, list[Frame]]:
    """Hold one conversation that both servers understand and return what each client got."""
    async with clients(url, "A", "B", "C") as (a, b, c):
        await a.subscribe()
        await a.subscribe(ROOM)
        await a.come(ROOM)
        await a.until_received(1)
        await b.subscribe(ROOM, "another")
        await b.announce(ROOM)
        await a.until_received(2)
        await b.until_received(1)
        await c.subscribe("another", ROOM)
        await c.publish(ROOM, "b3BhcXVl")
        await a.until_received(3)
        await b.until_received(2)
        await c.until_received(1)
        await a.signal(ROOM, b, signal={"type": "offer", "sdp": "v=0\r\n\u2028é🎉"})
        await a.until_received(4)
        await b.send(
            {"topic": "another", "type": "publish", "data": {"x": [1.5, None]}, "more": {"y": -0.0}}
        )
        await b.until_received(4)
        await c.send({"type": "unsubscribe", "topics": [ROOM, "never joined"]})
        await c.send({"type": "ping"})
        await c.until(lambda frames: {"type": "pong"} in frames)
        await b.signal(ROOM, a)
        await a.until_received(5)
        await b.until_received(5)
        await a.vanish()
        await asyncio.sleep(0.3)  # nothing tells the others of it
        await b.announce(ROOM)
        await b.until_received(6)
        return {client.peer: list(client.received) for client in (a, b, c)}


async def test_broadcast_is_what_the_reference_server_does(
    reference_server: ReferenceServer, local_server: StartLocalServer
) -> None:
    ours = local_server(environment={"DELIVERY": "broadcast"})
    expected = await converse(reference_server.websocket_url)
    assert await converse(ours.websocket_url) == expected
    assert expected["A"][0]["clients"] == 1
