"""What the model of the table does when DynamoDB fails, throttles or is slow."""

import time
from collections.abc import Callable, Sequence

import pytest

from signaling.aws.dynamodb import DynamoDBSubscriptions
from signaling.aws.operations import Answer, Parameters, RequestError
from signaling.errors import SubscriptionsError
from signaling.ports import Deadlines, Sender, Subscriber
from signaling.protocol import Announce

SENDER = Sender("a", 0, 1)
MORE_THAN_ONE_BY_ONE = [f"{number}" for number in range(85)]
ROW = {"sk": {"S": "member-00000000-a"}, "connected_at": {"N": "0"}, "requested_at": {"N": "1"}}


class ScriptedDynamoDB:
    """Gives every request the same answer, and for each batch says what it left."""

    def __init__(self, answer: Answer, unprocessed: Sequence[int] = ()) -> None:
        self._answer = answer
        self._unprocessed = list(unprocessed)
        self.deadlines: set[float] = set()
        self.deletes: list[int] = []

    def query(self, requests: Sequence[Parameters], deadline: float) -> list[Answer]:
        self.deadlines.add(deadline)
        return [self._answer] * len(requests)

    update_item = delete_item = query

    def batch_write_item(self, requests: Sequence[Parameters], deadline: float) -> list[Answer]:
        self.deadlines.add(deadline)
        deletes = [each for request in requests for each in request["RequestItems"]["table"]]
        self.deletes.append(len(deletes))
        left = deletes[: self._unprocessed.pop(0)] if self._unprocessed else []
        return [{"UnprocessedItems": {"table": left} if left else {}}]


def subscriptions(client: ScriptedDynamoDB, seconds: float = 60.0) -> DynamoDBSubscriptions:
    now = time.monotonic()
    deadlines = Deadlines(table=now + seconds, posts=now + 2 * seconds, clean_up=now + 3 * seconds)
    return DynamoDBSubscriptions(client, "table", deadlines)


def test_errors_of_the_client_are_translated() -> None:
    broken = subscriptions(ScriptedDynamoDB(RequestError("secret host")))
    calls: list[Callable[[], object]] = [
        lambda: broken.subscribe(["room"], SENDER),
        lambda: broken.announce("room", SENDER, Announce("1", "A")),
        lambda: broken.unsubscribe(["room"], SENDER),
        lambda: broken.learn_peer("room", "a", "A"),
        lambda: broken.hold("room", "a", "signal"),
        lambda: broken.take("room", "a"),
        lambda: broken.held("room", "a"),
        lambda: broken.of_connection("room", "a"),
        lambda: broken.note_offer("room", SENDER, "A", [Subscriber("b", "B", 0, 1, None, None)]),
        lambda: broken.of_topic("room"),
        lambda: broken.sample("room"),
        lambda: broken.of_peer("room", "A"),
        lambda: broken.remove_connection("a"),
    ]
    for call in calls:
        with pytest.raises(SubscriptionsError) as error:
            call()
        assert "secret" not in str(error.value)


def test_what_comes_after_the_posts_has_a_time_of_its_own() -> None:
    answer: Answer = {"Items": [], "Attributes": ROW}
    before, after = ScriptedDynamoDB(answer), ScriptedDynamoDB(answer)
    handling, cleaning = subscriptions(before), subscriptions(after)
    handling.subscribe(["room"], SENDER)
    handling.announce("room", SENDER, Announce("1", "A"))
    handling.unsubscribe(["room"], SENDER)
    handling.of_topic("room")
    handling.sample("room")
    handling.list_peers("room", [Subscriber("a", "A", 0, 1, None, None)])
    handling.of_peer("room", "A")
    cleaning.learn_peer("room", "a", "A")
    cleaning.remove("room", ["a"])
    cleaning.remove_connection("a")
    assert len(before.deadlines) == len(after.deadlines) == 1
    assert max(before.deadlines) < min(after.deadlines)


def test_unprocessed_deletes_are_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    client = ScriptedDynamoDB({}, unprocessed=[30, 2])
    subscriptions(client).remove("room", MORE_THAN_ONE_BY_ONE)
    assert client.deletes == [60, 30, 2]


def test_deletes_end_without_pause_if_the_table_stays_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    client = ScriptedDynamoDB({}, unprocessed=[1] * 100)
    with pytest.raises(SubscriptionsError):
        subscriptions(client).remove("room", MORE_THAN_ONE_BY_ONE)
    assert len(pauses) == len(client.deletes)


def test_no_delete_is_waited_for_beyond_the_time() -> None:
    client = ScriptedDynamoDB({}, unprocessed=[1] * 100)
    started = time.monotonic()
    with pytest.raises(SubscriptionsError):
        subscriptions(client, seconds=0.02).remove("room", MORE_THAN_ONE_BY_ONE)
    assert time.monotonic() - started < 1
