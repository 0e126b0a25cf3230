"""What X-Ray is told of a publish."""

import json
from typing import Any

import pytest
from aws_xray_sdk.core import xray_recorder

from local.table.in_memory import MemorySubscriptions
from signaling import bootstrap
from signaling.access.grants import EVERYTHING
from signaling.bootstrap import Adapters
from signaling.event import Event
from signaling.log import InvocationLog
from signaling.ports import Outcome, Sender
from signaling.protocol import Limits, parse
from tests.support.events import EVENTS, Invocation
from tests.support.rooms import RecordedConnections

# The import has opened it in each process that collects tests; Python complains of it at its end.
xray_recorder.emitter._socket.close()


class RecordingEmitter:
    """Keeps what would go to the X-Ray daemon."""

    def __init__(self) -> None:
        self.segments: list[Any] = []

    def send_entity(self, segment: Any) -> None:
        self.segments.append(json.loads(segment.serialize()))


@pytest.fixture
def emitter(monkeypatch: pytest.MonkeyPatch) -> RecordingEmitter:
    monkeypatch.setenv("TRACING", "Active")
    emitter = xray_recorder.emitter = RecordingEmitter()
    return emitter


class PartlyGone(RecordedConnections):
    """One connection is gone, one cannot be reached, the others get everything."""

    def send(self, connections: Any, payload: str, introductions: Any = ()) -> Outcome:
        gone, failed, *delivered = connections
        return Outcome(delivered, [gone], [failed])


def test_a_publish_is_two_subsegments_with_counts(emitter: RecordingEmitter) -> None:
    subscriptions = MemorySubscriptions(now=lambda: 0)
    for number in range(5):
        subscriptions.subscribe(["a secret room"], Sender(f"other{number}=", 0, 0))
    bootstrap.install(Adapters(lambda deadlines: subscriptions, lambda deadlines: PartlyGone()))
    event = Event({**EVENTS["publish_announce"], "body": announce("a secret room")})
    xray_recorder.begin_segment("message", sampling=1)
    room = bootstrap.rooms(Invocation(), InvocationLog(event))
    outcome = room.handle(event.sender, parse(event.body, False, Limits()), EVERYTHING).outcome
    xray_recorder.end_segment()
    (segment,) = emitter.segments
    assert [(each["name"], each["annotations"]) for each in segment["subsegments"]] == [
        ("read topic", {"subscribers": 6}),
        ("fan out", {"delivered": 3, "gone": 1, "failed": 1}),
    ]
    assert [len(connections) for connections in outcome[:3]] == [3, 1, 1]
    assert "secret" not in json.dumps(segment)
    assert len(subscriptions.of_topic("a secret room")) == 5


def announce(topic: str) -> str:
    data = {"type": "announce", "from": "me"}
    return json.dumps({"type": "publish", "topic": topic, "data": data})
