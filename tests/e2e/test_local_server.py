"""The local server as its user meets it."""

import asyncio
import re
import sys
import urllib.error
import urllib.request

import pytest

from rig.aws import dynamodb_client
from rig.clients import clients
from rig.introductions import until_introduced
from rig.processes import wait_until
from rig.servers import DynamoDBLocal, LocalServer, StartLocalServer
from tests.support.commands import run
from tests.support.make import local
from tests.support.table import rows_of


def test_it_says_where_it_listens_what_to_paste_and_no_more(local_server: StartLocalServer) -> None:
    server = local_server(fresh=True)
    server.stop()
    assert server.output == (
        f"Signaling for y-webrtc on ws://localhost:{server.port}, rooms in memory\n"
        f"Demo: http://localhost:{server.port}/\n"
        f"Console: http://localhost:{server.port}/console\n"
        "In your app:\n"
        "  new WebrtcProvider('room', doc, "
        f"{{ signaling: ['ws://localhost:{server.port}'] }})\n"
    )


@pytest.mark.parametrize(
    ("options", "lines"), [((), 0), (("--parameter-overrides", "LogLevel=INFO"), 2)]
)
async def test_an_option_wins_over_the_environment(
    local_server: StartLocalServer, options: tuple[str, ...], lines: int
) -> None:
    server = local_server(*options, environment={"LOG_LEVEL": "WARNING"})
    async with clients(server.websocket_url, "A") as (a,):
        await a.settled()
    wait_until(lambda: len(server.log) >= lines)
    assert lines > 0 or server.log == []


def test_a_taken_port_is_one_clear_line(local_server: StartLocalServer) -> None:
    port = local_server().port
    second = local("--port", str(port))
    assert second.returncode == 1
    assert second.stderr == f"error: 127.0.0.1:{port}: Address already in use\n"


def test_a_dynamodb_that_does_not_answer_is_one_clear_line() -> None:
    refused = local("--port", "0", "--dynamodb", "http://127.0.0.1:9")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ")
    assert refused.stderr.count("\n") == 1
    assert "http://127.0.0.1:9" in refused.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8 at once")
@pytest.mark.parametrize("host", ["127.0.0.2", "0.0.0.0", "::1"])
async def test_posts_go_to_where_it_listens(
    local_server: StartLocalServer, dynamodb_local: str, host: str
) -> None:
    server = local_server("--host", host, "--dynamodb", dynamodb_local)
    own = "[::1]" if host == "::1" else "127.0.0.2"
    async with clients(f"ws://{own}:{server.port}", "A") as (a,):
        await a.settled()


async def test_any_path_is_a_websocket_and_a_page_is_at_the_root(server: LocalServer) -> None:
    for path in ("", "/", "/dev", "/any/path?token=x"):
        async with clients(f"{server.websocket_url}{path}", "A") as (a,):
            await a.send({"type": "ping"})
            await a.until(lambda frames: frames == [{"type": "pong"}])
    with urllib.request.urlopen(server.http_url) as page:
        assert page.status == 200
        assert "<title>" in page.read().decode()
    with pytest.raises(urllib.error.HTTPError) as missing:
        urllib.request.urlopen(f"{server.http_url}/../template.yaml")
    with missing.value:
        assert missing.value.code == 404


async def test_disconnect_is_handled_for_clients_there_when_it_stops(dynamodb_local: str) -> None:
    server = LocalServer("--dynamodb", dynamodb_local)
    server.start()
    table, room = dynamodb_client(dynamodb_local), "left behind"
    async with clients(server.websocket_url, "A") as (a,):
        await a.subscribe(room)
        wait_until(lambda: rows_of(table, room))
        await asyncio.to_thread(server.stop)
        await a.reader
        assert a.socket.close_code == 1001
    assert rows_of(table, room) == []


def test_the_makefile_passes_its_variables_on() -> None:
    variables = ["PORT=1", "DYNAMODB=http://x", "ARGS=--latency 0:1"]
    shown = run("make", "--dry-run", "run", *variables, check=True).stdout
    assert re.search(r"-m local --port 1 --dynamodb http://x --latency 0:1$", shown, re.MULTILINE)


async def test_rooms_work_again_if_dynamodb_lost_its_table(local_server: StartLocalServer) -> None:
    with DynamoDBLocal() as dynamodb:
        server = local_server("--dynamodb", dynamodb.endpoint)
        dynamodb.stop()
        dynamodb.start()
        wait_until(lambda: "recreated the table" in server.output)
        async with clients(server.websocket_url, "A", "B") as (a, b):
            await a.announce("room")
            await b.announce("room")
            await until_introduced(a, b)
        server.stop()
