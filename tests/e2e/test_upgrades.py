"""How a WebSocket may be asked for: as browsers, proxies and y-webrtc's own server know it."""

import socket
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest

from rig.raw import HANDSHAKE, frame
from rig.servers import LocalServer, ReferenceServer
from tests.support.nginx import Nginx

PAGE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s"
PING = frame(0x81, b'{"type":"ping"}')
PONG = b'{"type":"pong"}'


@pytest.fixture(params=["ours", "y-webrtc's"])
def port(request: pytest.FixtureRequest) -> int:
    if request.param == "ours":
        server: LocalServer = request.getfixturevalue("shared_server")
        return server.port
    reference: ReferenceServer = request.getfixturevalue("reference_server")
    return int(reference.websocket_url.rpartition(":")[2])


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def status_of(client: socket.socket, request: bytes) -> int:
    """Send `request` and return the status of the answer, whose body is read, too."""
    client.sendall(request)
    response = HTTPResponse(client)
    response.begin()
    response.read()
    return response.status


def is_answered(client: socket.socket) -> bool:
    """Tell whether a ping on the WebSocket is answered."""
    client.sendall(PING)
    received = b""
    while not received.endswith(PONG) and (data := client.recv(65536)):
        received += data
    return received.endswith(PONG)


def test_upgrade_is_one_of_the_tokens_of_connection(port: int) -> None:
    for connection in (
        b"Connection: Upgrade",
        b"Connection: keep-alive, Upgrade",  # Firefox's
        b"Connection: Upgrade, keep-alive",
        b"connection: upgrade",
        b"Connection: keep-alive\r\nConnection: Upgrade",
    ):
        with connect(port) as client:
            asked = HANDSHAKE.replace(b"Connection: Upgrade", connection)
            assert status_of(client, asked) == 101, connection
            assert is_answered(client)


def test_the_body_of_a_request_is_no_request(shared_server: LocalServer) -> None:
    with connect(shared_server.port) as client:
        assert status_of(client, POST % (len(HANDSHAKE), HANDSHAKE)) == 405
        assert status_of(client, HANDSHAKE) == 101
        assert is_answered(client)


def test_a_request_that_comes_byte_by_byte_is_understood(shared_server: LocalServer) -> None:
    with connect(shared_server.port) as client:
        for request in (PAGE, POST % (3, b"abc"), PAGE):
            for byte in request[:-1]:
                client.sendall(bytes([byte]))
            assert status_of(client, request[-1:]) in (200, 405)
        assert status_of(client, HANDSHAKE) == 101


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b"GET", b"POST", 400),
        (b"HTTP/1.1", b"HTTP/1.0", 400),
        (b"Connection: Upgrade", b"Connection: keep-alive", 400),
        (b"Connection: Upgrade", b"Connection: no-upgrade", 400),
        (b"dGhlIHNhbXBsZSBub25jZQ==", b"short", 400),
        (b"Sec-WebSocket-Key", b"Sec-Other", 400),
        (b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 8", 426),
        (b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 8, 13", 426),
    ],
)
def test_a_bad_request_for_a_websocket_is_refused_before_connect_runs(
    server: LocalServer, old: bytes, new: bytes, status: int
) -> None:
    with connect(server.port) as client:
        assert status_of(client, HANDSHAKE.replace(old, new)) == status
    with connect(server.port) as client:
        assert status_of(client, HANDSHAKE) == 101
    assert [line["route"] for line in server.log].count("$connect") <= 1


@pytest.fixture
def proxy(port: int, tmp_path: Path) -> Iterator[Nginx]:
    """nginx in front of either server."""
    with Nginx(tmp_path, port) as nginx:
        yield nginx


def test_a_proxy_that_keeps_its_connections_serves_pages_and_websockets(proxy: Nginx) -> None:
    for _ in range(3):
        with connect(proxy.port) as client:
            assert status_of(client, PAGE) == 200
            assert status_of(client, PAGE) == 200
        with connect(proxy.port) as client:
            assert status_of(client, HANDSHAKE) == 101
            assert is_answered(client)
