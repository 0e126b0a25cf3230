"""One contract for every adapter of the port `Subscriptions`."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from moto import mock_aws

from local.dynamodb import make_table
from local.in_memory import MemorySubscriptions
from local.sam.template import Stack
from signaling.aws import lean
from signaling.aws.dynamodb import DynamoDBSubscriptions
from signaling.errors import SubscriptionsError
from signaling.ports import Sender, Subscriber, Subscriptions
from signaling.protocol import Announce
from tests.support.aws import dynamodb_client

NOW = 1_800_000_000
CONNECTED_AT = NOW * 1000

MakeSubscriptions = Callable[[], Subscriptions]


def request(connection: str, at: int = 1, connected_at: int = CONNECTED_AT) -> Sender:
    return Sender(connection, connected_at, requested_at=at)


@pytest.fixture(scope="module")
def moto() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture(scope="module")
def lean_dynamodb(dynamodb_local: str) -> Iterator[lean.DynamoDB]:
    service = lean.Service(dynamodb_local, "dynamodb")
    yield lean.DynamoDB(service, time.monotonic() + 60)
    service.host.close()


@pytest.fixture(params=["memory", "moto", "dynamodb-local", "dynamodb-local, lean client"])
def subscriptions(request: pytest.FixtureRequest, stack: Stack) -> Subscriptions:
    """An adapter with nothing in it, its clock standing at `NOW`."""
    if request.param == "memory":
        return MemorySubscriptions(now=lambda: NOW)
    if request.param == "moto":
        request.getfixturevalue("moto")
        client = dynamodb_client()
    else:
        client = dynamodb_client(request.getfixturevalue("dynamodb_local"))
    table = {**stack.table, "TableName": f"table-{uuid4()}"}
    make_table(client, table)
    if request.param.endswith("lean client"):
        client = request.getfixturevalue("lean_dynamodb")
    return DynamoDBSubscriptions(client, table["TableName"], now=lambda: NOW)


def members(subscriptions: Subscriptions, topic: str = "room") -> dict[str, str | None]:
    return {each.connection: each.peer for each in subscriptions.of_topic(topic)}


def announce(peer: str) -> Announce:
    return Announce(f'"I am {peer}"', peer)


def announces(subscriptions: Subscriptions) -> dict[str, str | None]:
    return {each.connection: each.announce for each in subscriptions.of_topic("room")}


def test_a_topic_that_nobody_is_in_has_no_subscribers(subscriptions: Subscriptions) -> None:
    assert subscriptions.of_topic("room") == []


def test_add_puts_a_connection_in_one_topic(subscriptions: Subscriptions) -> None:
    subscriptions.add("room", request("a="))
    assert subscriptions.of_topic("room") == [Subscriber("a=", None, CONNECTED_AT, 1, None, None)]
    assert subscriptions.of_topic("roo") == []


def test_add_twice_is_add_once(subscriptions: Subscriptions) -> None:
    subscriptions.add("room", request("a", at=1))
    subscriptions.add("room", request("a", at=2))
    assert members(subscriptions) == {"a": None}


def test_add_never_forgets_a_known_peer(subscriptions: Subscriptions) -> None:
    subscriptions.add("room", request("a", at=1), announce("A"))
    subscriptions.add("room", request("a", at=2))
    assert members(subscriptions) == {"a": "A"}


def test_add_replaces_a_peer_by_a_newer_one(subscriptions: Subscriptions) -> None:
    subscriptions.add("room", request("a", at=1), announce("A"))
    subscriptions.add("room", request("a", at=2), announce("B"))
    assert members(subscriptions) == {"a": "B"}


def test_add_that_is_handled_late_changes_nothing(subscriptions: Subscriptions) -> None:
    subscriptions.add("room", request("a", at=2), announce("B"))
    subscriptions.add("room", request("a", at=1), announce("A"))
    assert members(subscriptions) == {"a": "B"}


def test_of_topic_tells_who_announced_itself_how_and_when(subscriptions: Subscriptions) -> None:
    subscriptions.add("room", request("a", at=6), announce("A"))
    subscriptions.add("room", request("a", at=7), announce("A"))
    subscriptions.add("room", request("b", at=8), Announce('"hidden"', None))
    assert sorted(subscriptions.of_topic("room")) == [
        Subscriber("a", "A", CONNECTED_AT, 7, '"I am A"', 6),
        Subscriber("b", None, CONNECTED_AT, 8, '"hidden"', 8),
    ]


def test_a_later_subscription_forgets_the_announce_as_its_peer_may_be_gone(
    subscriptions: Subscriptions,
) -> None:
    subscriptions.add("room", request("a", at=1), announce("A"))
    subscriptions.add("room", request("a", at=2))
    assert announces(subscriptions) == {"a": None}
    subscriptions.add("room", request("a", at=3), announce("B"))
    assert subscriptions.of_topic("room") == [Subscriber("a", "B", CONNECTED_AT, 3, '"I am B"', 1)]


def test_a_subscription_that_is_handled_after_its_announce_forgets_nothing(
    subscriptions: Subscriptions,
) -> None:
    for at in (2, 3):
        subscriptions.add("room", request("a", at=3), announce("A"))
        subscriptions.add("room", request("a", at=at))
        assert announces(subscriptions) == {"a": '"I am A"'}


def test_an_announce_of_the_same_millisecond_as_its_subscription_is_stored(
    subscriptions: Subscriptions,
) -> None:
    subscriptions.add("room", request("a", at=3))
    subscriptions.add("room", request("a", at=3), announce("A"))
    assert announces(subscriptions) == {"a": '"I am A"'}


def test_a_peer_is_learned_without_a_new_request(subscriptions: Subscriptions) -> None:
    subscriptions.add("room", request("a", at=1), announce("A"))
    subscriptions.learn_peer("room", "a", "B")
    assert subscriptions.of_topic("room") == [Subscriber("a", "B", CONNECTED_AT, 1, '"I am A"', 1)]


def test_a_peer_is_not_learned_of_a_connection_that_has_left(subscriptions: Subscriptions) -> None:
    subscriptions.learn_peer("room", "a", "A")
    assert members(subscriptions) == {}


def test_remove_takes_out_one_connection_of_one_topic(subscriptions: Subscriptions) -> None:
    for topic in ("room", "other"):
        subscriptions.add(topic, request("a", at=1))
        subscriptions.add(topic, request("b", at=1))
    subscriptions.remove("room", request("a", at=2))
    assert members(subscriptions) == {"b": None}
    assert members(subscriptions, "other") == {"a": None, "b": None}


def test_remove_of_what_is_not_there_is_no_error(subscriptions: Subscriptions) -> None:
    subscriptions.remove("room", request("a", at=1))
    subscriptions.remove("room", request("a", at=1))
    assert subscriptions.of_topic("room") == []


@pytest.mark.parametrize("at", [1, 2])
def test_remove_that_is_handled_late_leaves_the_newer_subscription(
    subscriptions: Subscriptions, at: int
) -> None:
    subscriptions.add("room", request("a", at=2))
    subscriptions.remove("room", request("a", at=at))
    assert members(subscriptions) == {"a": None}


def test_a_subscription_that_is_late_stays_when_an_older_one_follows(
    subscriptions: Subscriptions,
) -> None:
    subscriptions.add("room", request("a", at=3))
    subscriptions.add("room", request("a", at=1))
    subscriptions.remove("room", request("a", at=2))
    assert members(subscriptions) == {"a": None}


def test_expired_rows_are_left_out(subscriptions: Subscriptions) -> None:
    longest = request("a", connected_at=0).expires_at * 1000
    for connection, left in (("expired", -1000), ("expiring", 0), ("alive", 1000)):
        subscriptions.add("room", request(connection, connected_at=CONNECTED_AT - longest + left))
    assert members(subscriptions) == {"alive": None}


def test_remove_connection_empties_every_topic_of_it(subscriptions: Subscriptions) -> None:
    topics = [f"room-{number}" for number in range(60)]  # three batches of 25
    for topic in topics:
        subscriptions.add(topic, request("a"))
    subscriptions.add("room-7", request("b"))
    subscriptions.remove_connection("a")
    left = {topic: members(subscriptions, topic) for topic in topics}
    assert {topic: rows for topic, rows in left.items() if rows} == {"room-7": {"b": None}}


def test_remove_connection_of_one_that_has_no_rows_is_no_error(
    subscriptions: Subscriptions,
) -> None:
    subscriptions.remove_connection("nobody")


@pytest.mark.parametrize(
    "topic",
    [
        "",
        " ",
        "vZ#4h2%60$1H",
        "room-1",
        "日本語 🎉",
        "\x00",
        "\ud800",
        "~\\ud800",
        "'\"\\",
        "x" * 1018,
    ],
    ids=repr,
)
def test_any_string_is_a_topic_of_its_own(subscriptions: Subscriptions, topic: str) -> None:
    subscriptions.add(topic, request("a", at=1), announce("ü"))
    assert members(subscriptions, topic) == {"a": "ü"}
    assert members(subscriptions, "\\ud800") == {}
    subscriptions.remove(topic, request("a", at=2))
    assert members(subscriptions, topic) == {}


def test_of_topic_reads_every_page(
    dynamodb_local: str, lean_dynamodb: lean.DynamoDB, stack: Stack
) -> None:
    client = dynamodb_client(dynamodb_local)
    table = {**stack.table, "TableName": f"table-{uuid4()}"}
    make_table(client, table)
    subscriptions = DynamoDBSubscriptions(client, table["TableName"], now=lambda: NOW)
    through_lean = DynamoDBSubscriptions(lean_dynamodb, table["TableName"], now=lambda: NOW)
    long_topic, long_peer = "t" * 1018, "p" * 256
    pages = []
    client.meta.events.register("after-call.dynamodb.Query", lambda **_: pages.append(1))
    for number in range(900):
        through_lean.add(long_topic, request(f"{number}"), announce(long_peer))
    assert len(through_lean.of_topic(long_topic)) == 900
    assert len(subscriptions.of_topic(long_topic)) == 900
    assert len(pages) > 1


class FailingClient:
    """A client of a table that answers every request with an error, or with what is unprocessed."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error
        self.batches = 0

    def query(self, **_: Any) -> dict[str, Any]:
        if self._error:
            raise self._error
        return {"Items": [{"pk": {"S": "topic-t"}, "sk": {"S": "connection-a"}}]}

    update_item = delete_item = query

    def batch_write_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # boto3's name
        self.batches += 1
        return {"UnprocessedItems": RequestItems if self.batches < 3 else {}}


def test_errors_of_the_client_are_translated() -> None:
    broken = DynamoDBSubscriptions(FailingClient(ConnectionError("secret host")), "table")
    calls: list[Callable[[], object]] = [
        lambda: broken.add("room", request("a")),
        lambda: broken.remove("room", request("a")),
        lambda: broken.learn_peer("room", "a", "A"),
        lambda: broken.of_topic("room"),
        lambda: broken.remove_connection("a"),
    ]
    for call in calls:
        with pytest.raises(SubscriptionsError) as error:
            call()
        assert "secret" not in str(error.value)


def test_unprocessed_deletes_are_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    client = FailingClient()
    DynamoDBSubscriptions(client, "table").remove_connection("a")
    assert client.batches == 3
