"""A socket until its first request is read.

It belongs to nobody until then: one that asks for an upgrade goes to picows once `$connect` has
admitted the client, every other one goes to aiohttp.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from aiohttp import web

from local.connection import SECONDS_TO_SEND_REQUEST, Connection, Refusal
from local.gateway import Gateway
from local.lambda_events import Handshake
from local.websocket import upgraded

_LARGEST_HEAD = 16 * 1024
_END_OF_HEAD = b"\r\n\r\n"
_VERSION = "13"

HasRoomFor = Callable[[int], bool]
"""Tells whether a socket with this file descriptor may stay."""


def accept(gateway: Gateway, http: web.Server, has_room_for: HasRoomFor) -> asyncio.Protocol:
    """Return the protocol of a new socket, which belongs to `gateway` or to `http`."""
    return _FirstRequest(gateway, http, has_room_for)


class _FirstRequest(asyncio.Protocol):
    """Reads the head of a socket's first request and hands the socket on."""

    def __init__(self, gateway: Gateway, http: web.Server, has_room_for: HasRoomFor) -> None:
        self._gateway = gateway
        self._http = http
        self._has_room_for = has_room_for
        self._received = b""
        self._transport: asyncio.Transport
        self._is_open = True
        self._too_slow: asyncio.TimerHandle
        self._connecting: asyncio.Task[None]  # a task that nobody holds may be collected

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if not self._has_room_for(transport.get_extra_info("socket").fileno()):
            self._transport.abort()
        loop = asyncio.get_running_loop()
        self._too_slow = loop.call_later(SECONDS_TO_SEND_REQUEST, self._transport.abort)

    def connection_lost(self, error: Exception | None) -> None:
        self._is_open = False
        self._too_slow.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, _ = self._received.partition(_END_OF_HEAD)
        if not end:
            if len(self._received) > _LARGEST_HEAD:
                self._refuse(431)
            return
        self._too_slow.cancel()
        handshake = _handshake(head, self._transport)
        if handshake is None:
            self._hand_to_http()
        elif handshake.header("sec-websocket-version") != _VERSION:
            self._refuse(426)
        else:
            self._transport.pause_reading()
            self._connecting = asyncio.create_task(self._connect(handshake))

    async def _connect(self, handshake: Handshake) -> None:
        outcome = await self._gateway.connect(handshake)
        if isinstance(outcome, Refusal) and self._gateway.observer:
            self._gateway.observer.refused(handshake, outcome.status)
        if not self._is_open:
            return
        if isinstance(outcome, Refusal):
            self._refuse(outcome.status)
        else:
            self._hand_to_websocket(outcome)

    def _hand_to_http(self) -> None:
        protocol = self._http()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(self._received)

    def _hand_to_websocket(self, connection: Connection) -> None:
        protocol = upgraded(self._gateway, connection)
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        self._transport.resume_reading()  # first: what was received already may pause it again
        received = memoryview(self._received)
        while received:
            buffer = protocol.get_buffer(len(received))
            size = min(len(buffer), len(received))
            buffer[:size] = received[:size]
            protocol.buffer_updated(size)
            received = received[size:]

    def _refuse(self, status: int) -> None:
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = ""
        head = f"HTTP/1.1 {status} {phrase}\r\nContent-Length: 0\r\nConnection: close\r\n"
        # https://www.rfc-editor.org/rfc/rfc6455#section-4.4
        self._transport.write(f"{head}Sec-WebSocket-Version: {_VERSION}\r\n\r\n".encode())
        self._transport.close()


def _handshake(head: bytes, transport: asyncio.Transport) -> Handshake | None:
    """Return the request in `head` if it asks for a WebSocket."""
    request_line, *lines = head.decode("latin-1").split("\r\n")
    headers = [
        (name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)
    ]
    target = request_line.split(" ")[1] if request_line.count(" ") == 2 else "/"
    path, _, query = target.partition("?")
    peer = transport.get_extra_info("peername") or ("",)  # none, if it has hung up already
    handshake = Handshake(path, query, headers, peer[0])
    return handshake if handshake.header("upgrade").lower() == "websocket" else None
