"""One contract for every adapter of the port `Subscriptions`."""

import json

import pytest

from signaling.frames import plain_announce
from signaling.ports import Subscriber, Subscriptions
from signaling.protocol import Announce
from signaling.standing import ANNOUNCES_MILLISECONDS
from tests.support.subscriptions import (
    CONNECTED_AT,
    announce,
    announced,
    announces,
    members,
    sender,
)


def test_subscribe_puts_a_connection_in_one_topic(subscriptions: Subscriptions) -> None:
    for at in (1, 2):
        subscriptions.subscribe(["room"], sender("a=", at))
        row = Subscriber("a=", None, CONNECTED_AT, at, None, None)
        assert subscriptions.of_topic("room") == [row]
    assert subscriptions.of_topic("roo") == []


def test_the_announce_of_a_page_is_kept_as_it_was_said(subscriptions: Subscriptions) -> None:
    for peer in ("4f6c2a7e-5c1b-4a0e-9d3f-0b8a1c2d3e4f", 'quoted "A"', "\u00fc \U0001f600"):
        said = json.dumps(
            {"type": "announce", "from": peer}, separators=(",", ":"), ensure_ascii=False
        )
        own = subscriptions.announce("room", sender("a"), Announce(said, peer))
        assert own
        assert own.announce == said
        assert [each.announce for each in subscriptions.of_topic("room")] == [said]


def test_who_goes_by_another_peer_id_is_announced_under_that(subscriptions: Subscriptions) -> None:
    subscriptions.announce("room", sender("a"), Announce(plain_announce("A"), "A"))
    subscriptions.announce("room", sender("b"), announce("B"))
    for connection, peer in (("a", "A2"), ("b", "B2"), ("never there", "C")):
        subscriptions.learn_peer("room", connection, peer)
    assert sorted(subscriptions.of_topic("room")) == [
        Subscriber("a", "A2", CONNECTED_AT, 1, plain_announce("A2"), 1, began_at=1),
        Subscriber("b", "B2", CONNECTED_AT, 1, '"I am B"', 1, began_at=1),
    ]


def test_of_topic_tells_who_announced_itself_how_and_when(subscriptions: Subscriptions) -> None:
    subscriptions.announce("room", sender("a", at=6), announce("A"))
    subscriptions.announce("room", sender("a", at=7), announce("A"))
    subscriptions.announce("room", sender("b", at=8), Announce('"hidden"', None))
    assert sorted(subscriptions.of_topic("room")) == [
        Subscriber("a", "A", CONNECTED_AT, 7, '"I am A"', 6, began_at=6),
        Subscriber("b", None, CONNECTED_AT, 8, '"hidden"', 8, began_at=8),
    ]


def test_subscribing_again_forgets_the_announce_not_its_peer(subscriptions: Subscriptions) -> None:
    subscriptions.announce("room", sender("a", at=1), announce("A"))
    subscriptions.subscribe(["room"], sender("a", at=2))
    assert (members(subscriptions), announces(subscriptions)) == ({"a": "A"}, {"a": None})
    subscriptions.announce("room", sender("a", at=3), announce("B"))
    row = Subscriber("a", "B", CONNECTED_AT, 3, '"I am B"', 1, began_at=1)
    assert subscriptions.of_topic("room") == [row]


def test_announces_of_a_client_are_counted_for_some_time(subscriptions: Subscriptions) -> None:
    def count(at: int, topic: str = "room") -> int:
        own = announced(subscriptions, "a", "A", at, topic)
        subscriptions.subscribe([topic], sender("a", at=at))
        return own.announces

    start = 10 * ANNOUNCES_MILLISECONDS
    assert [count(start + at) for at in range(3)] == [1, 2, 3]
    assert count(start, "other") == 1
    later = start + ANNOUNCES_MILLISECONDS
    assert [count(at) for at in (later, later + 7 * ANNOUNCES_MILLISECONDS)] == [1, 1]
    assert [each.announces for each in subscriptions.of_topic("room")] == [0]


def test_of_who_enters_again_only_when_it_left_is_known(subscriptions: Subscriptions) -> None:
    subscriptions.announce("room", sender("a", at=1), announce("A"))
    subscriptions.unsubscribe(["room"], sender("a", at=2))
    subscriptions.learn_peer("room", "a", "A")
    subscriptions.subscribe(["room"], sender("a", at=3))
    row = Subscriber("a", None, CONNECTED_AT, 3, None, None, left_at=2, began_at=1)
    assert subscriptions.of_topic("room") == [row]
    own = subscriptions.announce("room", sender("a", at=4), announce("B"))
    row = Subscriber("a", "B", CONNECTED_AT, 4, '"I am B"', 4, left_at=2, began_at=1)
    assert own == row._replace(announces=2)
    assert subscriptions.of_topic("room") == [row]


