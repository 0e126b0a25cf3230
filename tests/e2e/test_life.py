"""How connections end, and what `$disconnect` is told."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable

import pytest

from local.options import options
from tests.support.clients import clients
from tests.support.planted import planted, with_functions
from tests.support.raw import HANDSHAKE, connect, frame
from tests.support.servers import LocalServer, StartLocalServer, wait_until

TELLS = with_functions("""
def handle(name, handler, event, context):
    told = event["requestContext"]
    if name == "DisconnectFunction":
        reason = told["disconnectReason"]
        print(json.dumps({"code": told["disconnectStatusCode"], "reason": reason}), flush=True)
    return handler(event, context)
""")


def endings(server: LocalServer) -> list[tuple[int, str]]:
    return [(line["code"], line["reason"]) for line in server.log if "reason" in line]


def test_a_connection_without_messages_is_closed_and_one_with_them_is_not(
    local_server: StartLocalServer,
) -> None:
    server = planted(local_server, TELLS, "--idle", "1.5")

    async def come() -> None:
        async with clients(server.websocket_url, "A", "B") as (silent, lively):
            while not silent.reader.done():
                await lively.send({"type": "ping"})
                await silent.socket.ping()  # no message
                await asyncio.sleep(0.3)
            assert silent.socket.close_code == 1001
            assert not lively.reader.done()

    asyncio.run(asyncio.wait_for(come(), 20))
    assert endings(server)[0] == (1001, "Going away")


def test_a_connection_is_closed_when_its_life_is_over_whatever_it_says(
    local_server: StartLocalServer,
) -> None:
    server = planted(local_server, TELLS, "--life", "1.5")

    async def come() -> None:
        async with clients(server.websocket_url, "A") as (lively,):
            while not lively.reader.done():
                await lively.send({"type": "ping"})
                await asyncio.sleep(0.1)
            assert lively.socket.close_code == 1001

    asyncio.run(asyncio.wait_for(come(), 20))
    assert endings(server) == [(1001, "Going away")]


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def sends(frames: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(frames)


@pytest.mark.parametrize(
    ("end", "ending"),
    [
        (sends(frame(0x88, b"\x03\xe8bye, \xc3\xa9")), (1000, "bye, é")),
        (sends(frame(0x88, b"\x03\xe9")), (1001, "")),
        (sends(frame(0x88, (4321).to_bytes(2) + b"own")), (4321, "own")),
        (sends(frame(0x88)), (1005, "Client-side close frame status not set")),
        (sends(frame(0x82, b"binary")), (1003, "")),
        (sends(frame(0x81, b"x" * 33_000)), (1009, None)),
        (reset, (1006, "")),
    ],
    ids=["reason", "page left", "own code", "no code", "binary", "too large", "vanished"],
)
def test_disconnect_is_told_how_the_connection_ended(
    local_server: StartLocalServer,
    end: Callable[[socket.socket], None],
    ending: tuple[int, str | None],
) -> None:
    server = planted(local_server, TELLS)
    with connect(server, HANDSHAKE) as connection:
        while not connection.recv(4096).endswith(b"\r\n\r\n"):
            time.sleep(0.01)
        end(connection)
        wait_until(lambda: endings(server))
    ((code, reason),) = endings(server)
    assert code == ending[0]
    assert ending[1] is None or reason == ending[1]


@pytest.mark.parametrize("option", ["--idle", "--life"])
@pytest.mark.parametrize("seconds", ["x", "0", "-1", "nan"])
def test_a_time_that_is_none_is_refused(
    option: str, seconds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        options([option, seconds])
    assert refused.value.code == 2
    assert option in capsys.readouterr().err
