"""HTTP/1.1 over connections that are kept alive, any number at once from one thread."""

from __future__ import annotations

import os
import select
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache, partial

from signaling.aws.steps import Steps, Wait, when_ready
from signaling.aws.trust import Trust
from signaling.typed import Any, NamedTuple

CONNECT_SECONDS = 1.0
READ_SECONDS = 2.0
"""The longest wait for more of an answer, or for the server to accept more of a request."""

_LARGEST_TLS_RECORD = 16_384  # reading this much empties TLS's buffer, where poll is blind
_ADDRESS_SECONDS = 10
_LARGEST_HEAD = 16 * 1024
_LARGEST_RESPONSE = 16 * 1024 * 1024
"""A page of DynamoDB has 1 MB, and several times as much as JSON."""

_HEXADECIMAL = b"0123456789abcdefABCDEF"


class Response(NamedTuple):
    """What a server answered."""

    status: int
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes


class Host:
    """A server and the connections to it that are open and idle.

    Threads may share it without a lock: a connection belongs either to one exchange or to the list,
    and a list's `append` and `pop` are atomic.
    """

    def __init__(self, url: str) -> None:
        scheme, _, rest = url.partition("://")
        self.name, _, path = rest.partition("/")
        self.path = f"/{path}".rstrip("/")
        self.idle: list[socket.socket] = []
        if self.name.startswith("["):  # an IPv6 address, as in http://[::1]:8000
            server, _, port = self.name[1:].partition("]")
        else:
            server, _, port = self.name.partition(":")
        self._server = server.encode()  # as str it would need the codec for international names
        self._port = int(port.removeprefix(":") or (443 if scheme == "https" else 80))
        self._trust = Trust(self._server) if scheme == "https" else None
        self._failures = 0

    def look_after(self, most: int) -> None:
        """Close idle connections that the server has closed, until `most` are left to be used next.

        The time that they have been idle is unknown: the monotonic clock may stand still while a
        Lambda is frozen.
        """
        still_open: list[socket.socket] = []
        while len(still_open) < most and (connection := self._take()):
            if _is_open(connection):
                still_open.append(connection)
            else:
                connection.close()
        self.idle += still_open

    def exchange(self, request: bytes) -> Steps[Response]:
        """Send `request` and return the answer; OSError if there is none, or only a part of it."""
        while connection := self._take():
            with suppress(_ClosedWhileIdleError):
                return (yield from self._exchange_over(connection, request))
        connection = yield from self._connect()
        return (yield from self._exchange_over(connection, request))

    def warm(self) -> Steps[None]:
        """Open a connection for later, if that is possible."""
        with suppress(OSError):
            self.idle.append((yield from self._connect()))

    def close(self) -> None:
        """Close the idle connections."""
        while connection := self._take():
            connection.close()

    def _take(self) -> socket.socket | None:
        with suppress(IndexError):  # checking first would not help: another thread may be faster
            return self.idle.pop()
        return None

    def _exchange_over(self, connection: socket.socket, request: bytes) -> Steps[Response]:
        received, is_reusable = bytearray(), False
        try:
            left = memoryview(request)
            while left:
                send = partial(connection.send, left)
                wait = Wait(READ_SECONDS, connection, select.POLLOUT)
                left = left[(yield from when_ready(send, wait)) :]
            while True:
                wait = Wait(READ_SECONDS, connection)
                yield wait
                receive = partial(connection.recv, _LARGEST_TLS_RECORD)
                data = yield from when_ready(receive, wait)
                received += data
                response, is_reusable = parse(received)
                if response:
                    return response
                if not data:
                    raise ConnectionError("half an answer")
        except TimeoutError:
            self.close()  # what silenced this one may also have cut off the idle ones
            raise
        except (ConnectionError, ssl.SSLError, ValueError) as error:
            raise (ConnectionError if received else _ClosedWhileIdleError)(error) from error
        finally:
            if is_reusable:
                self.idle.append(connection)
            else:
                connection.close()

    def _connect(self) -> Steps[socket.socket]:
        if not self._trust:
            return (yield from self._connect_over(None))
        context = self._trust.context()
        try:
            return (yield from self._connect_over(context))
        except ssl.SSLCertVerificationError as error:
            if not self._trust.is_wider_than(context, error):
                raise
        return (yield from self._connect_over(self._trust.context()))

    def _connect_over(self, context: ssl.SSLContext | None) -> Steps[socket.socket]:
        addresses = _addresses(self._server, self._port, int(time.time() / _ADDRESS_SECONDS))
        family, kind, protocol, _, address = addresses[self._failures % len(addresses)]
        connection = socket.socket(family, kind, protocol)
        try:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.connect_ex(address)
            yield Wait(CONNECT_SECONDS, connection, select.POLLOUT)
            if error := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(error, os.strerror(error))
            if context:
                connection = secure = context.wrap_socket(
                    connection, server_hostname=self._server, do_handshake_on_connect=False
                )
                yield from when_ready(secure.do_handshake, Wait(READ_SECONDS, connection))
        except BaseException:
            self._failures += 1  # the next attempt takes the server's next address
            connection.close()
            raise
        return connection


