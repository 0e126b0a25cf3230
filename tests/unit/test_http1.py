"""Which responses of a server are taken, and which end its connection."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.aws.http1 import Response, parse

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: Chunked\r\n\r\n"

GOOD = {
    "a length": (HEAD + b"Content-Length: 2\r\n\r\n{}", b"{}"),
    "an empty body": (HEAD + b"content-length: 0\r\n\r\n", b""),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "chunks": (CHUNKED + b"1;x=y\r\n{\r\n01\r\n}\r\n0\r\n\r\n", b"{}"),
    "trailers": (CHUNKED + b"2\r\n{}\r\n0\r\nx: y\r\n\r\n", b"{}"),
}

REFUSED = {
    "no length": HEAD + b"\r\n",
    "a negative length": HEAD + b"Content-Length: -2\r\n\r\n{}",
    "a length with a sign": HEAD + b"Content-Length: +2\r\n\r\n{}",
    "a length that is no number": HEAD + b"Content-Length: two\r\n\r\n{}",
    "a length in other digits": HEAD + "Content-Length: ²\r\n\r\n{}".encode("latin-1"),
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 20\r\n\r\n{}",
    "a length beside chunks": HEAD
    + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "another coding": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "more than its length": HEAD + b"Content-Length: 2\r\n\r\n{}{",
    "two responses": 2 * (HEAD + b"Content-Length: 2\r\n\r\n{}"),
    "more than its chunks": CHUNKED + b"0\r\n\r\nx",
    "a chunk without a size": CHUNKED + b"\r\n{}\r\n0\r\n\r\n",
    "a chunk of negative size": CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
    "a chunk longer than its size": CHUNKED + b"1\r\n{}\r\n0\r\n\r\n",
    "information": b"HTTP/1.1 100 Continue\r\n\r\n",
    "a status that is no number": b"HTTP/1.1 OK 200\r\nContent-Length: 0\r\n\r\n",
    "nothing of HTTP": b"\r\n\r\n",
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 10_000,
    "too long a response": HEAD + b"Content-Length: 99999999999\r\n\r\n",
    "chunks without end": CHUNKED + b"100000\r\n" + b"x" * 2**24,
}


@pytest.mark.parametrize(("received", "body"), GOOD.values(), ids=GOOD)
def test_a_response_is_taken_once_it_is_whole(received: bytes, body: bytes) -> None:
    for length in range(len(received)):
        assert parse(bytearray(received[:length])) == (None, False)
    response, stays_open = parse(bytearray(received))
    assert response is not None
    assert (response.body, stays_open) == (body, True)


@pytest.mark.parametrize("received", REFUSED.values(), ids=REFUSED)
def test_what_is_not_one_response_with_a_length_is_refused(received: bytes) -> None:
    with pytest.raises(ValueError):
        parse(bytearray(received))


def test_a_connection_that_closes_is_not_used_again() -> None:
    for start in (b"HTTP/1.0 200 OK\r\n", HEAD + b"Connection: Close\r\n"):
        assert parse(bytearray(start + b"Content-Length: 0\r\n\r\n"))[1] is False


parts = st.sampled_from(
    [HEAD, CHUNKED, b"\r\n", b"Content-Length: ", b"1", b"0\r\n\r\n", b"chunked"]
)


@given(st.lists(parts | st.binary(max_size=3)).map(b"".join))
def test_bytes_are_a_response_or_incomplete_or_refused(received: bytes) -> None:
    with suppress(ValueError):
        response, stays_open = parse(bytearray(received))
        assert isinstance(response, Response) or not stays_open
