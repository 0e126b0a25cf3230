"""A client like y-webrtc's, over a real socket."""

import asyncio
import json
import secrets
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp

from check.target import Target

Frame = dict[str, Any]

PATIENCE = 10.0
"""Seconds that an answer may take, with every function cold and all needed at once."""
QUIET = 1.0
"""Seconds to wait for a frame that should not arrive."""

SECONDS_TO_CONNECT = 10.0
_TIMEOUTS = aiohttp.ClientWSTimeout(ws_close=0.5)
_SECONDS_BETWEEN_LOOKS = 0.005


class Arrival(NamedTuple):
    """A frame and the time of its arrival."""

    frame: Frame
    at: float


class Client:
    """A connected WebSocket that keeps all frames that it gets."""

    def __init__(self, connected: aiohttp.ClientWebSocketResponse) -> None:
        """Choose a peer id as long as y-webrtc's."""
        self.peer = f"{secrets.token_hex(4)}-0000-4000-8000-{secrets.token_hex(6)}"
        self.arrivals: list[Arrival] = []
        self._socket = connected
        self.reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            try:
                frame = json.loads(message.data)
            except (ValueError, TypeError):
                frame = None
            if not isinstance(frame, dict):
                frame = {"type": "not JSON"}
            self.arrivals.append(Arrival(frame, time.monotonic()))

    @property
    def frames(self) -> list[Frame]:
        """The frames that have arrived."""
        return [arrival.frame for arrival in self.arrivals]

    @property
    def closed(self) -> int | None:
        """Close code, once the server has closed the connection."""
        return (self._socket.close_code or 1006) if self.reader.done() else None

    async def send(self, frame: Frame | str | bytes) -> float:
        """Send an object as JSON, text and bytes as they are; return the time."""
        at = time.monotonic()
        if isinstance(frame, bytes):
            await self._socket.send_bytes(frame)
        else:
            await self._socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))
        return at

    async def subscribe(self, room: str) -> None:
        """Join a room."""
        await self.send({"type": "subscribe", "topics": [room]})

    async def publish(self, room: str, data: object) -> float:
        """Publish `data` in a room; return the time."""
        return await self.send({"type": "publish", "topic": room, "data": data})

    async def announce(self, room: str) -> float:
        """Announce this peer in a room; return the time."""
        return await self.publish(room, {"type": "announce", "from": self.peer})

    async def signal(self, room: str, to: "Client", mark: object) -> float:
        """Send a signal with a `mark` to another peer of a room; return the time."""
        data = {"type": "signal", "from": self.peer, "to": to.peer, "token": 1, "signal": mark}
        return await self.publish(room, data)

    async def come(self, room: str) -> float:
        """Join a room and announce itself, without waiting, as y-webrtc does; return the time."""
        await self.subscribe(room)
        return await self.announce(room)

    def _published(self, kind: str) -> list[Arrival]:
        return [each for each in self.arrivals if kind_of(each.frame) == kind]

    def heard_of(self, other: "Client") -> bool:
        """Tell whether an announce of `other` has arrived."""
        return any(each.frame["data"].get("from") == other.peer for each in self._announces)

    @property
    def introductions(self) -> list[Arrival]:
        """The announces of others that have arrived."""
        return [each for each in self._announces if each.frame["data"].get("from") != self.peer]

    @property
    def _announces(self) -> list[Arrival]:
        return self._published("announce")

    def got(self, mark: object) -> list[Arrival]:
        """Return the signals with this `mark` that have arrived."""
        return [
            each for each in self._published("signal") if each.frame["data"].get("signal") == mark
        ]

    def got_of_type(self, kind: str) -> list[Arrival]:
        """Return the frames of this type that have arrived."""
        return [each for each in self.arrivals if each.frame.get("type") == kind]

    async def vanish(self) -> None:
        """Reset the TCP connection, like a machine that loses its network and returns."""
        end: socket.socket | None = self._socket.get_extra_info("socket")
        if end is not None:  # otherwise the server has already closed it
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.shutdown(socket.SHUT_RDWR)
        await self.reader

    async def close(self) -> None:
        """Close the WebSocket."""
        await self._socket.close()
        await self.reader


def kind_of(frame: Frame) -> str | None:
    """Return the type of the data that a frame publishes, `announce` or `signal`, if any."""
    data = frame.get("data")
    if frame.get("type") != "publish" or not isinstance(data, dict):
        return None
    return str(data.get("type"))


@asynccontextmanager
async def clients(target: Target, number: int) -> AsyncIterator[list[Client]]:
    """Connect clients, all at the same moment."""
    async with connector() as session:
        connected = await asyncio.gather(*(connect(session, target) for _ in range(number)))
        try:
            yield connected
        finally:
            await asyncio.gather(*(client.close() for client in connected))


def connector() -> aiohttp.ClientSession:
    """Return the HTTP session that `connect` needs."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


async def connect(
    session: aiohttp.ClientSession, target: Target, tokens: Sequence[str] | None = None
) -> Client:
    """Connect with the target's token, or with `tokens` instead.

    Raises:
        aiohttp.ClientError: the server cannot be reached or refuses.
        TimeoutError: it does not answer.
    """
    if tokens is None:
        tokens = target.tokens
    async with asyncio.timeout(SECONDS_TO_CONNECT):
        return Client(
            await session.ws_connect(
                target.address(*tokens), origin=target.origin, timeout=_TIMEOUTS, max_msg_size=0
            )
        )


async def until(condition: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Wait until `condition` holds, and tell whether it does within `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
    return True