def parse(received: bytearray) -> tuple[Response | None, bool]:
    """Return the response, once `received` is the whole, and whether the connection stays open.

    Raises ValueError for anything but one HTTP/1.1 response that states its length.
    """
    if len(received) > _LARGEST_RESPONSE:
        raise ValueError("a response without end")
    end_of_head = received.find(b"\r\n\r\n")
    if end_of_head < 0:
        if len(received) > _LARGEST_HEAD:
            raise ValueError("a head without end")
        return None, False
    version, status, headers = _parse_head(received[:end_of_head].decode("latin-1"))
    start = end_of_head + 4
    if "transfer-encoding" in headers:
        body, end = _joined_chunks(received, start)
    else:
        length = _length(headers, status)
        end = start + length
        body = bytes(received[start:end]) if len(received) >= end else None
    if body is None:
        return None, False
    if len(received) > end:
        raise ValueError("more than one response")
    stays_open = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
    return Response(status, headers, body), stays_open


def _parse_head(head: str) -> tuple[str, int, dict[str, str]]:
    status_line, *lines = head.split("\r\n")
    version, status = status_line.split(" ", 2)[:2]
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip()
        if name in ("content-length", "transfer-encoding") and name in headers:
            raise ValueError("two lengths")
        headers[name] = value
    if status.startswith("1"):
        raise ValueError("information that nobody asked for")
    coding = headers.get("transfer-encoding")
    if coding is not None and (coding.lower() != "chunked" or "content-length" in headers):
        raise ValueError("a length that two sides may read differently")
    return version, int(status), headers


def _length(headers: dict[str, str], status: int) -> int:
    length = headers.get("content-length", "0" if status in (204, 304) else "")
    if not (length.isascii() and length.isdigit()):
        raise ValueError("no length")
    if int(length) > _LARGEST_RESPONSE:
        raise ValueError("too long a response")
    return int(length)


class _ClosedWhileIdleError(ConnectionError):
    """The server closed a connection before any answer, as after a long idle time."""


def _is_open(connection: socket.socket) -> bool:
    try:
        connection.recv(1)  # nothing can arrive except its end, or TLS's own messages
        return False
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False


def _joined_chunks(received: bytearray, start: int) -> tuple[bytes | None, int]:
    """Return the body whose chunks begin at `start`, None if some are missing, and its end."""
    body = b""
    while (end_of_size := received.find(b"\r\n", start)) >= 0:
        size = received[start:end_of_size].partition(b";")[0].strip()
        if not size or size.strip(_HEXADECIMAL):
            raise ValueError("a chunk without a size")
        data = end_of_size + 2
        if int(size, 16) == 0:  # trailers may follow, up to an empty line
            end = received.find(b"\r\n\r\n", end_of_size)
            return (body, end + 4) if end >= 0 else (None, 0)
        start = data + int(size, 16) + 2
        if len(received) < start:
            break
        if received[start - 2 : start] != b"\r\n":
            raise ValueError("a chunk longer than its size")
        body += received[data : start - 2]
    return None, 0


@lru_cache(maxsize=4)
def _addresses(
    name: bytes, port: int, period: int
) -> Sequence[tuple[int, int, int, str, tuple[Any, ...]]]:
    # For one `period` of time: a fan-out that opens many connections asks the name server once.
    return socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
