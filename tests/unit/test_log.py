"""The line that an invocation prints."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from local import ROOT
from signaling.aws.operations import RequestError, accepted
from signaling.errors import InvalidMessageError, SubscriptionsError
from signaling.event import Event
from signaling.log import InvocationLog, TimedConnections, hash_of
from signaling.ports import Introduction, Outcome
from signaling.protocol import Ping, Publish, Subscribe

EVENT = Event(json.loads((ROOT / "events" / "publish_signal.json").read_text()))
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


class SlowConnections:
    def send(
        self,
        connections: Sequence[str],
        payload: str,
        introductions: Sequence[Introduction] = (),
    ) -> Outcome:
        time.sleep(0.02)
        return Outcome(list(connections), [], [])


def test_every_line_has_route_connection_level_and_time(fields_of: FieldsOf) -> None:
    fields = fields_of(lambda log: None)
    assert fields.pop("milliseconds") >= 0
    assert fields == {"level": "INFO", "route": "$default", "connection": EVENT.connection}


def test_an_outcome_is_counted(fields_of: FieldsOf) -> None:
    outcome = Outcome(["a", "b", "c"], ["d", "e"], [])
    fields = fields_of(lambda log: log.add_outcome(outcome, "", False))
    assert {"recipients": 5, "delivered": 3, "gone": 2, "failed": 0}.items() <= fields.items()
    assert fields["level"] == "INFO"


def test_a_failed_delivery_is_a_warning(fields_of: FieldsOf) -> None:
    fields = fields_of(lambda log: log.add_outcome(Outcome([], [], ["a"]), "", False))
    assert (fields["failed"], fields["level"]) == (1, "WARNING")


def test_a_room_that_could_not_be_tidied_is_a_warning(fields_of: FieldsOf) -> None:
    fields = fields_of(lambda log: log.add_outcome(Outcome(["a"], ["b"], []), "too busy", False))
    assert (fields["clean_up"], fields["cause"]) == ("failed", "too busy")
    assert (fields["gone"], fields["level"]) == (1, "WARNING")


def test_the_time_of_a_fan_out_is_logged_in_milliseconds(fields_of: FieldsOf) -> None:
    fields = fields_of(lambda log: TimedConnections(SlowConnections(), log).send(["a"], "{}"))
    assert 20 <= fields["fan_out_milliseconds"] <= fields["milliseconds"] + 0.1


def test_timed_connections_hand_on_what_became_of_a_message(fields_of: FieldsOf) -> None:
    outcomes: list[Outcome] = []
    fields_of(
        lambda log: outcomes.append(TimedConnections(SlowConnections(), log).send("ab", "{}"))
    )
    assert outcomes == [Outcome(["a", "b"], [], [])]


def test_a_topic_is_logged_as_a_hash(fields_of: FieldsOf) -> None:
    fields = fields_of(lambda log: log.add_message(PUBLISH))
    assert (fields["type"], fields["topic"]) == ("publish", hash_of("room"))


def test_a_subscribe_logs_how_many_topics_it_has(fields_of: FieldsOf) -> None:
    fields = fields_of(lambda log: log.add_message(Subscribe(["a", "b"])))
    assert (fields["type"], fields["topics"]) == ("subscribe", 2)


def test_a_ping_has_no_topic(fields_of: FieldsOf) -> None:
    assert not {"topic", "topics"} & set(fields_of(lambda log: log.add_message(Ping())))


def test_a_failing_table_is_louder_than_a_bad_message(fields_of: FieldsOf) -> None:
    ours = fields_of(lambda log: log.add_refusal(SubscriptionsError("try again")))
    theirs = fields_of(lambda log: log.add_refusal(InvalidMessageError("invalid_json", "no")))
    assert (ours["error"], ours["level"]) == ("unavailable", "ERROR")
    assert (theirs["error"], theirs["level"]) == ("invalid_json", "INFO")


def test_an_exception_is_logged_by_its_type_and_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(KeyError), InvocationLog(EVENT):
        raise KeyError("secret")
    line = capsys.readouterr().out
    assert "secret" not in line
    assert {"level": "ERROR", "error": "KeyError"}.items() <= json.loads(line).items()


def test_who_was_hung_up_on_is_told(fields_of: FieldsOf) -> None:
    fields = fields_of(lambda log: log.add_outcome(Outcome([], ["b"], []), "", True))
    assert fields["hung_up"] is True


def test_failed_deliveries_are_counted_by_what_api_gateway_answered(fields_of: FieldsOf) -> None:
    outcome = Outcome(["a"], [], ["b", "c", "d"], ["429", "no answer", "429"])
    fields = fields_of(lambda log: log.add_outcome(outcome, "", False))
    assert fields["failed_with"] == {"429": 2, "no answer": 1}


def test_what_dynamodb_answered_is_told_to_the_owner(fields_of: FieldsOf) -> None:
    """A missing right and a flood need different cures."""

    def fail(log: InvocationLog) -> None:
        try:
            accepted([RequestError("AccessDeniedException", 400)])
        except SubscriptionsError as error:
            log.add_refusal(error)

    assert fields_of(fail)["cause"] == "AccessDeniedException"
