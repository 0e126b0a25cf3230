"""How connections end, and what `$disconnect` is told."""

import asyncio
import socket
import time
from collections.abc import Callable
from itertools import product

import pytest

from local.options import options
from rig.clients import clients
from rig.processes import wait_until
from rig.raw import frame, open_websocket
from rig.servers import LocalServer
from tests.support.planted import Plant, with_functions
from tests.support.sockets import reset

TELLS = with_functions("""
def handle(name, handler, event, context):
    told = event["requestContext"]
    if name == "DisconnectFunction":
        reason = told["disconnectReason"]
        say(code=told["disconnectStatusCode"], reason=reason)
    return handler(event, context)
""")

IDLE = 1.5
PATIENCE = 60


def endings(server: LocalServer) -> list[tuple[int, str]]:
    return [(line["code"], line["reason"]) for line in server.log if "reason" in line]


async def test_a_connection_without_messages_is_closed_and_no_other_is(plant: Plant) -> None:
    server = plant(TELLS, "--idle", f"{IDLE}")
    async with asyncio.timeout(PATIENCE), clients(server.websocket_url, "A", "B") as everyone:
        silent, lively = everyone
        while not (silent.reader.done() or lively.reader.done()):
            last_message = time.monotonic()
            await lively.send({"type": "ping"})
            await silent.socket.ping()  # no message
            await asyncio.sleep(IDLE / 5)
        await lively.reader
        assert time.monotonic() - last_message >= IDLE
        await silent.reader
        assert silent.socket.close_code == lively.socket.close_code == 1001
    wait_until(lambda: endings(server) == [(1001, "Going away")] * 2)


async def test_a_connection_is_closed_when_its_life_is_over_whatever_it_says(plant: Plant) -> None:
    server = plant(TELLS, "--life", "1.5")
    async with asyncio.timeout(PATIENCE), clients(server.websocket_url, "A") as (lively,):
        while not lively.reader.done():
            await lively.send({"type": "ping"})
            await asyncio.sleep(0.1)
        assert lively.socket.close_code == 1001
    wait_until(lambda: endings(server) == [(1001, "Going away")])


def sends(frames: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(frames)


ENDS = [
    (sends(frame(0x88, b"\x03\xe8bye, \xc3\xa9")), (1000, "bye, é")),
    (sends(frame(0x88, b"\x03\xe9")), (1001, "")),
    (sends(frame(0x88, (4321).to_bytes(2) + b"own")), (4321, "own")),
    (sends(frame(0x88)), (1005, "Client-side close frame status not set")),
    (sends(frame(0x82, b"binary")), (1003, "")),
    (sends(frame(0x81, b"x" * 33_000)), (1009, "")),
    (reset, (1006, "")),
]


def test_disconnect_is_told_how_the_connection_ended(plant: Plant) -> None:
    server = plant(TELLS)
    expected: list[tuple[int, str]] = []
    for end, ending in ENDS:
        expected.append(ending)
        with open_websocket(server) as connection:
            end(connection)
            wait_until(lambda: len(endings(server)) == len(expected))
    assert endings(server) == expected


@pytest.mark.parametrize(
    ("option", "time"),
    [
        *product(["--idle", "--life"], ["x", "0", "-1", "nan"]),
        *product(["--latency"], ["x", "300", "300:100", "-1:5", "0:nan"]),
    ],
)
def test_a_bad_time_is_refused(option: str, time: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        options([option, time])
    assert refused.value.code == 2
    assert option in capsys.readouterr().err
