"""Bytes on a socket, for what no client library would send."""

import socket

from rig.servers import LocalServer

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_MASK = bytes(4)


def connect(server: LocalServer, begin: bytes = b"") -> socket.socket:
    """Open a socket to `server` and send what it is to `begin` with."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    connection.sendall(begin)
    return connection


def open_websocket(server: LocalServer) -> socket.socket:
    """Open a WebSocket to `server`, which sends nothing of its own accord after the handshake."""
    connection = connect(server, HANDSHAKE)
    received = b""
    while not received.endswith(b"\r\n\r\n"):
        data = connection.recv(4096)
        assert data, received
        received += data
    return connection


def frame(first: int, payload: bytes = b"") -> bytes:
    """Return a WebSocket frame of a client, by its `first` byte: flags and opcode."""
    length = len(payload)
    head = bytes([0x80 | length]) if length < 126 else b"\xfe" + length.to_bytes(2)
    return bytes([first]) + head + _MASK + payload
