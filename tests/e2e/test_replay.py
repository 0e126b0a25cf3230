"""Events replayed without a server and without Docker."""

import json
from pathlib import Path

import pytest

from local import ROOT
from rig.aws import dynamodb_client
from tests.support.events import TOPIC
from tests.support.make import local
from tests.support.table import rows_of


def test_a_conversation_is_replayed_and_so_are_its_begin_and_its_end(tmp_path: Path) -> None:
    said = [("A", "subscribe"), ("A", "publish_announce"), ("B", "publish_announce")]
    files = []
    for number, (connection, name) in enumerate(said):
        event = json.loads((ROOT / "events" / f"{name}.json").read_text())
        event["requestContext"]["connectionId"] = connection
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(json.dumps(event))
    replayed = local("invoke", "MessageFunction", *files)
    assert (replayed.returncode, replayed.stdout) == (0, '{"statusCode": 200}\n' * 3)
    (post,) = [line for line in replayed.stderr.splitlines() if line.startswith("to ")]
    receiver, _, frame = post.removeprefix("to ").partition(": ")
    assert receiver in "AB"
    assert json.loads(frame)["clients"] == 2
    for name, event in (("ConnectFunction", "connect"), ("DisconnectFunction", "disconnect")):
        replayed = local("invoke", name, ROOT / "events" / f"{event}.json")
        assert (replayed.returncode, replayed.stdout) == (0, '{"statusCode": 200}\n')


def test_an_event_is_replayed_in_a_real_table(dynamodb_local: str) -> None:
    options = ("--dynamodb", dynamodb_local, "--port", 9)  # no server is there: it is not asked
    joined = local("invoke", "MessageFunction", ROOT / "events" / "subscribe.json", *options)
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
