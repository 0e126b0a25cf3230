"""An issuer's documents over HTTPS: JSON objects, complete, in time and of bounded size."""

import io
import json
import socket
import ssl
import time
from contextlib import closing
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from signaling.typed import Any

_MOST_BYTES = 256 * 1024
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_NONE_THERE = (404, 410)


class DocumentError(Exception):
    """The document cannot be fetched; the message says why."""


class NoDocumentError(DocumentError):
    """The server says that there is no document."""


def fetch(url: str, deadline: float) -> dict[str, Any]:
    """Return the JSON object at `url`, which must be https except on loopback.

    Redirects are not followed: they could lead anywhere, and no issuer's document needs them.

    Raises:
        NoDocumentError: the server has no document.
        DocumentError: it is incomplete at `deadline`, in `time.monotonic` seconds, or invalid.
    """
    try:
        connection, path = _connection(url, deadline)
        with closing(connection):
            connection.request("GET", path, headers={"Accept": "application/json"})
            timed: Any = _Timed(connection.sock, deadline)
            with HTTPResponse(timed) as answer:
                answer.begin()
                body = answer.read(_MOST_BYTES + 1)
        if answer.status in _NONE_THERE:
            raise NoDocumentError(f"{url} answered {answer.status}")
        if answer.status != 200 or len(body) > _MOST_BYTES:
            raise DocumentError(f"{url} answered {answer.status} with {len(body)} bytes")
        document = json.loads(body)
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        raise DocumentError(f"{url}: {type(error).__name__}: {error}") from None
    if not isinstance(document, dict):
        raise DocumentError(f"{url} is no JSON object")
    return document


class _Timed(io.RawIOBase):
    """Reads a socket until a deadline.

    A socket's own timeout is for each read: a server that sends a byte now and then would never
    exceed it.
    """

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return what `HTTPResponse` reads from."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_seconds_until(self._deadline))
        return self._connection.recv_into(buffer)


def _connection(url: str, deadline: float) -> tuple[HTTPConnection, str]:
    parts = urlsplit(url)
    host, path = parts.hostname or "", parts.path or "/"
    if parts.query:
        path = f"{path}?{parts.query}"
    seconds = _seconds_until(deadline)
    if parts.scheme == "https" and host:
        return HTTPSConnection(host, parts.port, timeout=seconds, context=tls_context()), path
    if parts.scheme == "http" and host in _LOOPBACK:
        return HTTPConnection(host, parts.port, timeout=seconds), path
    raise DocumentError(f"{url} is not https")


@cache
def tls_context() -> ssl.SSLContext:
    """Return the context of all connections: it takes 20 ms to read the authorities."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])  # as HTTPSConnection does with one of its own
    return context


def _seconds_until(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("too slow")
    return seconds
