"""Clients that break the rules: each is told or cut, and nobody else notices."""

import os
import signal
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from local.gateway.connection import SECONDS_TO_SEND_REQUEST
from rig.clients import clients
from rig.measure import resident_bytes
from rig.processes import wait_until
from rig.raw import HANDSHAKE, connect, frame, open_websocket
from rig.servers import LocalServer, StartLocalServer
from tests.support.sockets import reset

FEW_DESCRIPTORS = """
import resource, runpy
resource.setrlimit(resource.RLIMIT_NOFILE, (600, 600))
runpy.run_module("local", run_name="__main__")
"""


async def test_whoever_resets_the_handshake_leaves_no_trace(server: LocalServer) -> None:
    for _ in range(300):
        reset(connect(server, HANDSHAKE))
    await is_served(server)


def test_posts_to_clients_that_were_just_reset_find_them_gone(server: LocalServer) -> None:
    entering = frame(0x81, b'{"type":"subscribe","topics":["room"]}')
    message = frame(0x81, b'{"type":"publish","topic":"room","data":{"x":"%s"}}' % (b"y" * 2_000))

    with open_websocket(server) as sender, ExitStack() as stack:
        others = [stack.enter_context(open_websocket(server)) for _ in range(60)]
        for each in (sender, *others):
            each.sendall(entering)
        wait_until(lambda: len(server.logged(type="subscribe")) == 61)
        os.kill(server.pid, signal.SIGSTOP)  # so that it learns of all resets at one moment
        for each in others:
            reset(each)
        for _ in range(30):
            sender.sendall(message)
        os.kill(server.pid, signal.SIGCONT)
        wait_until(lambda: len(server.logged(type="publish")) == 30)
        assert [line["failed"] for line in server.logged(type="publish")] == [0] * 30
        assert server.logged(type="publish")[-1]["delivered"] == 0
    assert "connection lost" not in server.output


async def test_pings_of_a_client_that_never_reads_do_not_fill_memory(server: LocalServer) -> None:
    pings = frame(0x89, b"x" * 125) * 500
    await is_served(server)  # by then it has loaded what it needs
    with connect(server, HANDSHAKE) as deaf:
        before = resident_bytes(server.pid)
        for _ in range(1_000):
            deaf.sendall(pings)
        await is_served(server)
        assert resident_bytes(server.pid) - before < 1_000 * len(pings) / 2


async def test_ever_more_rooms_do_not_fill_the_memory(local_server: StartLocalServer) -> None:
    server = local_server("--throttle", "none")
    await is_served(server)
    before = resident_bytes(server.pid)

    def refused(frames: list[dict[str, Any]]) -> int:
        return sum(each.get("code") == "too_many_rooms" for each in frames)

    async with clients(server.websocket_url, "A") as (client,):
        for message in range(500):
            await client.subscribe(*(f"room {message} {topic}" for topic in range(100)))
        await client.until(lambda frames: refused(frames) == 490)
        assert resident_bytes(server.pid) < 1.3 * before
    await is_served(server)


async def test_a_flood_waits_at_its_sender(any_server: StartLocalServer) -> None:
    server = any_server("--latency", "50:50", "--throttle", "none")
    messages = frame(0x81, b'{"type":"publish","topic":"flood","data":{"type":"x"}}') * 1_000
    await is_served(server)
    with connect(server, HANDSHAKE) as flooding:
        flooding.settimeout(0.5)
        before = resident_bytes(server.pid)
        with pytest.raises(TimeoutError):
            for _ in range(1_000):
                flooding.sendall(messages)
        await is_served(server)
        assert resident_bytes(server.pid) - before < 30_000_000


async def test_clients_beyond_the_descriptors_are_cut(local_server: StartLocalServer) -> None:
    server = local_server(program=FEW_DESCRIPTORS)
    with ExitStack() as stack:
        for _ in range(700):
            stack.enter_context(connect(server))
        wait_until(lambda: "error: too many connections" in server.output)
    await is_served(server)
    assert server.output.count("error: too many connections") == 1


POST = b"POST /@connections/L0SM9cOFvHcCIhw= HTTP/1.1\r\nHost: a\r\n"


async def test_odd_requests_are_refused_and_halves_are_gone(local_server: StartLocalServer) -> None:
    server = local_server("--unsigned")
    for request, status in (
        (b"GET /" + b"x" * 300 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"404"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20_000, b"431"),
        (POST + b"Expect: tea\r\n\r\n", b"417"),
        (POST + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", b"400"),
    ):
        with connect(server, request) as connection:
            assert connection.recv(4096).split(b" ")[1] == status
        await is_served(server)
    connect(server, POST + b"Content-Length: 10\r\n\r\nhel").close()
    await is_served(server)


HALVES = {
    "an idle connection": b"",
    "a head without its end": b"GET / HTTP/1.1\r\nHost: a\r\n",
    "a post without its body": POST + b"Content-Length: 10\r\n\r\nhel",
    "a body that nobody reads": b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhel",
}


async def test_4000_half_open_requests_after_a_whole_one_are_gone_in_time(
    local_server: StartLocalServer,
) -> None:
    server = local_server("--unsigned")
    page = b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n"
    with ExitStack() as stack:
        for half in HALVES.values():
            for _ in range(1_000):
                connection = stack.enter_context(connect(server, page))
                connection.sendall(half)
                assert connection.recv(4096).startswith(b"HTTP/1.1 404")  # so it is open there
        await is_served(server)
        descriptors, seconds = Path(f"/proc/{server.pid}/fd"), 2 * SECONDS_TO_SEND_REQUEST + 10
        wait_until(lambda: len([*descriptors.iterdir()]) < 100, seconds)
    await is_served(server)


async def is_served(server: LocalServer) -> None:
    """Check that others get their answers, and that the server has nothing to complain of."""
    async with clients(server.websocket_url, "A") as (client,):
        await client.send({"type": "ping"})
        await client.until_received(1)
    assert "Traceback" not in server.output


async def test_a_herd_that_comes_back_at_once_waits_to_be_accepted(server: LocalServer) -> None:
    os.kill(server.pid, signal.SIGSTOP)  # so that nobody is accepted meanwhile
    try:
        with ExitStack() as stack:
            address = ("127.0.0.1", server.port)
            for _ in range(500):
                # The system would drop the first packet, and send it again after a second.
                stack.enter_context(socket.create_connection(address, timeout=0.9))
    finally:
        os.kill(server.pid, signal.SIGCONT)
    await is_served(server)
