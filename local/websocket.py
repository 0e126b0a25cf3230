"""A client's socket, from its first request to its last frame.

picows speaks WebSocket, at a fraction of aiohttp's cost per frame. A socket belongs to neither
until its first request is read: one that asks for an upgrade goes to picows once `$connect` has
admitted the client, every other one goes to aiohttp.
"""

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from aiohttp import web
from picows import WSAutoPingStrategy, WSFrame, WSListener, WSMsgType, WSTransport
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # untyped: what ws_create_server makes for each connection

from local.connection import Connection, Refusal
from local.gateway import LARGEST_MESSAGE, Gateway
from local.lambda_events import Handshake

SECONDS_TO_CLOSE = 1.0
"""How long a client has to read the close code."""

_LARGEST_FRAME = 32 * 1024
_MOST_FRAGMENTS = 1024
_LARGEST_HEAD = 16 * 1024
_LARGEST_BUFFER = 1024 * 1024
_SECONDS_TO_SEND_REQUEST = 10
# https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
_PROTOCOL_ERROR, _NO_STATUS, _LOST = 1002, 1005, 1006
_SILENT = logging.getLogger("picows")
_SILENT.setLevel(logging.CRITICAL)  # it reports every client that breaks the protocol
_END_OF_HEAD = b"\r\n\r\n"


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
        self._too_slow = loop.call_later(_SECONDS_TO_SEND_REQUEST, self._transport.abort)

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
        else:
            self._transport.pause_reading()
            self._connecting = asyncio.create_task(self._connect(handshake))

    async def _connect(self, handshake: Handshake) -> None:
        outcome = await self._gateway.connect(handshake)
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
        protocol = WSProtocol(
            None,  # host and port, of a client
            None,  # path, of a client
            False,  # is a client
            lambda request: _Client(self._gateway, connection),
            _SILENT,
            True,  # disconnect when a callback raises
            _SECONDS_TO_SEND_REQUEST,
            False,  # no pings of our own: API Gateway sends none
            0,
            0,
            WSAutoPingStrategy.PING_WHEN_IDLE,
            False,  # answer no pings: those of a client that reads nothing would fill the memory
            _LARGEST_FRAME,
            None,  # extra headers
            4096,  # bytes of read buffer at first: most messages are shorter
        )
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
        head = f"HTTP/1.1 {status} {phrase}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        self._transport.write(head.encode())
        self._transport.close()


class _Client(WSListener):
    """The client's end of an admitted connection."""

    def __init__(self, gateway: Gateway, connection: Connection) -> None:
        super().__init__()
        self._gateway = gateway
        self._connection = connection
        self._transport: WSTransport
        self._begun = bytearray()  # of a message that comes in several frames
        self._fragments = 0
        self.is_behind = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        transport.underlying_transport.set_write_buffer_limits(_LARGEST_BUFFER)
        self._gateway.opened(self._connection, self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind == WSMsgType.CLOSE:
            self._answer_close(frame.get_payload_as_bytes())
        elif transport.is_close_frame_sent:
            pass  # picows keeps parsing after a frame that is too large
        elif frame.rsv1 or frame.rsv2 or frame.rsv3:
            self.close(_PROTOCOL_ERROR)
        elif kind == WSMsgType.TEXT:
            if self._fragments:
                self.close(_PROTOCOL_ERROR)
            elif frame.fin:
                self._received(frame.get_payload_as_bytes())
            else:
                self._add_fragment(frame)
        elif kind == WSMsgType.CONTINUATION:
            if self._fragments:
                self._add_fragment(frame)
            else:
                self.close(_PROTOCOL_ERROR)
        elif kind == WSMsgType.PING:
            if not self.is_behind:  # whoever reads nothing gets no more to read
                transport.send_pong(frame.get_payload_as_bytes())
        elif kind == WSMsgType.BINARY:
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-binary-media-types.html
            self.close(1003)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        handshake = transport.close_handshake
        close = handshake and (handshake.recv if handshake.recv_then_sent else handshake.sent)
        code = (close.code.value or _NO_STATUS) if close else _LOST
        self._gateway.closed(self._connection, code)

    def pause_writing(self) -> None:
        self.is_behind = True

    def resume_writing(self) -> None:
        self.is_behind = False

    def pause(self) -> None:
        self._transport.underlying_transport.pause_reading()

    def resume(self) -> None:
        self._transport.underlying_transport.resume_reading()

    def send(self, frame: bytes) -> None:
        self._transport.send(WSMsgType.TEXT, frame)

    def close(self, code: int) -> None:
        self._send_close(code)
        # To disconnect at once would reset the socket before the client has read the code.
        asyncio.get_running_loop().call_later(SECONDS_TO_CLOSE, self._transport.disconnect)

    def _answer_close(self, payload: bytes) -> None:
        code = int.from_bytes(payload[:2])
        if not payload:
            self._transport.send(WSMsgType.CLOSE, b"")
        else:
            self._send_close(code if _is_close_code(code) else _PROTOCOL_ERROR)
        self._transport.disconnect()

    def _send_close(self, code: int) -> None:
        self._transport.send_close(code)  # type: ignore[arg-type]  # WSCloseCode lacks apps' codes

    def _add_fragment(self, frame: WSFrame) -> None:
        self._begun += frame.get_payload_as_memoryview()
        self._fragments += 1
        if len(self._begun) > LARGEST_MESSAGE:
            self.close(1009)
        elif self._fragments > _MOST_FRAGMENTS:
            self.close(1008)
        elif frame.fin:
            message = bytes(self._begun)
            self._begun.clear()
            self._fragments = 0
            self._received(message)

    def _received(self, payload: bytes) -> None:
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            self.close(1007)
            return
        self._gateway.received(self._connection, text)


def _is_close_code(code: int) -> bool:
    # https://www.rfc-editor.org/rfc/rfc6455#section-7.4
    is_assigned = 1000 <= code <= 1014 and code not in (1004, _NO_STATUS, _LOST)
    return is_assigned or 3000 <= code < 5000


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
