"""What no client should send: messages, frames and requests, the same with the same seed. Pure."""

import random
from collections.abc import Iterator
from typing import NamedTuple

from rig.raw import frame

_TEXT, _BINARY, _MORE, _FIRST = 0x81, 0x82, 0x80, 0x01
_MOST_CHARACTERS = 30_000  # of one frame, which may have 32 KB
_SCRAPS = (
    *("{", "}", "[", "]", '"', ",", ":", "\\", "\\ud800", "\\udfff\\ud800", "\\u0000", "\x00"),
    *("NaN", "-Infinity", "1e999", "-0", "1" * 5_000, "null", "true", "\ufeff", "\u2028"),
    *("\U0001f4a9", '"type":', '"type":"ping",', '"type":"publish",', '"topics":['),
    *('"topic":"x",', '"data":{', '"__proto__":{},', '"clients":7,', "[" * 2_000),
    *('{"a":' * 1_000, "x" * 1_100, "\r\n", "\x7f"),
)


class Request(NamedTuple):
    """Bytes in place of a good request, and what may come back."""

    name: str
    data: bytes
    statuses: frozenset[int]
    """Of HTTP; 0 is an end without an answer."""


def messages(originals: list[str], seed: int) -> Iterator[str]:
    """Yield mutations of `originals` for ever: most are no message any more, all are UTF-8."""
    chance = random.Random(seed)
    while True:
        text = chance.choice(originals)
        for _ in range(chance.choice((1, 1, 1, 2, 5))):
            text = _mutated(text, chance)
        text = text[:_MOST_CHARACTERS]
        if len(text.encode()) <= _MOST_CHARACTERS:
            yield text


def frames(seed: int) -> Iterator[tuple[bytes, set[int]]]:
    """Yield bytes behind a handshake that break RFC 6455, with the close codes that answer them."""
    chance = random.Random(seed)
    ping = b'{"type":"ping"}'
    while True:
        payload = chance.randbytes(chance.randrange(100))
        yield chance.choice(
            [
                (frame(_TEXT | chance.choice((0x10, 0x20, 0x40, 0x70)), ping), {1002}),
                (frame(0x80 | chance.choice((3, 4, 5, 6, 7, 11, 12, 13, 14, 15)), payload), {1002}),
                (frame(chance.choice((_MORE, 0x00)), payload), {1002}),
                (frame(_FIRST, ping[:5]) + frame(_TEXT, ping), {1002}),
                (frame(0x09, payload), {1002}),  # a ping in fragments
                (frame(0x89, bytes(126)), {1002}),  # a ping that is too long
                (bytes([_TEXT, len(ping)]) + ping, {1002}),  # without a mask
                (frame(_TEXT, ping[:-1] + b"\xed\xa0\x80" + payload), {1007}),
                (frame(_FIRST, b"\xe2") + frame(_MORE, b"\x28"), {1007}),
                (frame(_BINARY, payload), {1003}),
                (frame(_TEXT, b"x" * 40_000), {1009}),
                (b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", {1009}),
                (b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", {1002, 1009}),
                (frame(_FIRST, b"x" * 32_000) + frame(0x00, b"x" * 32_000) * 5, {1009}),
                (frame(_FIRST, b"{") + frame(0x00) * 3_000, {1008}),
                (frame(0x88, chance.choice((b"\x03", b"\x00\x00", b"\xff\xff"))), {1002}),
            ]
        )


def noise(seed: int) -> Iterator[bytes]:
    """Yield random bytes, some with an end as a request has it."""
    chance = random.Random(seed)
    while True:
        end = chance.choice((b"", b"\r\n\r\n", b" HTTP/1.1\r\n\r\n"))
        yield chance.choice((b"", b"GET ", b"\x16\x03\x01")) + chance.randbytes(200) + end


_REFUSED = frozenset({400, 403, 404, 405, 411, 413, 414, 417, 426, 431, 501, 505})
_BAD = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
_GOOD = _BAD + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
_CHUNKED = "Transfer-Encoding: chunked\r\n"
_POST = "POST /@connections/a"
_TLS = bytes.fromhex("16030100f0010000ec0303") + bytes(300) + b"\r\n\r\n"


def _request(name: str, line: str, headers: str = "", body: str = "", *more: int) -> Request:
    request = f"{line} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n{body}"
    return Request(name, request.encode("latin-1"), _REFUSED.union(more))


REQUESTS = [
    _request("two Upgrades", "GET /", "Upgrade: h2c\r\n" + _GOOD, "", 101, 200),
    _request("another Upgrade", "GET /", "Upgrade: h2c\r\nConnection: Upgrade\r\n", "", 200),
    _request("Upgrade with a body", "GET /", _GOOD + "Content-Length: 5\r\n", "hello", 101),
    _request("Upgrade with chunks", "GET /", _GOOD + _CHUNKED, "0\r\n\r\n", 101),
    _request("POST that upgrades", "POST /", _GOOD),
    _request("Upgrade without a key", "GET /", _BAD),
    _request("Upgrade with half a key", "GET /", _BAD + "Sec-WebSocket-Key: AAAA\r\n"),
    _request("Upgrade to version 7", "GET /", _GOOD.replace("13", "7")),
    _request("..", "GET /../../../../etc/passwd"),
    _request(".. in hexadecimal", "GET /%2e%2e/%2e%2e/etc/passwd"),
    _request(".. twice encoded", "GET /%252e%252e%252fetc%252fpasswd"),
    _request("..\\", "GET /..\\..\\etc\\passwd"),
    _request("NUL in a path", "GET /index.html%00.js"),
    _request("1 MB of query", "GET /?" + "x" * 1_000_000, "", "", 0),
    _request("1 MB of query, upgrading", "GET /?" + "x" * 1_000_000, _GOOD, "", 0),
    _request("5,000 headers", "GET /", "A: b\r\n" * 5_000, "", 0),
    _request("two lengths", _POST, "Content-Length: 1\r\nContent-Length: 9\r\n", "x"),
    _request("length and chunks", _POST, "Content-Length: 3\r\n" + _CHUNKED, "0\r\n\r\n", 410),
    _request("chunk that is none", _POST, _CHUNKED, "zz\r\n"),
    _request("negative length", _POST, "Content-Length: -1\r\n"),
    _request("odd id", "GET /@connections/%ff%00%0a", "", "", 410),
    _request("header over two lines", "GET /", "A: b\r\n c\r\n", "", 200),
    _request("method that is none", "B\x00D /"),
    Request("HTTP/9.9", b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", _REFUSED | {200}),
    Request("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", _REFUSED),
    Request("TLS", _TLS, _REFUSED | {0}),
]


def _mutated(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    end = min(len(text), at + chance.randrange(1, 30))
    character = chr(chance.choice((chance.randrange(128), 0x10FFFF, 0xFFFE)))
    scrap = chance.choice(_SCRAPS)
    return chance.choice(
        [
            text[:at] + text[end:],
            text[:at] + text[at:end] * 2 + text[end:],
            text[:at],
            text[:at] + character + text[at + 1 :],
            text[:at] + scrap + text[at:],
            text[:at] + scrap + text[end:],
        ]
    )
