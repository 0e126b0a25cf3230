"""The head of an HTTP request, read to find requests for a WebSocket. Pure.

https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
"""

import sys
from base64 import b64decode
from collections.abc import Iterator
from typing import NamedTuple

SPOKEN_VERSION = "13"

_KEY_BYTES = 16


class RequestHead(NamedTuple):
    """The part of a request before its body."""

    method: str
    path: str
    query: str
    version: str
    headers: list[tuple[str, str]]

    def listed(self, name: str) -> list[str]:
        """Return the lower-case members of the list that all headers `name` form together.

        https://www.rfc-editor.org/rfc/rfc9110#name-lists-rule-abnf-extension
        """
        values = ",".join(value for key, value in self.headers if key.lower() == name)
        return [member.strip().lower() for member in values.split(",") if member.strip()]

    @property
    def asks_for_websocket(self) -> bool:
        """Whether it requests a WebSocket, correctly or not."""
        return "websocket" in self.listed("upgrade")

    @property
    def body_bytes(self) -> int:
        """The number of bytes that follow, unlimited if it is not known beforehand."""
        lengths, codings = self.listed("content-length"), self.listed("transfer-encoding")
        if not lengths and not codings:
            return 0
        is_known = len(lengths) == 1 and lengths[0].isdecimal() and not codings
        return int(lengths[0]) if is_known else sys.maxsize


def parse_head(text: bytes) -> RequestHead:
    """Return the parsed head `text` of a request, which may be invalid."""
    request_line, *lines = text.decode("latin-1").split("\r\n")
    method, target, version = request_line.split(" ") if _is_whole(request_line) else ("", "/", "")
    path, _, query = target.partition("?")
    return RequestHead(method, path, query, version, list(_headers(lines)))


def status_of(head: RequestHead) -> int | None:
    """Return the status that refuses a request for a WebSocket, None if it is correct."""
    if (
        head.method != "GET"
        or head.version != "HTTP/1.1"
        or "upgrade" not in head.listed("connection")
    ):
        return 400
    if head.listed("sec-websocket-version") != [SPOKEN_VERSION]:
        return 426
    return None if _is_key(first_header(head.headers, "sec-websocket-key")) else 400


def opening(head: RequestHead) -> bytes:
    """Return the shortest request for the WebSocket that a correct `head` requests.

    picows 2.3.1 compares `Connection` as a whole, and Firefox sends `keep-alive, Upgrade`.
    """
    key = first_header(head.headers, "sec-websocket-key")
    return (
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: {SPOKEN_VERSION}\r\n\r\n"
    ).encode("latin-1")


def _is_whole(request_line: str) -> bool:
    return request_line.count(" ") == 2


def _headers(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, _, value = line.partition(":")
        yield name.strip(), value.strip()


def first_header(headers: list[tuple[str, str]], name: str, default: str = "") -> str:
    """Return the first of `headers` called `name`, given in lower case, matched in any case."""
    return next((value for key, value in headers if key.lower() == name), default)


def _is_key(text: str) -> bool:
    try:
        return len(b64decode(text, validate=True)) == _KEY_BYTES
    except ValueError:
        return False
