"""WebSocket clients as y-webrtc makes them, without a browser."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

import aiohttp

Frame = dict[str, Any]

_SECONDS_TO_ARRIVE = 60.0


class Arrival(NamedTuple):
    """A frame and when it came."""

    frame: Frame
    at: float
    """In `time.monotonic` seconds."""


class Client:
    """A connected WebSocket that keeps the frames it gets."""

    def __init__(self, connected: aiohttp.ClientWebSocketResponse, peer: str) -> None:
        """Call the client's peer id `peer`."""
        self.peer = peer
        self.arrivals: list[Arrival] = []
        self.socket = connected
        self._arrived = asyncio.Event()
        self.reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.socket:
            try:
                frame = json.loads(message.data)
            except (ValueError, TypeError):
                frame = None
            if not isinstance(frame, dict):
                frame = {"type": "not JSON"}
            self.arrivals.append(Arrival(frame, time.monotonic()))
            self._arrived.set()

    @property
    def received(self) -> list[Frame]:
        """The frames that have come."""
        return [arrival.frame for arrival in self.arrivals]

    @property
    def closed(self) -> int | None:
        """Close code, once the server has closed the connection."""
        return (self.socket.close_code or 1006) if self.reader.done() else None

    async def send(self, frame: Frame | str | bytes) -> float:
        """Send an object as JSON, text and bytes as they are; return when."""
        at = time.monotonic()
        if isinstance(frame, bytes):
            await self.socket.send_bytes(frame)
        else:
            await self.socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))
        return at

    async def subscribe(self, *topics: str) -> float:
        """Join rooms; return when."""
        return await self.send({"type": "subscribe", "topics": topics})

    async def publish(self, topic: str, data: object) -> float:
        """Pass `data` to a room; return when."""
        return await self.send({"type": "publish", "topic": topic, "data": data})

    async def announce(self, topic: str) -> float:
        """Say in a room that this peer is here; return when."""
        return await self.publish(topic, {"type": "announce", "from": self.peer})

    async def come(self, topic: str) -> float:
        """Join a room and announce itself, without waiting, as y-webrtc does; return when."""
        await self.subscribe(topic)
        return await self.announce(topic)

    async def signal(self, topic: str, to: "Client", **more: object) -> float:
        """Send a signal to another peer of a room; return when."""
        data = {"type": "signal", "from": self.peer, "to": to.peer, "token": 1, **more}
        return await self.publish(topic, data)

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
        from the message function. That is enough where messages are handled in order: in memory,
        and not over DynamoDB, where a client's messages are handled at once.
        """
        marker = len(self.got_of_type("error"))
        await self.send("settled?")
        await self.until(lambda _: len(self.got_of_type("error")) > marker)
        return [frame for frame in self.received if frame["type"] != "error"]

    def got_of_type(self, kind: str) -> list[Arrival]:
        """Return the frames of this type that have come."""
        return [each for each in self.arrivals if each.frame.get("type") == kind]

    def got(self, mark: object) -> list[Arrival]:
        """Return the signals with this `mark` that have come."""
        return [
            each for each in self._published("signal") if each.frame["data"].get("signal") == mark
        ]

    @property
    def introductions(self) -> list[Arrival]:
        """The announces of others that have come."""
        announces = self._published("announce")
        return [each for each in announces if each.frame["data"].get("from") != self.peer]

    def heard_of(self, other: "Client") -> bool:
        """Tell whether an announce of `other` has come."""
        announces = self._published("announce")
        return any(each.frame["data"].get("from") == other.peer for each in announces)

    def _published(self, kind: str) -> list[Arrival]:
        return [each for each in self.arrivals if kind_of(each.frame) == kind]

    async def vanish(self) -> None:
        """Reset the TCP connection, as a machine does that loses its network and comes back."""
        end: socket.socket | None = self.socket.get_extra_info("socket")
        if end is not None:  # else the server has closed it before
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.shutdown(socket.SHUT_RDWR)
        await self.reader

    async def close(self) -> None:
        """Close the WebSocket."""
        await self.socket.close()
        await self.reader


def kind_of(frame: Frame) -> str | None:
    """Return the type of what a frame publishes, `announce` or `signal`, if it does."""
    data = frame.get("data")
    if frame.get("type") != "publish" or not isinstance(data, dict):
        return None
    return str(data.get("type"))


def connector() -> aiohttp.ClientSession:
    """Return a session for any number of connections."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


@asynccontextmanager
async def clients(url: str, *peers: str, origin: str | None = None) -> AsyncIterator[list[Client]]:
    """Connect one client for each of `peers`, all at the same moment."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(connector())
        sockets = await asyncio.gather(*(session.ws_connect(url, origin=origin) for _ in peers))
        connected = [Client(*each) for each in zip(sockets, peers, strict=True)]
        for client in connected:
            stack.push_async_callback(client.close)
        yield connected
