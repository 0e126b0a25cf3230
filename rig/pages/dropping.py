"""A proxy that ends connections, or drops them without a word to either end, as routers do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

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
        """End all connections that there are, once what was said has been passed on."""
        self.drop()
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def dropping_proxy(url: str) -> AsyncIterator[tuple[DroppingProxy, str]]:
    """Start a proxy before the server at `url`; give the URL of the proxy, too."""
    port = urlsplit(url).port
    assert port
    proxy = DroppingProxy(port)
    async with await asyncio.start_server(proxy.accept, "127.0.0.1", 0) as server:
        own_port = server.sockets[0].getsockname()[1]
        yield proxy, url.replace(str(port), str(own_port))
        proxy.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_MOST_BYTES):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # as at its other end
    writer.close()
