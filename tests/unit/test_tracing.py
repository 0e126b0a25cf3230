"""Tracing: two subsegments when it is on, and nothing of it, not even an import, when it is off."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from aws_xray_sdk.core import xray_recorder

from local import ROOT
from local.adapters import MemorySubscriptions
from signaling import adapters
from signaling.adapters import Adapters
from signaling.connections import Outcome
from signaling.events import Event
from signaling.grants import EVERYTHING
from signaling.protocol import Limits, parse
from signaling.settings import settings
from signaling.subscriptions import Request
from signaling.telemetry import InvocationLog
from tests.integration.test_events import EVENTS, Invocation
from tests.stub import Stub, reply
from tests.unit.test_rooms import RecordedConnections

SLOW_TO_IMPORT = {"asyncio", "aws_xray_sdk", "boto3", "botocore", "urllib3"}

ADMITTING = {"connections", "errors", "events", "grants", "origins", "protocol", "settings"}
ADMITTING |= {"subscriptions", "telemetry"}
TALKING_TO_AWS = ADMITTING | {"adapters", "http1", "lean", "rooms", "sigv4"}

HANDLE_ONE_EVENT = """
import json, sys

sys.path[:0] = sys.argv[1], "layers/signaling/python"
import app

class Invocation:
    def get_remaining_time_in_millis(self):
        return 10_000

app.lambda_handler(json.load(open(sys.argv[2])), Invocation())
print(json.dumps([*sys.modules]))
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[dict[str, str]]:
    """A stand-in for AWS, as the environment of a function that talks to it."""
    stub = Stub(lambda request: reply(body=b'{"Items": [], "UnprocessedItems": {}}'))
    yield {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "us-east-1",
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9",  # which is how a function knows that it is one
        "LAMBDA_TASK_ROOT": "/var/task",
        "AWS_ENDPOINT_URL_DYNAMODB": stub.url,
        "CONNECTIONS_ENDPOINT": f"{stub.url}/dev",
        "TABLE_NAME": "table",
    }
    stub.close()


def modules_after(event: str, function: str, environment: dict[str, str]) -> set[str]:
    """Return the modules of a new process in which `function` has handled the event."""
    done = subprocess.run(
        [sys.executable, "-c", HANDLE_ONE_EVENT, f"functions/{function}", f"events/{event}.json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    log_line, modules = done.stdout.splitlines()
    assert "error" not in json.loads(log_line)
    return set(json.loads(modules))


def of_this_project(modules: set[str]) -> set[str]:
    found = (each.partition("signaling.") for each in modules)
    return {name for before, dot, name in found if dot and not before}


@pytest.mark.parametrize(
    ("function", "event", "own"),
    [
        ("connect", "connect_page", ADMITTING),
        ("disconnect", "disconnect", TALKING_TO_AWS),
        ("message", "publish_announce", TALKING_TO_AWS),
    ],
)
def test_without_tracing_a_function_imports_what_it_needs(
    function: str, event: str, own: set[str], aws: dict[str, str]
) -> None:
    modules = modules_after(event, function, aws)
    assert not SLOW_TO_IMPORT & modules
    assert of_this_project(modules) == own


def test_with_tracing_the_sdk_is_imported_without_botocore(aws: dict[str, str]) -> None:
    modules = modules_after("publish_announce", "message", {**aws, "TRACING": "Active"})
    assert "aws_xray_sdk" in modules
    assert not {"boto3", "botocore"} & modules
    assert of_this_project(modules) == TALKING_TO_AWS | {"tracing"}


class RecordingEmitter:
    """Keeps what would go to the X-Ray daemon."""

    def __init__(self) -> None:
        self.segments: list[Any] = []

    def send_entity(self, segment: Any) -> None:
        self.segments.append(json.loads(segment.serialize()))


@pytest.fixture
def emitter(monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordingEmitter]:
    monkeypatch.setenv("TRACING", "Active")
    settings.cache_clear()
    xray_recorder.emitter._socket.close()  # nobody else does, and Python complains at its end
    emitter = xray_recorder.emitter = RecordingEmitter()
    yield emitter
    adapters._installed.clear()
    settings.cache_clear()


class PartlyGone(RecordedConnections):
    """One connection is gone, one cannot be reached, the others get everything."""

    def send(self, connections: Any, payload: str) -> Outcome:
        gone, failed, *delivered = connections
        return Outcome(delivered, [gone], [failed])


def test_a_publish_is_two_subsegments_with_counts(emitter: RecordingEmitter) -> None:
    subscriptions = MemorySubscriptions(now=lambda: 0)
    for number in range(5):
        subscriptions.add("a secret room", Request(f"other{number}=", 0, 1))
    adapters.install(Adapters(lambda deadline: subscriptions, lambda deadline: PartlyGone()))
    event = Event({**EVENTS["publish_announce"], "body": announce("a secret room")})
    xray_recorder.begin_segment("message", sampling=1)
    room = adapters.rooms(Invocation(), InvocationLog(event))
    outcome = room.handle(event.request, parse(event.body, False, Limits()), EVERYTHING)
    xray_recorder.end_segment()
    (segment,) = emitter.segments
    assert [(each["name"], each["annotations"]) for each in segment["subsegments"]] == [
        ("read topic", {"subscribers": 6}),
        ("fan out", {"delivered": 3, "gone": 1, "failed": 1}),
    ]
    assert [len(connections) for connections in outcome] == [3, 1, 1]
    assert "secret" not in json.dumps(segment)
    assert len(subscriptions.of_topic("a secret room")) == 5


def announce(topic: str) -> str:
    data = {"type": "announce", "from": "me"}
    return json.dumps({"type": "publish", "topic": topic, "data": data})
