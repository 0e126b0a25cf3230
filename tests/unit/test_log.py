"""The line that an invocation prints, and what X-Ray is told of a publish."""

import json
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from aws_xray_sdk.core import xray_recorder

from signaling.aws.operations import RequestError, accepted
from signaling.errors import InvalidMessageError, SubscriptionsError
from signaling.event import Event
from signaling.log import InvocationLog, TimedConnections, hash_of
from signaling.ports import Outcome, Sender
from signaling.protocol import Message, Ping, Publish, Subscribe
from tests.support.events import EVENTS, TOPIC, Room, replay
from tests.support.rooms import RecordedConnections

EVENT = Event(EVENTS["publish_signal"])
PUBLISH = Publish("room", "{}", peer=None, to=None, announce=None)

Fields = dict[str, Any]
FieldsOf = Callable[[Callable[[InvocationLog], object]], Fields]


@pytest.fixture
def fields_of(capsys: pytest.CaptureFixture[str]) -> FieldsOf:
    """Runs an invocation and returns the fields of its line."""

    def run(invocation: Callable[[InvocationLog], object]) -> Fields:
        with InvocationLog(EVENT) as log:
            invocation(log)
        (line,) = capsys.readouterr().out.splitlines()
        fields: Fields = json.loads(line)
        return fields

    return run


class SlowConnections(RecordedConnections):
    def send(self, *arguments: Any, **options: Any) -> Outcome:
        time.sleep(0.02)
        return super().send(*arguments, **options)


def test_every_line_has_route_connection_level_and_time(fields_of: FieldsOf) -> None:
    fields = fields_of(lambda log: None)
    assert fields.pop("milliseconds") >= 0
    assert fields == {"level": "INFO", "route": "$default", "connection": EVENT.connection}


ARRIVED, TRIED = Outcome(["a", "b", "c"], ["d", "e"], []), ["429", "no answer", "429"]


@pytest.mark.parametrize(
    ("outcome", "untidy", "has_hung_up", "more"),
    [
        (ARRIVED, "", False, {"recipients": 5, "delivered": 3, "gone": 2, "failed": 0}),
        (Outcome([], [], ["a"]), "", False, {"failed": 1, "level": "WARNING"}),
        (ARRIVED, "busy", False, {"clean_up": "failed", "cause": "busy", "level": "WARNING"}),
        (ARRIVED, "", True, {"hung_up": True}),
        (Outcome(["a"], [], ["b"], TRIED), "", False, {"failed_with": {"429": 2, "no answer": 1}}),
    ],
    ids=["arrived", "failed", "untidy", "hung up", "failed with"],
)
def test_what_became_of_a_message_is_told(
    fields_of: FieldsOf, outcome: Outcome, untidy: str, has_hung_up: bool, more: Fields
) -> None:
    fields = fields_of(lambda log: log.add_outcome(outcome, untidy, has_hung_up))
    usual = {"level": "INFO"} if not outcome.failed else {}
    assert (usual | more).items() <= fields.items()


def test_the_time_of_a_fan_out_is_logged_and_its_outcome_handed_on(fields_of: FieldsOf) -> None:
    outcomes: list[Outcome] = []
    connections = SlowConnections(gone="b")
    fields = fields_of(
        lambda log: outcomes.append(TimedConnections(connections, log).send("ab", "{}"))
    )
    assert 20 <= fields["fan_out_milliseconds"] <= fields["milliseconds"] + 0.1
    assert outcomes == [Outcome(["a"], ["b"], [])]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (PUBLISH, {"type": "publish", "topic": hash_of("room")}),
        (Subscribe(["a", "b"]), {"type": "subscribe", "topics": 2}),
        (Ping(), {"type": "ping"}),
    ],
)
def test_a_message_is_told_by_its_type_and_its_topic_as_a_hash(
    fields_of: FieldsOf, message: Message, told: Fields
) -> None:
    fields = fields_of(lambda log: log.add_message(message))
    assert {name: fields[name] for name in fields.keys() & {"type", "topic", "topics"}} == told


def test_a_failing_table_is_louder_than_a_bad_message(fields_of: FieldsOf) -> None:
    ours = fields_of(lambda log: log.add_refusal(SubscriptionsError("try again")))
    theirs = fields_of(lambda log: log.add_refusal(InvalidMessageError("invalid_json", "no")))
    assert (ours["error"], ours["level"]) == ("unavailable", "ERROR")
    assert (theirs["error"], theirs["level"]) == ("invalid_json", "INFO")


def test_an_exception_is_logged_by_its_type_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), InvocationLog(EVENT):
        raise KeyError("secret")
    line = capsys.readouterr().out
    assert "secret" not in line
    assert {"level": "ERROR", "error": "KeyError"}.items() <= json.loads(line).items()


def test_what_dynamodb_answered_is_told_to_the_owner(fields_of: FieldsOf) -> None:
    """A missing right and a flood need different cures."""

    def fail(log: InvocationLog) -> None:
        with pytest.raises(SubscriptionsError) as raised:
            accepted([RequestError("AccessDeniedException", 400)])
        log.add_refusal(raised.value)

    assert fields_of(fail)["cause"] == "AccessDeniedException"


# The import has opened it in each process that collects tests; Python complains of it at its end.
xray_recorder.emitter._socket.close()


def test_a_publish_is_two_subsegments_with_counts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRACING", "Active")
    monkeypatch.setattr(xray_recorder, "emitter", emitter := Mock())
    room = Room()
    room.connections = RecordedConnections(gone="another0=", failing="another1=")
    for number in range(4):
        room.subscriptions.subscribe([TOPIC], Sender(f"another{number}=", 0, 0))
    xray_recorder.begin_segment("message", sampling=1)
    replay("publish_announce")
    xray_recorder.end_segment()
    (sending,) = emitter.send_entity.call_args_list
    segment = json.loads(sending.args[0].serialize())
    counts = {"delivered": 3, "gone": 1, "failed": 1}
    assert [(each["name"], each["annotations"]) for each in segment["subsegments"]] == [
        ("read topic", {"subscribers": 6}),
        ("fan out", counts),
    ]
    assert counts.items() <= json.loads(capsys.readouterr().out).items()
    assert TOPIC not in json.dumps(segment)
    assert len(room.members()) == 5
