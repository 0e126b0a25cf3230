"""WebSocket clients as y-webrtc makes them, without a browser."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp

Frame = dict[str, Any]

_SECONDS_TO_ARRIVE = 60.0


class Client:
    """A connected WebSocket that keeps the frames it gets."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, peer: str) -> None:
        """Call the client's peer id `peer`."""
        self.peer = peer
        self.received: list[Frame] = []
        self.socket = socket
        self._arrived = asyncio.Event()
        self.reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.socket:
            self.received.append(json.loads(message.data))
            self._arrived.set()

    async def send(self, frame: Frame | str | bytes) -> None:
        """Send a frame: an object as JSON, text and bytes as they are."""
        if isinstance(frame, bytes):
            await self.socket.send_bytes(frame)
        else:
            await self.socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    async def subscribe(self, *topics: str) -> None:
        """Join rooms."""
        await self.send({"type": "subscribe", "topics": topics})

    async def publish(self, topic: str, data: object) -> None:
        """Pass `data` to a room."""
        await self.send({"type": "publish", "topic": topic, "data": data})

    async def announce(self, topic: str) -> None:
        """Say in a room that this peer is here."""
        await self.publish(topic, {"type": "announce", "from": self.peer})

    async def signal(self, topic: str, to: "Client", **more: object) -> None:
        """Send a signal to another peer of a room."""
        await self.publish(
            topic, {"type": "signal", "from": self.peer, "to": to.peer, "token": 1, **more}
        )

    async def until(self, condition: Callable[[list[Frame]], object]) -> list[Frame]:
        """Return the frames received once `condition` holds for them.

        Raises:
            TimeoutError: it does not hold in time.
        """
        async with asyncio.timeout(_SECONDS_TO_ARRIVE):
            while not condition(self.received):
                self._arrived.clear()
                await self._arrived.wait()
        return self.received

    async def until_received(self, number: int) -> None:
        """Wait for `number` frames in all."""
        await self.until(lambda frames: len(frames) >= number)

    async def settled(self) -> list[Frame]:
        """Return the frames received once all that was sent before has been handled.

        A ping would overtake it on its MOCK route, so this asks for an error frame, which comes
        from the message function; that is enough where messages are handled in order.
        """
        marker = len([frame for frame in self.received if frame["type"] == "error"])
        await self.send("settled?")
        await self.until(lambda frames: len([f for f in frames if f["type"] == "error"]) > marker)
        return [frame for frame in self.received if frame["type"] != "error"]

    def heard_from(self, other: "Client") -> bool:
        """Tell whether an announce of `other` arrived."""
        return any(
            frame["type"] == "publish" and frame["data"] == {"type": "announce", "from": other.peer}
            for frame in self.received
        )

    async def kill(self) -> None:
        """Drop the TCP connection without a close frame."""
        transport = self.socket._writer.transport
        assert transport
        transport.abort()
        await self.reader

    async def close(self) -> None:
        """Close the WebSocket."""
        await self.socket.close()
        await self.reader


@asynccontextmanager
async def clients(url: str, *peers: str, origin: str | None = None) -> AsyncIterator[list[Client]]:
    """Connect one client for each of `peers`, all at the same moment."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        )
        sockets = await asyncio.gather(*(session.ws_connect(url, origin=origin) for _ in peers))
        connected = [Client(*each) for each in zip(sockets, peers, strict=True)]
        for client in connected:
            stack.push_async_callback(client.close)
        yield connected
