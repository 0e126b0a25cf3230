"""A proxy that drops connections without a word to either end, as routers do with idle ones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_MOST_BYTES = 65_536


class DroppingProxy:
    """Passes on what clients and a server of this machine say to each other."""

    def __init__(self, port: int) -> None:
        """Pass on to the server at this `port`."""
        self._to = port
        self._passing: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect a client with the server."""
        back, forth = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers += [writer, forth]
        for each in _pass_on(reader, forth), _pass_on(back, writer):
            self._passing.append(asyncio.create_task(each))

    def drop(self) -> None:
        """Pass nothing on any more that comes over the connections that there are."""
        for passing in self._passing:
            passing.cancel()
        self._passing.clear()

    def close(self) -> None:
        """Close all connections."""
        self.drop()
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def dropping_proxy(port: int) -> AsyncIterator[tuple[DroppingProxy, int]]:
    """Start a proxy before `port`; give its own port, too."""
    proxy = DroppingProxy(port)
    async with await asyncio.start_server(proxy.accept, "127.0.0.1", 0) as server:
        yield proxy, server.sockets[0].getsockname()[1]
        proxy.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_MOST_BYTES):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # as at its other end
    writer.close()
