"""Who is introduced to whom when clients announce themselves, and what that takes."""

import pytest

from signaling.introductions import SAME_MOMENT_MILLISECONDS
from signaling.ports import Outcome, Subscriber
from tests.support.messages import encrypted
from tests.support.rooms import RoomsOf, room_of_three

ANNOUNCE_OF_A = {"type": "announce", "from": "A"}


def heard(rooms: RoomsOf) -> list[tuple[str, str]]:
    """Return who got whose announce with the last message."""
    return sorted(
        (receiver, frame["data"]["from"] if isinstance(frame["data"], dict) else frame["data"])
        for receiver, frame in rooms.connections.sent
    )


def test_who_was_there_hears_of_who_comes_whatever_their_peer_ids() -> None:
    for peer in ("", "ZZ"):
        rooms = room_of_three()
        rooms.announce("d", peer)
        assert heard(rooms) == [("a", peer), ("b", peer), ("c", peer)]
        assert rooms.connections.asked_for == []


def test_of_two_that_come_at_one_moment_the_higher_peer_hears_of_the_lower() -> None:
    rooms = RoomsOf()
    rooms.announce("a", "B")
    rooms.announce("b", "A")
    assert heard(rooms) == [("a", "A")]
    rooms = RoomsOf()
    rooms.announce("a", "A")
    rooms.announce("b", "B")
    assert heard(rooms) == [("b", "A")]
    assert rooms.connections.asked_for == ["a"]


def test_of_two_that_are_new_the_later_connection_is_introduced_whatever_the_peer_ids() -> None:
    for peer in ("0", "Z"):
        rooms = RoomsOf()
        rooms.announce("a", "A", at=1)
        rooms.announce("b", peer, at=2 + SAME_MOMENT_MILLISECONDS)
        assert heard(rooms) == [("a", peer)]
        assert rooms.connections.asked_for == []


def test_an_announce_on_behalf_of_another_is_the_message_that_it_sent() -> None:
    rooms = RoomsOf()
    rooms.announce("a", "A")
    rooms.announce("b", "B")
    assert rooms.connections.sent == [
        ("b", {"type": "publish", "topic": "room", "data": ANNOUNCE_OF_A, "clients": 2})
    ]


def test_behind_a_password_the_lower_connection_is_introduced_and_its_text_is_kept() -> None:
    of_a, of_b = encrypted(filling=b"a"), encrypted(filling=b"b")
    rooms = RoomsOf()
    rooms.publish("a", of_a)
    rooms.publish("b", of_b)
    assert heard(rooms) == [("b", of_a)]
    rooms = RoomsOf()
    rooms.publish("b", of_b)
    rooms.publish("a", of_a)
    assert heard(rooms) == [("b", of_a)]


def test_an_announce_behind_a_password_subscribes_its_sender() -> None:
    rooms = room_of_three()
    rooms.publish("d", encrypted())
    assert rooms.connections.receivers() == ["a", "b", "c"]
    assert rooms.members()["d"] is None
    assert rooms.connections.sent[0][1]["clients"] == 4


def test_who_has_just_subscribed_is_left_to_its_own_announce() -> None:
    rooms = RoomsOf()
    rooms.subscribe("b", "room")
    rooms.announce("a", "A")
    assert heard(rooms) == []
    rooms.announce("b", "B")
    assert heard(rooms) == [("b", "A")]


def test_who_subscribed_long_ago_and_stays_silent_hears_of_who_comes() -> None:
    rooms = RoomsOf()
    rooms.subscribe("b", "room")
    rooms.wait()
    rooms.announce("a", "A")
    assert heard(rooms) == [("b", "A")]


def test_nobody_is_introduced_on_behalf_of_a_page_that_is_gone() -> None:
    rooms = RoomsOf(gone="a")
    rooms.announce("a", "A")
    outcome = rooms.announce("b", "B")
    assert outcome == Outcome([], ["a"], [])
    assert heard(rooms) == []
    assert rooms.members() == {"b": "B"}


def test_a_page_that_leaves_while_its_announce_is_handled_is_introduced_to_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rooms = room_of_three()
    of_topic = rooms.subscriptions.of_topic

    def read_late(topic: str, most: int) -> list[Subscriber]:
        rooms.rooms.leave("d")
        return of_topic(topic, most)

    monkeypatch.setattr(rooms.subscriptions, "of_topic", read_late)
    assert rooms.announce("d", "D") == Outcome([], [], [])


def test_a_page_that_entered_again_is_not_introduced_as_the_peer_that_left() -> None:
    rooms = RoomsOf()
    rooms.announce("a", "A", at=1)
    rooms.subscribe("a", "room", at=3)
    rooms.send("a", at=2, type="unsubscribe", topics=["room"])
    rooms.announce("b", "B", at=4)
    assert heard(rooms) == []
    rooms.announce("a", "A2", at=5)
    assert heard(rooms) == [("b", "A2")]


def test_an_announce_that_a_later_one_has_replaced_says_nothing() -> None:
    rooms = room_of_three()
    rooms.announce("d", "D2", at=rooms.now + 2)
    assert rooms.announce("d", "D", at=rooms.now + 1) == Outcome([], [], [])
    assert rooms.members()["d"] == "D2"


def test_who_comes_is_introduced_in_one_direction_if_a_member_announces_itself_again() -> None:
    for peer in ("", "ZZ"):
        rooms = room_of_three()
        rooms.announce("d", peer)
        rooms.announce("a", "A")
        assert heard(rooms) == [("a", peer)]


def test_whoever_is_late_is_introduced_as_its_request_says_not_as_it_is_handled() -> None:
    rooms = RoomsOf()
    rooms.announce("a", "A", at=10_000)
    rooms.announce("b", "B", at=1)
    assert heard(rooms) == [("b", "A")]


def test_broadcast_sends_an_announce_to_everyone_and_on_nobodys_behalf() -> None:
    rooms = RoomsOf(is_broadcast=True)
    rooms.announce("b", "B")
    rooms.announce("a", "A")
    assert heard(rooms) == [("a", "A"), ("b", "A")]
    assert rooms.connections.asked_for == []


def test_two_connections_of_one_peer_are_introduced_in_one_direction() -> None:
    rooms = RoomsOf()
    rooms.announce("new", "A")
    rooms.announce("old", "A")
    assert heard(rooms) == [("old", "A")]
    assert rooms.connections.asked_for == ["new"]
