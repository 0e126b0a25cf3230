"""What X-Ray is told of a publish."""

import json
from typing import Any

import pytest
from aws_xray_sdk.core import xray_recorder

from signaling.ports import Outcome, Sender
from tests.support.events import TOPIC, Room, replay
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


def test_a_publish_is_two_subsegments_with_counts(
    emitter: RecordingEmitter, capsys: pytest.CaptureFixture[str]
) -> None:
    room = Room()
    room.connections = PartlyGone()
    for number in range(4):
        room.subscriptions.subscribe([TOPIC], Sender(f"another{number}=", 0, 0))
    xray_recorder.begin_segment("message", sampling=1)
    replay("publish_announce")
    xray_recorder.end_segment()
    (segment,) = emitter.segments
    counts = {"delivered": 3, "gone": 1, "failed": 1}
    assert [(each["name"], each["annotations"]) for each in segment["subsegments"]] == [
        ("read topic", {"subscribers": 6}),
        ("fan out", counts),
    ]
    assert counts.items() <= json.loads(capsys.readouterr().out).items()
    assert TOPIC not in json.dumps(segment)
    assert len(room.members()) == 5
