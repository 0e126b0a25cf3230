"""Clients of the server that is checked, with its token and origin, and how long they wait."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import aiohttp

from check.target import Target
from rig.clients import Client, connector

PATIENCE = 10.0
"""Seconds that an answer may take, with every function cold and all asked for at one time."""
QUIET = 1.0
"""Seconds in which what should not come would have come."""

SECONDS_TO_CONNECT = 10.0
_TIMEOUTS = aiohttp.ClientWSTimeout(ws_close=0.5)
_SECONDS_BETWEEN_LOOKS = 0.005


@asynccontextmanager
async def clients(target: Target, number: int) -> AsyncIterator[list[Client]]:
    """Connect clients, all at the same moment."""
    async with connector() as session:
        connected = await asyncio.gather(*(connect(session, target) for _ in range(number)))
        try:
            yield connected
        finally:
            await asyncio.gather(*(client.close() for client in connected))


async def connect(
    session: aiohttp.ClientSession, target: Target, tokens: Sequence[str] | None = None
) -> Client:
    """Connect with the target's token, or with `tokens` instead, under a peer id like y-webrtc's.

    Raises:
        aiohttp.ClientError: the server cannot be reached or refuses.
        TimeoutError: it does not answer.
    """
    if tokens is None:
        tokens = target.tokens
    peer = f"{secrets.token_hex(4)}-0000-4000-8000-{secrets.token_hex(6)}"
    async with asyncio.timeout(SECONDS_TO_CONNECT):
        connected = await session.ws_connect(
            target.address(*tokens), origin=target.origin, timeout=_TIMEOUTS, max_msg_size=0
        )
        return Client(connected, peer)


async def until(condition: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Wait until `condition` holds, and tell whether it does within `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
    return True
