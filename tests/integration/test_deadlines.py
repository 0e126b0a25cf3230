"""What a client and the owner's log get when AWS is slow, through either client."""

import gc
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from functions.disconnect import app as disconnect
from functions.message import app as message
from signaling import bootstrap
from signaling.aws.rows import sort_key
from tests.support.events import EVENTS, Invocation
from tests.support.messages import signal
from tests.support.stub import SILENCE, Received, Reply, Stub, reply

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

TOPICS = [f"room-{number}" for number in range(100)]


class Aws:
    """Stand-ins for DynamoDB and @connections; tests say what is slow and what fails."""

    shortest = 3.0
    """Seconds in which a client can find out that AWS is silent, and still say so."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.seconds_of: dict[str, float] = {}
        """How long operations of the table take."""
        self.answer_of: dict[str, Reply] = {}
        """What they and posts to connections are answered, if it is not just that all is well."""
        self.most_under_way = self._under_way = 0
        self.table = Stub(self._answer_of_table)
        self.connections = Stub(lambda request: self._answer_of(request.path.rpartition("/")[2]))

    def _answer_of(self, name: str) -> Reply:
        return self.answer_of.get(name, reply())

    def _answer_of_table(self, request: Received) -> Reply:
        operation = operation_of(request)
        self._under_way += 1
        self.most_under_way = max(self.most_under_way, self._under_way)
        time.sleep(self.seconds_of.get(operation, 0))
        self._under_way -= 1
        return self._answer_of(operation)

    def operations(self) -> list[str]:
        return [operation_of(request) for request in self.table.requests]

    def frames(self) -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.connections.requests]

    def told(self, seconds: float, **body: Any) -> dict[str, Any]:
        """Handle a message and return the line of the log, once it is sure that it was in time."""
        started = time.monotonic()
        event = {**EVENTS["subscribe"], "body": json.dumps(body)}
        assert message.lambda_handler(event, Invocation(seconds)) == {"statusCode": 200}
        assert time.monotonic() - started < seconds
        line: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return line

    def close(self) -> None:
        self.table.close()
        self.connections.close()


def operation_of(request: Received) -> str:
    return request.headers["x-amz-target"].partition(".")[2]


def rows(*connections: str, peer: str = "") -> Reply:
    times = {name: {"N": str(2**40)} for name in ("connected_at", "requested_at", "expires_at")}
    same = {"pk": {"S": "topic-t"}, **times, **({"peer": {"S": peer}} if peer else {})}
    items = [{"sk": {"S": sort_key(each)}, **same} for each in connections]
    return reply(body=json.dumps({"Items": items}).encode())


@pytest.fixture(autouse=True)
def no_connections_left() -> Iterator[None]:
    """Collect the function's connections to AWS, which stay open as long as its process.

    Nobody closes them here, and to whichever test they were collected in, that would be a warning.
    """
    yield
    bootstrap.reset()
    gc.collect()


@pytest.fixture
def lean_aws(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Aws]:
    aws = Aws(capsys)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", aws.table.url)
    monkeypatch.setenv("CONNECTIONS_ENDPOINT", f"{aws.connections.url}/dev")
    monkeypatch.setenv("TABLE_NAME", "table")
    yield aws
    aws.close()


@pytest.fixture(params=["lean", "boto3"])
def aws(request: pytest.FixtureRequest, lean_aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """AWS for either client.

    boto3 has the time that Lambda gives: its own steps take what is left on a busy machine.
    """
    monkeypatch.setenv("AWS_CLIENT", request.param)
    if request.param == "boto3":
        lean_aws.shortest = 29.0
    return lean_aws


def test_a_hundred_topics_are_entered_while_the_table_is_slow(aws: Aws) -> None:
    aws.seconds_of = {"Query": 0.4, "UpdateItem": 0.4}
    aws.answer_of = {"Query": rows()}
    assert "error" not in aws.told(29, type="subscribe", topics=TOPICS)
    assert aws.operations() == ["Query"] + ["UpdateItem"] * 100


def test_whoever_waits_for_a_silent_table_is_told(aws: Aws) -> None:
    aws.answer_of = {"Query": SILENCE, "UpdateItem": SILENCE}
    line = aws.told(aws.shortest, type="subscribe", topics=TOPICS[:20])
    assert (line["error"], line["level"]) == ("unavailable", "ERROR")
    assert "fan_out_milliseconds" not in line
    assert [frame["code"] for frame in aws.frames()] == ["unavailable"]


def test_who_is_gone_is_removed_after_a_fan_out_that_took_all_its_time(aws: Aws) -> None:
    aws.answer_of = {"Query": rows("a", "gone", "silent"), "silent": SILENCE, "gone": reply(410)}
    line = aws.told(aws.shortest, type="publish", topic="t", data={})
    assert (line["delivered"], line["gone"], line["failed"]) == (1, 1, 1)
    assert "error" not in line and "clean_up" not in line
    assert line["fan_out_milliseconds"] > 1000
    assert aws.operations() == ["Query", "DeleteItem"]


def test_a_signal_to_whoever_is_gone_costs_a_delete_and_a_try_to_wait(aws: Aws) -> None:
    absent = reply(400, b'{"__type":"x#ConditionalCheckFailedException"}')
    aws.answer_of = {"Query": rows("gone", peer="B"), "UpdateItem": absent, "gone": reply(410)}
    aws.told(29, type="publish", topic="t", data=signal("candidate", "A", "B"))
    assert aws.operations() == ["Query", "DeleteItem", "UpdateItem"]
    assert len(aws.frames()) == 1


def test_a_clean_up_that_fails_changes_nothing_of_what_the_publish_tells(aws: Aws) -> None:
    aws.answer_of = {"Query": rows("a", "gone"), "DeleteItem": reply(400), "gone": reply(410)}
    line = aws.told(29, type="publish", topic="t", data={})
    assert (line["delivered"], line["gone"], line["failed"]) == (1, 1, 0)
    assert (line["clean_up"], line["level"]) == ("failed", "WARNING")
    assert line["cause"]
    assert not [frame for frame in aws.frames() if frame["type"] == "error"]


def test_a_connection_in_twenty_thousand_topics_leaves_them_all(lean_aws: Aws) -> None:
    """Many batches at once, 5 ms each: one after the other they would take more than their time."""
    keys = [{"pk": {"S": f"topic-{n}"}, "sk": {"S": sort_key("a")}} for n in range(20_000)]
    lean_aws.answer_of = {"Query": reply(body=json.dumps({"Items": keys}).encode())}
    lean_aws.seconds_of = {"BatchWriteItem": 0.005}
    disconnect.lambda_handler(EVENTS["disconnect"], Invocation(29))
    assert lean_aws.operations().count("BatchWriteItem") == 799
    assert lean_aws.most_under_way > 10
