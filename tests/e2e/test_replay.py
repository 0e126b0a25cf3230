"""Events that `--record` wrote, replayed without a server and without Docker."""

import asyncio
import json
from pathlib import Path

import pytest

from local import ROOT
from rig.aws import dynamodb_client
from rig.clients import clients
from rig.servers import StartLocalServer
from tests.support.events import TOPIC
from tests.support.make import local
from tests.support.table import rows_of


@pytest.fixture
def recorded(local_server: StartLocalServer, tmp_path: Path) -> list[Path]:
    """What a server wrote while A and B met in a room."""
    server = local_server("--record", str(tmp_path / "events"))

    async def meet() -> None:
        async with clients(server.websocket_url, "A", "B") as (a, b):
            await a.subscribe("room")
            await a.settled()
            await b.subscribe("room")
            await b.settled()
            await b.publish("room", {"for": "a"})
            await a.until_received(2)

    asyncio.run(meet())
    server.stop()
    server.start()  # the fixture stops it once more
    return sorted((tmp_path / "events").iterdir())


def test_a_conversation_is_replayed_and_so_are_its_begin_and_its_end(recorded: list[Path]) -> None:
    messages = [each for each in recorded if each.name.endswith("-MessageFunction.json")]
    assert len(messages) == 5
    replayed = local("invoke", "MessageFunction", *messages)
    assert replayed.returncode == 0, replayed.stderr
    assert replayed.stdout == '{"statusCode": 200}\n' * 5
    posts = [line for line in replayed.stderr.splitlines() if line.startswith("to ")]
    receiver, _, frame = posts[-1].removeprefix("to ").partition(": ")
    a = json.loads(messages[0].read_text())["requestContext"]["connectionId"]
    assert receiver == a
    assert json.loads(frame)["data"] == {"for": "a"}
    assert json.loads(frame)["clients"] == 2
    for name in ("ConnectFunction", "DisconnectFunction"):
        file = next(each for each in recorded if name in each.name)
        replayed = local("invoke", name, file)
        assert (replayed.returncode, replayed.stdout) == (0, '{"statusCode": 200}\n')


def test_an_event_is_replayed_in_a_real_table(dynamodb_local: str) -> None:
    events = ROOT / "events"
    options = ("--dynamodb", dynamodb_local, "--port", 9)  # no server is there: it is not asked
    joined = local("invoke", "MessageFunction", events / "subscribe.json", *options)
    assert joined.returncode == 0, joined.stderr
    assert '"level": "INFO"' in joined.stderr
    assert rows_of(dynamodb_client(dynamodb_local), TOPIC)


@pytest.mark.parametrize(
    ("function", "text", "reason"),
    [
        ("NoFunction", "{}", "NoFunction is no function of this stack; there are "),
        ("MessageFunction", "{", "not JSON"),
        ("MessageFunction", "[]", "lacks requestContext"),
        ("MessageFunction", '{"requestContext": []}', "lacks requestContext"),
        ("MessageFunction", None, "No such file or directory"),
    ],
)
def test_what_cannot_be_replayed_is_one_clear_line(
    tmp_path: Path, function: str, text: str | None, reason: str
) -> None:
    file = tmp_path / "event.json"
    if text is not None:
        file.write_text(text)
    refused = local("invoke", function, file)
    assert (refused.returncode, refused.stdout) == (1, "")
    (line,) = refused.stderr.splitlines()
    assert line.startswith("error: ") and reason in line


def test_a_function_that_fails_shows_its_event(tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_text('{"requestContext": {"routeKey": "$default"}}')
    failed = local("invoke", "MessageFunction", file)
    assert failed.returncode == 1
    assert "KeyError" in failed.stderr
    assert failed.stderr.splitlines()[-1].startswith("MessageFunction failed. Its event: {")
