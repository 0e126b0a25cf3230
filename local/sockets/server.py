"""The server: WebSocket and HTTP on one port."""

import asyncio
import os
import resource
import socket
import sys

import aiofastnet
from aiohttp import web

from local.gateway.connection import SECONDS_TO_SEND_REQUEST
from local.gateway.gateway import Gateway
from local.sockets.accepted import accept
from local.sockets.outbox import Outbox
from local.sockets.websocket import SECONDS_TO_CLOSE

_DESCRIPTORS_KEPT = 400
"""For other files, and for accepted sockets, a hundred at a time, before any is closed."""

_LONGEST_BACKLOG = 4096
"""Connections that wait to be accepted. Beyond that the system drops packets, and clients that all
reconnect at once try again only after 1, 3, 7, 15 seconds."""

_ENOUGH_DESCRIPTORS = 1 << 16


class Server:
    """A gateway listening on a TCP port."""

    def __init__(self, gateway: Gateway, application: web.Application) -> None:
        """Serve WebSockets of `gateway`, and `application` to all other requests."""
        self._gateway = gateway
        self._outbox: Outbox
        self._http = web.AppRunner(
            application,
            access_log=None,
            keepalive_timeout=SECONDS_TO_SEND_REQUEST,
            lingering_time=SECONDS_TO_SEND_REQUEST,
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._server: asyncio.Server | None = None
        self._highest_descriptor = allow_open_files() - _DESCRIPTORS_KEPT
        self._is_full = False

    async def start(self, host: str, port: int) -> int:
        """Listen and return the port, which the system chooses if `port` is 0.

        Raises:
            OSError: the port is taken, or the host is not one of this machine.
        """
        await self._http.setup()
        self._outbox = Outbox()
        loop = asyncio.get_running_loop()
        # picows is made for these transports, which cost a fraction of asyncio's per message.
        self._server = await aiofastnet.create_server(loop, self._accept, host, port)
        _lengthen_backlog(self._server)
        self._tasks.append(loop.create_task(self._close_overdue_connections()))
        chosen: int = self._server.sockets[0].getsockname()[1]
        return chosen

    def address(self) -> str:
        """Return the `host:port` at which this machine reaches it."""
        assert self._server
        host, port = self._server.sockets[0].getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def stop(self) -> None:
        """Stop listening and close every connection with 1001, going away."""
        for task in self._tasks:
            task.cancel()
        if self._server:
            self._server.close()
        for connection in list(self._gateway.connections.values()):
            if connection.socket:
                connection.socket.close(1001)
        await asyncio.sleep(SECONDS_TO_CLOSE if self._gateway.connections else 0)
        await self._http.cleanup()

    def _accept(self) -> asyncio.Protocol:
        http = self._http.server
        assert http is not None
        return accept(self._gateway, self._outbox, http, self._has_room_for)

    def _has_room_for(self, descriptor: int) -> bool:
        """Reserve some descriptors: without any, the loop would try to accept for ever."""
        has_room = descriptor < self._highest_descriptor
        if not has_room and not self._is_full:
            print("error: too many connections, see `ulimit -n`", file=sys.stderr)
        self._is_full = not has_room
        return has_room

    async def _close_overdue_connections(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._gateway.close_overdue()


def _lengthen_backlog(server: asyncio.Server) -> None:
    """Allow a backlog longer than one batch of accepts; `create_server` makes both equal."""
    for listening in server.sockets:
        with socket.socket(fileno=os.dup(listening.fileno())) as same:
            same.listen(_LONGEST_BACKLOG)


def allow_open_files() -> int:
    """Raise this process's limit of open files to the system's maximum, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = max(soft, _ENOUGH_DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
