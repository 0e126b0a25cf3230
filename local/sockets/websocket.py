"""A client's WebSocket, from the answer to its handshake to its last frame.

picows implements WebSocket, at a fraction of aiohttp's cost per frame.
"""

import asyncio
import logging

from picows import (
    WSAutoPingStrategy,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)
from picows.picows import WSCloseHandshake, WSProtocol  # type: ignore[attr-defined]  # untyped: what ws_create_server makes for each connection

from local.gateway.connection import SECONDS_TO_SEND_REQUEST, Connection
from local.gateway.gateway import LARGEST_MESSAGE, Gateway
from local.sockets.outbox import MOST_UNSENT, Outbox, text_head

SECONDS_TO_CLOSE = 1.0
"""How long a client has to read the close code."""

_LARGEST_FRAME = 32 * 1024
_LARGEST_PARSED_FRAME = 128 * 1024
"""picows reads one frame ahead, and drops the frame before one that is larger than this."""

_MOST_FRAGMENTS = 1024
_LARGEST_BUFFER = 1024 * 1024
# https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
_GOING_AWAY, _PROTOCOL_ERROR, _NO_STATUS, _LOST = 1001, 1002, 1005, 1006
_REASONS = {_GOING_AWAY: "Going away", _NO_STATUS: "Client-side close frame status not set"}
"""API Gateway's texts for closes without a reason, as seen in captured events."""

_SILENT = logging.getLogger("picows")
_SILENT.setLevel(logging.CRITICAL)  # it reports every client that breaks the protocol


def upgraded(gateway: Gateway, connection: Connection, outbox: Outbox) -> WSProtocol:
    """Return the protocol of the WebSocket between an admitted client and `gateway`."""

    def answer(request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
        subprotocol = connection.subprotocol
        headers = {"Sec-WebSocket-Protocol": subprotocol} if subprotocol else None
        return WSUpgradeResponseWithListener(
            WSUpgradeResponse.create_101_response(headers), _Client(gateway, connection, outbox)
        )

    return WSProtocol(
        None,  # host and port, of a client
        None,  # path, of a client
        False,  # is a client
        answer,
        _SILENT,
        True,  # disconnect when a callback raises
        SECONDS_TO_SEND_REQUEST,
        False,  # send no pings: API Gateway sends none
        0,
        0,
        WSAutoPingStrategy.PING_WHEN_IDLE,
        False,  # answer no pings: those of a client that reads nothing would fill the memory
        _LARGEST_PARSED_FRAME,
        None,  # extra headers, of a client
        2048,  # bytes of read buffer at first: most messages are shorter
    )


class _Client(WSListener):
    """The client's end of an admitted connection."""

    __slots__ = (
        "_begun",
        "_connection",
        "_fragments",
        "_gateway",
        "_outbox",
        "_stream",
        "_transport",
        "_unsent",
        "is_behind",
    )

    def __init__(self, gateway: Gateway, connection: Connection, outbox: Outbox) -> None:
        super().__init__()
        self._gateway = gateway
        self._connection = connection
        self._outbox = outbox
        self._unsent: list[bytes] = []
        self._transport: WSTransport
        self._stream: asyncio.Transport
        self._begun = bytearray()  # of a message in several frames
        self._fragments = 0
        self.is_behind = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._stream = transport.underlying_transport
        self._stream.set_write_buffer_limits(_LARGEST_BUFFER)
        self._gateway.opened(self._connection, self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind == WSMsgType.CLOSE:
            self._answer_close(frame.get_payload_as_bytes())
        elif transport.is_close_frame_sent:
            pass  # picows keeps parsing after a frame that is too large
        elif frame.rsv1 or frame.rsv2 or frame.rsv3:
            self.close(_PROTOCOL_ERROR)
        elif frame.payload_size > _LARGEST_FRAME:
            self.close(1009)
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
            if not self.is_behind:  # a client that reads nothing gets no more to read
                transport.send_pong(frame.get_payload_as_bytes())
        elif kind == WSMsgType.BINARY:
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-binary-media-types.html
            self.close(1003)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        code, reason = _how_it_closed(transport.close_handshake)
        self._gateway.closed(self._connection, code, reason)

    def pause_writing(self) -> None:
        self.is_behind = True

    def resume_writing(self) -> None:
        self.is_behind = False

    def pause(self) -> None:
        self._stream.pause_reading()

    def resume(self) -> None:
        self._stream.resume_reading()

    def send(self, frame: bytes) -> bool:
        if self._stream.is_closing():  # it was just reset, and a write would log a warning
            return False
        if not self._unsent:
            self._outbox.add(self._flush)
        self._unsent.append(frame)
        if len(self._unsent) == MOST_UNSENT:
            self._flush()
        return True

    def _flush(self) -> None:
        frames, self._unsent = self._unsent, []
        if self._stream.is_closing() or self._transport.is_close_frame_sent:
            return
        if len(frames) == 1:
            self._transport.send(WSMsgType.TEXT, frames[0])
        elif frames:
            parts = [part for frame in frames for part in (text_head(len(frame)), frame)]
            self._stream.writelines(parts)

    def close(self, code: int) -> None:
        self._flush()
        self._send_close(code)
        # Disconnecting at once would reset the socket before the client has read the code.
        asyncio.get_running_loop().call_later(SECONDS_TO_CLOSE, self._disconnect)

    def _answer_close(self, payload: bytes) -> None:
        self._flush()
        code = int.from_bytes(payload[:2])
        if not payload:
            self._transport.send(WSMsgType.CLOSE, b"")
        else:
            self._send_close(code if _is_close_code(code) else _PROTOCOL_ERROR)
        if self._has_read():
            self._transport.disconnect()
        else:
            asyncio.get_running_loop().call_later(SECONDS_TO_CLOSE, self._disconnect)

    def _disconnect(self) -> None:
        # A client may never read what it has not read by now: its data would be kept, and the
        # client stay in its rooms, for ever.
        self._transport.disconnect(graceful=self._has_read())

    def _has_read(self) -> bool:
        return self._stream.get_write_buffer_size() == 0

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


def _how_it_closed(handshake: WSCloseHandshake | None) -> tuple[int, str]:
    """Return the code and the reason for `$disconnect`."""
    if handshake is None:
        return _LOST, ""
    is_by_client = handshake.recv is not None and handshake.recv_then_sent
    close = handshake.recv if is_by_client else handshake.sent
    if close is None:
        return _LOST, ""
    code = close.code.value or _NO_STATUS
    if is_by_client and code != _NO_STATUS:
        return code, close.reason or ""
    return code, _REASONS.get(code, "")


def _is_close_code(code: int) -> bool:
    # https://www.rfc-editor.org/rfc/rfc6455#section-7.4
    is_assigned = 1000 <= code <= 1014 and code not in (1004, _NO_STATUS, _LOST)
    return is_assigned or 3000 <= code < 5000
