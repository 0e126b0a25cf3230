"""Who may look at the console, and what an open one may cost."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest

from rig.clients import clients
from rig.processes import wait_until
from rig.raw import connect
from rig.servers import LocalServer, StartLocalServer
from tests.support import handshakes

OTHER_SITE = "http://evil.example"
ALLOWED: list[dict[str, str]] = [
    {},
    {"Host": "localhost:4444"},
    {"Host": "LOCALHOST"},
    {"Host": "127.0.0.1:4444", "Origin": "http://127.0.0.1:4444"},
    {"Host": "[::1]:4444"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
]
REFUSED = [
    {"Host": "evil.example"},  # DNS rebinding
    {"Host": "localhost.evil.example"},
    {"Host": "127.0.0.1.evil.example:4444"},
    {"Host": "[::1].evil.example"},
    {"Host": ""},
    {"Host": "192.0.2.1:4444"},
    {"Origin": OTHER_SITE},
    {"Origin": "null"},
    {"Host": "localhost:4444", "Origin": "http://localhost:3000"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
]


def status_of(server: LocalServer, path: str, headers: dict[str, str]) -> int:
    """Ask by hand: a client would choose its own Host."""
    lines = {"Host": f"127.0.0.1:{server.port}", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with connect(server, f"GET {path} HTTP/1.1\r\n{head}\r\n".encode()) as asking:
        return int(asking.recv(100).split()[1])


@asynccontextmanager
async def feed(server: LocalServer) -> AsyncIterator[aiohttp.StreamReader]:
    async with (
        aiohttp.ClientSession(read_bufsize=1 << 22) as session,
        session.get(f"{server.http_url}/console/events") as response,
    ):
        assert response.status == 200
        yield response.content


async def records(stream: aiohttp.StreamReader) -> AsyncIterator[dict[str, Any]]:
    async for line in stream:
        if line.startswith(b"data: "):
            yield json.loads(line[len(b"data: ") :])


@pytest.mark.parametrize("headers", ALLOWED)
def test_this_machine_may_look(shared_server: LocalServer, headers: dict[str, str]) -> None:
    assert status_of(shared_server, "/console/events", headers) == 200
    assert status_of(shared_server, "/console/", headers) == 200


@pytest.mark.parametrize("headers", REFUSED)
def test_pages_of_other_sites_may_not(shared_server: LocalServer, headers: dict[str, str]) -> None:
    assert status_of(shared_server, "/console/events", headers) in (400, 403)
    assert status_of(shared_server, "/console/", headers) in (400, 403)


def test_a_link_on_another_page_leads_to_the_console(shared_server: LocalServer) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert status_of(shared_server, "/console/", headers) == 200


def test_everyone_may_look_if_asked_for_but_no_other_site(local_server: StartLocalServer) -> None:
    server = local_server("--console-for-everyone")
    own = {"Host": "laptop.lan:4444", "Origin": "http://laptop.lan:4444"}
    assert status_of(server, "/console/events", own) == 200
    assert status_of(server, "/console/events", {**own, "Origin": OTHER_SITE}) == 403


@pytest.mark.parametrize("name", ["..%2f..%2fhttp.py", "http.py", "demo.css", "%2e%2e", "a" * 300])
def test_nothing_else_is_served(shared_server: LocalServer, name: str) -> None:
    assert status_of(shared_server, f"/console/{name}", {}) == 404


async def test_a_viewer_who_does_not_read_is_dropped_alone(local_server: StartLocalServer) -> None:
    server = local_server("--throttle", "none", environment={"LOG_LEVEL": "WARNING"})
    messages, size, ahead = 1200, 30_000, 20
    count = 0

    async def count_publishes(stream: aiohttp.StreamReader) -> None:
        nonlocal count
        async for record in records(stream):
            count += '"publish"' in record.get("event", {}).get("body", "")
            if count == messages:
                break

    with connect(server, b"GET /console/events HTTP/1.1\r\nHost: localhost\r\n\r\n") as deaf:
        async with feed(server) as stream, clients(server.websocket_url, "a") as (a,):
            seen = asyncio.create_task(count_publishes(stream))
            for number in range(messages):
                await a.publish("room", "x" * size)
                while count < number - ahead:  # whoever falls behind would be dropped, too
                    await asyncio.sleep(0.001)
            await asyncio.wait_for(seen, 60)
        deaf.settimeout(20)
        read = 0
        with suppress(ConnectionError):
            while chunk := deaf.recv(1 << 20):
                read += len(chunk)
        assert read < messages * size


async def test_only_so_many_may_look_at_once(server: LocalServer) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(10):
            await stack.enter_async_context(feed(server))
        assert status_of(server, "/console/events", {}) == 503
    wait_until(lambda: status_of(server, "/console/events", {}) == 200)


async def test_ctrl_c_does_not_wait_for_open_consoles(server: LocalServer) -> None:
    async with feed(server) as stream:
        await anext(records(stream))
        started = time.monotonic()
        await asyncio.to_thread(server.stop)
        assert time.monotonic() - started < 5


async def test_a_function_that_fails_is_seen_with_its_traceback() -> None:
    with LocalServer(environment={"MAX_TOPICS": "many"}) as server:
        async with feed(server) as stream:
            assert await handshakes.status_of(f"{server.websocket_url}?token=secret") == 502
            seen = records(stream)
            _, failed, refusal = [await anext(seen) for _ in range(3)]
    assert (refusal["kind"], refusal["status"]) == ("refusal", 502)
    assert "MAX_TOPICS is 'many'" in failed["failure"]
    assert "ConnectFunction failed. Its event: {" in server.output
    assert "secret" not in server.output + json.dumps([failed, refusal])
