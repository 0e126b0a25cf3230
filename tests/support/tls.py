"""TLS before a server that speaks none."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from rig.servers import LocalServer


@asynccontextmanager
async def before(server: LocalServer, context: ssl.SSLContext) -> AsyncIterator[str]:
    """Yield a `wss` URL at which `server` is reached."""

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", server.port)
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))

    listener = await asyncio.start_server(forward, "127.0.0.1", 0, ssl=context)
    yield f"wss://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    listener.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, ssl.SSLError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
