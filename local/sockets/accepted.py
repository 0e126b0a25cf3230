"""A socket until its client requests a WebSocket.

Its requests go to aiohttp one after the other, as from a page or from a proxy that reuses
connections. A request for an upgrade goes to picows once `$connect` has admitted the client.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from aiohttp import web

from local.gateway.connection import SECONDS_TO_SEND_REQUEST, Connection, Refusal
from local.gateway.gateway import Gateway
from local.gateway.lambda_events import Handshake
from local.sockets.outbox import Outbox
from local.sockets.request_head import SPOKEN_VERSION, RequestHead, opening, parse_head, status_of
from local.sockets.websocket import upgraded

_LARGEST_HEAD = 16 * 1024
_END_OF_HEAD = b"\r\n\r\n"

HasRoomFor = Callable[[int], bool]
"""Tells whether a socket with this file descriptor may stay."""


def accept(
    gateway: Gateway, outbox: Outbox, http: web.Server, has_room_for: HasRoomFor
) -> asyncio.Protocol:
    """Return the protocol of a new socket, which belongs to `gateway` or to `http`."""
    return _Accepted(gateway, outbox, http, has_room_for)


class _Accepted(asyncio.Protocol):
    """Reads the heads of a socket's requests and hands each request on, or the socket."""

    def __init__(
        self, gateway: Gateway, outbox: Outbox, http: web.Server, has_room_for: HasRoomFor
    ) -> None:
        self._gateway = gateway
        self._outbox = outbox
        self._make_http = http
        self._has_room_for = has_room_for
        self._received = b""
        self._body_bytes = 0  # of aiohttp's current request, still to come
        self._http: web.RequestHandler | None = None
        self._transport: asyncio.Transport
        self._is_open = True
        self._too_slow: asyncio.TimerHandle
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if not self._has_room_for(transport.get_extra_info("socket").fileno()):
            self._transport.abort()
        loop = asyncio.get_running_loop()
        self._too_slow = loop.call_later(SECONDS_TO_SEND_REQUEST, self._transport.abort)

    def connection_lost(self, error: Exception | None) -> None:
        self._is_open = False
        self._too_slow.cancel()
        if self._http:
            self._http.connection_lost(error)

    def pause_writing(self) -> None:
        if self._http:
            self._http.pause_writing()

    def resume_writing(self) -> None:
        if self._http:
            self._http.resume_writing()

    def eof_received(self) -> None:
        if self._http:
            self._http.eof_received()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._connecting:  # it waits for the answer
            if len(self._received) > _LARGEST_HEAD:
                self._transport.pause_reading()
            return
        while self._received and self._is_open:
            if self._body_bytes:
                size = min(self._body_bytes, len(self._received))
                self._body_bytes -= size
                self._hand_to_http(size)
                continue
            text, end, _ = self._received.partition(_END_OF_HEAD)
            if not end:
                if len(self._received) > _LARGEST_HEAD:
                    self._refuse(431)
                return
            self._too_slow.cancel()
            head = parse_head(text)
            if head.asks_for_websocket:
                self._upgrade(head)
                return
            self._body_bytes = head.body_bytes
            self._hand_to_http(len(text) + len(end))

    def _hand_to_http(self, size: int) -> None:
        data, self._received = self._received[:size], self._received[size:]
        if self._http is None:
            self._http = self._make_http()
            self._http.connection_made(self._transport)
        self._http.data_received(data)

    def _upgrade(self, head: RequestHead) -> None:
        if self._http:  # it has answered: no client requests an upgrade while it waits
            self._http.transport = None  # which it would close
            self._http.connection_lost(None)
            self._http = None
        if refused := status_of(head):
            self._refuse(refused)
            return
        peer = self._transport.get_extra_info("peername") or ("",)  # none if the client has hung up
        handshake = Handshake(head.path, head.query, head.headers, peer[0])
        self._connecting = asyncio.create_task(self._connect(head, handshake))

    async def _connect(self, head: RequestHead, handshake: Handshake) -> None:
        outcome = await self._gateway.connect(handshake)
        if isinstance(outcome, Refusal) and self._gateway.observer:
            self._gateway.observer.refused(handshake, outcome.status)
        if not self._is_open:
            return
        if isinstance(outcome, Refusal):
            self._refuse(outcome.status)
        else:
            self._hand_to_websocket(head, outcome)

    def _hand_to_websocket(self, head: RequestHead, connection: Connection) -> None:
        protocol = upgraded(self._gateway, connection, self._outbox)
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        if not self._transport.is_reading():
            self._transport.resume_reading()  # first: data received already may pause it again
        _, _, frames = self._received.partition(_END_OF_HEAD)
        received = memoryview(opening(head) + frames)
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
        self._transport.write(f"{head}Sec-WebSocket-Version: {SPOKEN_VERSION}\r\n\r\n".encode())
        self._transport.close()
        self._received = b""