def test_a_leaving_that_is_handled_after_the_next_entry_is_noted_but_not_one_before_the_first(
    subscriptions: Subscriptions,
) -> None:
    subscriptions.announce("entered later", sender("a", at=5), announce("A"))
    for topic in ("announced", "subscribed", "never entered before", "left again"):
        subscriptions.subscribe([topic], sender("a", at=1))
        if topic != "never entered before":
            subscriptions.announce(topic, sender("a", at=2), announce("A"))
        subscriptions.subscribe([topic], sender("a", at=5))
    subscriptions.announce("announced", sender("a", at=6), announce("A"))
    subscriptions.unsubscribe(["left again"], sender("a", at=7))
    topics = ["announced", "subscribed", "entered later", "never entered before", "left again"]
    subscriptions.unsubscribe([*topics, "new"], sender("a", at=4))
    assert [row for topic in topics[:3] for row in subscriptions.of_topic(topic)] == [
        Subscriber("a", "A", CONNECTED_AT, 6, '"I am A"', None, left_at=4, began_at=2),
        Subscriber("a", "A", CONNECTED_AT, 5, None, None, left_at=4, began_at=2),
        Subscriber("a", "A", CONNECTED_AT, 5, '"I am A"', 5, began_at=5),
    ]
    assert announced(subscriptions, "a", "A", 7, "announced").entered_at == 7
    assert members(subscriptions, "left again") == members(subscriptions, "new") == {}


def test_all_topics_of_a_message_are_entered_and_left(subscriptions: Subscriptions) -> None:
    topics = [f"room-{number}" for number in range(30)]
    for connection in "ab":
        subscriptions.subscribe(topics, sender(connection, at=1))
    assert all(members(subscriptions, topic) == {"a": None, "b": None} for topic in topics)
    subscriptions.unsubscribe(topics[:20], sender("a", at=2))
    assert all(members(subscriptions, topic) == {"b": None} for topic in topics[:20])
    assert all(members(subscriptions, topic) == {"a": None, "b": None} for topic in topics[20:])


def test_expired_rows_are_left_out(subscriptions: Subscriptions) -> None:
    longest = sender("a", connected_at=0).expires_at * 1000
    for connection, left in (("expired", -1000), ("expiring", 0), ("alive", 1000)):
        connected_at = CONNECTED_AT - longest + left
        subscriptions.subscribe(["room"], sender(connection, connected_at=connected_at))
    assert members(subscriptions) == {"alive": None}


def test_remove_takes_those_who_are_gone_out_of_one_topic(subscriptions: Subscriptions) -> None:
    connections = [f"{number}" for number in range(30)]  # two batches of 25
    for connection in connections:
        subscriptions.subscribe(["room", "other"], sender(connection))
    subscriptions.remove("room", [*connections[1:], "nobody"])
    assert members(subscriptions) == {"0": None}
    assert len(members(subscriptions, "other")) == 30


def test_remove_connection_empties_every_topic_of_it(subscriptions: Subscriptions) -> None:
    topics = [f"room-{number}" for number in range(30)]  # two batches of 25
    subscriptions.subscribe(topics, sender("a", at=1))
    subscriptions.unsubscribe(topics[:10], sender("a", at=2))
    subscriptions.subscribe(["room-7"], sender("b"))
    for connection in ("a", "nobody"):
        subscriptions.remove_connection(connection)
    left = {topic: members(subscriptions, topic) for topic in topics}
    assert {topic: rows for topic, rows in left.items() if rows} == {"room-7": {"b": None}}


TOPICS = [
    *("", " ", "vZ#4h2%60$1H", "room-1", "日本語 🎉"),
    *("\x00", "\ud800", "~\\ud800", "'\"\\", "x" * 1018),
]


@pytest.mark.parametrize("topic", TOPICS, ids=repr)
def test_any_string_is_a_topic_of_its_own(subscriptions: Subscriptions, topic: str) -> None:
    subscriptions.announce(topic, sender("a", at=1), announce("ü"))
    assert members(subscriptions, topic) == {"a": "ü"}
    assert members(subscriptions, "\\ud800") == {}
    subscriptions.unsubscribe([topic], sender("a", at=2))
    assert members(subscriptions, topic) == {}


def test_a_row_tells_whether_its_connection_brought_a_token(subscriptions: Subscriptions) -> None:
    subscriptions.subscribe(["room"], sender("with")._replace(has_token=True))
    subscriptions.announce("room", sender("with", at=2)._replace(has_token=True), announce("A"))
    subscriptions.subscribe(["room"], sender("without"))
    assert {each.connection: each.has_token for each in subscriptions.of_topic("room")} == {
        "with": True,
        "without": False,
    }
