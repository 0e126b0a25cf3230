"""Sockets whose bytes a rehearsal writes and reads by itself."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from rig.raw import HANDSHAKE
from rig.servers import LocalServer

AT_ONCE = 20
SECONDS = 30.0
"""The longest wait for an answer."""


async def in_turns(jobs: list[Coroutine[Any, Any, None]]) -> None:
    """Run `jobs`, some at once."""
    for first in range(0, len(jobs), AT_ONCE):
        await asyncio.gather(*jobs[first : first + AT_ONCE])


async def status_of(server: LocalServer, data: bytes, ends: bool = False) -> int:
    """Return the status that answers `data`, or 0 if the connection ends without any."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(data)
        if ends:
            writer.write_eof()
        async with asyncio.timeout(SECONDS):
            line = await reader.readline()
        return int(line.split()[1]) if line.startswith(b"HTTP/1.") else 0
    except ConnectionError:
        return 0
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)  # in which it is closed


@asynccontextmanager
async def websocket(
    server: LocalServer,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a WebSocket whose bytes are left to the caller."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        yield reader, writer
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)  # in which it is closed


async def next_frame(reader: asyncio.StreamReader) -> tuple[int, bytes] | None:
    """Return the first byte and the payload of the server's next frame, None if it hung up."""
    try:
        first, length = await reader.readexactly(2)
        if length >= 126:
            length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8))
        return first, await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
