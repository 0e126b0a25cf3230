"""The local server as its user meets it."""

import asyncio
import re
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from local import ROOT
from rig.aws import dynamodb_client
from rig.clients import clients
from rig.introductions import until_introduced
from rig.servers import DynamoDBLocal, LocalServer, StartLocalServer, wait_until


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_it_says_where_it_listens_and_what_to_paste(local_server: StartLocalServer) -> None:
    server = local_server(fresh=True)
    assert server.output == (
        f"Signaling for y-webrtc on ws://localhost:{server.port}, rooms in memory\n"
        f"Demo: http://localhost:{server.port}/\n"
        f"Console: http://localhost:{server.port}/console\n"
        "In your app:\n"
        "  new WebrtcProvider('room', doc, "
        f"{{ signaling: ['ws://localhost:{server.port}'] }})\n"
    )


def test_ctrl_c_ends_it_without_a_traceback() -> None:
    server = LocalServer(fresh=True)
    server.start()
    greeting = server.output
    assert server.stop() == 0
    assert server.output == greeting


@pytest.mark.parametrize(
    ("options", "lines"), [((), 0), (("--parameter-overrides", "LogLevel=INFO"), 2)]
)
def test_an_option_wins_over_the_environment(
    local_server: StartLocalServer, options: tuple[str, ...], lines: int
) -> None:
    server = local_server(*options, environment={"LOG_LEVEL": "WARNING"})

    async def say_nonsense() -> None:
        async with clients(server.websocket_url, "A") as (a,):
            await a.settled()

    asyncio.run(say_nonsense())
    wait_until(lambda: len(server.log) >= lines)
    assert lines > 0 or server.log == []


def test_a_taken_port_is_one_clear_line(local_server: StartLocalServer) -> None:
    port = local_server().port
    second = run("--port", str(port))
    assert second.returncode == 1
    assert second.stderr == f"error: 127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize("latency", ["x", "300", "300:100", "-1:5", "0:nan"])
def test_a_wrong_latency_is_refused(latency: str) -> None:
    refused = run("--latency", latency)
    assert refused.returncode == 2
    assert "--latency" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_dynamodb_that_does_not_answer_is_one_clear_line() -> None:
    refused = run("--port", "0", "--dynamodb", "http://127.0.0.1:9")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ")
    assert refused.stderr.count("\n") == 1
    assert "http://127.0.0.1:9" in refused.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8 at once")
@pytest.mark.parametrize("host", ["127.0.0.2", "0.0.0.0", "::1"])
def test_posts_go_to_where_it_listens(
    local_server: StartLocalServer, dynamodb_local: str, host: str
) -> None:
    server = local_server("--host", host, "--dynamodb", dynamodb_local)

    async def talk() -> None:
        own = "[::1]" if host == "::1" else "127.0.0.2"
        async with clients(f"ws://{own}:{server.port}", "A") as (a,):
            await a.settled()

    asyncio.run(talk())


def test_any_path_is_a_websocket_and_a_page_is_at_the_root(
    local_server: StartLocalServer,
) -> None:
    server = local_server()

    async def ping(path: str) -> None:
        async with clients(f"{server.websocket_url}{path}", "A") as (a,):
            await a.send({"type": "ping"})
            await a.until(lambda frames: frames == [{"type": "pong"}])

    for path in ("", "/", "/dev", "/any/path?token=x"):
        asyncio.run(ping(path))
    with urllib.request.urlopen(server.http_url) as page:
        assert page.status == 200
        assert "<title>" in page.read().decode()
    with pytest.raises(urllib.error.HTTPError) as missing:
        urllib.request.urlopen(f"{server.http_url}/../template.yaml")
    with missing.value:
        assert missing.value.code == 404


def test_rubbish_on_the_port_harms_nobody(local_server: StartLocalServer) -> None:
    server = local_server()

    async def send_rubbish(rubbish: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(rubbish)
        writer.write_eof()
        async with asyncio.timeout(5):
            await reader.read()
        writer.close()

    async def talk() -> None:
        async with clients(server.websocket_url, "A", "B") as (a, b):
            await b.subscribe("room")
            for rubbish in (
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                b"\r\n\r\n",
                b"GET\r\n\r\n",
                b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
                b"POST / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
                b"\xff" * 20_000,
            ):
                await send_rubbish(rubbish)
            await a.publish("room", "still here")
            await b.until_received(1)

    asyncio.run(talk())


def test_disconnect_is_handled_for_clients_that_are_there_when_it_stops(
    dynamodb_local: str,
) -> None:
    server = LocalServer("--dynamodb", dynamodb_local)
    server.start()
    table = dynamodb_client(dynamodb_local)

    def rows() -> int:
        key = {":pk": {"S": "topic-left behind"}}
        answer = table.query(
            TableName="SubscriptionsTable",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=key,
        )
        return int(answer["Count"])

    async def stop_while_connected() -> int | None:
        async with clients(server.websocket_url, "A") as (a,):
            await a.subscribe("left behind")
            wait_until(lambda: rows() == 1)
            await asyncio.to_thread(server.stop)
            await a.reader
            return a.socket.close_code

    assert asyncio.run(stop_while_connected()) == 1001
    assert rows() == 0


def test_the_makefile_passes_its_variables_on() -> None:
    command = ["make", "--dry-run", "run", "PORT=1", "DYNAMODB=http://x", "ARGS=--latency 0:1"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(r"-m local --port 1 --dynamodb http://x --latency 0:1$", shown, re.MULTILINE)


def test_rooms_work_again_when_dynamodb_local_has_lost_its_table(
    local_server: StartLocalServer,
) -> None:
    dynamodb = DynamoDBLocal()
    dynamodb.start()
    server = local_server("--dynamodb", dynamodb.endpoint)
    dynamodb.stop()
    dynamodb.start()
    wait_until(lambda: "made the table again" in server.output)

    async def meet() -> None:
        async with clients(server.websocket_url, "A", "B") as (a, b):
            await a.announce("room")
            await b.announce("room")
            await until_introduced(a, b)

    asyncio.run(meet())
    server.stop()
    dynamodb.stop()
