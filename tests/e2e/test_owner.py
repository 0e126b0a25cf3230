"""`make rooms` and `make kick`, as an owner runs them beside the local server."""

import asyncio

from rig.clients import clients
from rig.processes import wait_until
from rig.servers import LocalServer, StartLocalServer
from signaling.log import hash_of
from tests.support.make import make

ROOM = "Ann's `plans`; (new)"


async def test_a_room_is_listed_looked_into_and_a_connection_of_it_closed(
    local_server: StartLocalServer, dynamodb_local: str
) -> None:
    server = local_server("--dynamodb", dynamodb_local)
    table = f"DYNAMODB={dynamodb_local}"
    async with clients(server.websocket_url, "A", "B") as (a, b):
        await a.subscribe(ROOM)
        await b.subscribe(ROOM, "another")
        wait_until(lambda: len(server.logged(type="subscribe")) == 2)
        assert hash_of(ROOM) in await asyncio.to_thread(make, "rooms", table)
        assert f'"{ROOM}"' in await asyncio.to_thread(make, "rooms", table, "NAMES=1")
        inside = await asyncio.to_thread(make, "rooms", table, f"ROOM={ROOM}")
        alone = await asyncio.to_thread(make, "rooms", table, "ROOM=another")
        connection = alone.split()[-1]
        assert connection in inside
        told = await asyncio.to_thread(kick, server, connection)
        assert told == f"closed {connection}\n"
        await b.reader
        assert b.socket.closed
        assert not a.socket.closed


def kick(server: LocalServer, connection: str, status: int = 0) -> str:
    return make("kick", f"PORT={server.port}", f"CONNECTION={connection}", status=status)


def test_whoever_is_gone_cannot_be_closed(local_server: StartLocalServer) -> None:
    assert "there is no such connection" in kick(local_server(), "L0SM9cOFvHcCIhw=", status=2)


def test_what_cannot_be_read_is_explained(dynamodb_local: str) -> None:
    assert "in memory" in make("rooms", status=2)
    assert "Could not connect" in make("rooms", "DYNAMODB=http://127.0.0.1:9", status=2)
