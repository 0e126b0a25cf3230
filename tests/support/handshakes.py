"""Handshakes: who gets a WebSocket, and what the others get."""

import aiohttp


async def status_of(url: str, origin: str | None = None) -> int:
    """Return the status of a handshake from `origin`; that of an open WebSocket is 101."""
    async with aiohttp.ClientSession() as session:
        try:
            async with session.ws_connect(url, origin=origin) as socket:
                return socket._response.status
        except aiohttp.WSServerHandshakeError as refused:
            return refused.status
