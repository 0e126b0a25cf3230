"""Who is introduced to whom when clients announce themselves, and what that takes."""

import pytest

from signaling.introductions import SAME_MOMENT_MILLISECONDS
from signaling.ports import Outcome
from tests.support.messages import encrypted
from tests.support.rooms import RoomsOf, room_of_three


def test_who_was_there_hears_of_who_comes_and_not_the_reverse_whatever_their_peer_ids() -> None:
    for peer in ("", "ZZ"):
        rooms = room_of_three()
        rooms.announce("d", peer)
        assert rooms.heard() == [("a", peer), ("b", peer), ("c", peer)]
        assert rooms.connections.asked_for == []
        rooms.announce("a", "A")
        assert rooms.heard() == [("a", peer)]


LATER = 2 + SAME_MOMENT_MILLISECONDS
PAIRS = {
    "at one moment, the higher peer first": (("a", "B", 1), ("b", "A", 2), ("a", "A")),
    "at one moment, the lower peer first": (("a", "A", 1), ("b", "B", 2), ("b", "A")),
    "the higher peer later": (("a", "A", 1), ("b", "Z", LATER), ("a", "Z")),
    "the lower peer later": (("a", "A", 1), ("b", "0", LATER), ("a", "0")),
    "the earlier request handled later": (("a", "A", 10_000), ("b", "B", 1), ("b", "A")),
    "one peer with two connections": (("new", "A", 1), ("old", "A", 2), ("old", "A")),
}
"""Who announces itself as whom when, twice, and who hears of whom."""


@pytest.mark.parametrize(("first", "second", "expected"), PAIRS.values(), ids=PAIRS)
def test_of_two_that_come_one_hears_of_the_other(
    first: tuple[str, str, int], second: tuple[str, str, int], expected: tuple[str, str]
) -> None:
    rooms = RoomsOf()
    for connection, peer, at in (first, second):
        rooms.announce(connection, peer, at)
    assert rooms.heard() == [expected]
    is_told_of_the_first = expected[0] == second[0]
    assert rooms.connections.asked_for == ([first[0]] if is_told_of_the_first else [])


def test_an_announce_on_behalf_of_another_is_the_message_that_it_sent() -> None:
    rooms = RoomsOf()
    rooms.announce("a", "A")
    rooms.announce("b", "B")
    announce = {"type": "announce", "from": "A"}
    frame = {"type": "publish", "topic": "room", "data": announce, "clients": 2}
    assert rooms.connections.sent == [("b", frame)]


def test_behind_a_password_the_lower_connection_is_introduced_and_its_text_is_kept() -> None:
    texts = {"a": encrypted(filling=b"a"), "b": encrypted(filling=b"b")}
    for order in ("ab", "ba"):
        rooms = RoomsOf()
        for connection in order:
            rooms.publish(connection, texts[connection])
        assert rooms.heard() == [("b", texts["a"])]


def test_an_announce_behind_a_password_subscribes_its_sender() -> None:
    rooms = room_of_three()
    rooms.publish("d", encrypted())
    assert rooms.connections.receivers() == ["a", "b", "c"]
    assert rooms.members()["d"] is None
    assert rooms.connections.sent[0][1]["clients"] == 4


def test_who_has_just_subscribed_is_left_to_its_own_announce_but_not_for_long() -> None:
    rooms = RoomsOf()
    rooms.subscribe_all(["b", "c"])
    rooms.announce("a", "A")
    assert rooms.heard() == []
    rooms.announce("b", "B")
    assert rooms.heard() == [("b", "A")]
    rooms.wait()
    rooms.announce("d", "D")
    assert rooms.heard() == [("a", "D"), ("b", "D"), ("c", "D")]


def test_nobody_is_introduced_on_behalf_of_a_page_that_is_gone() -> None:
    rooms = RoomsOf(gone="a")
    rooms.announce("a", "A")
    assert rooms.announce("b", "B") == Outcome([], ["a"], [])
    assert rooms.heard() == []
    assert rooms.members() == {"b": "B"}


def test_an_announce_that_a_later_one_has_replaced_says_nothing() -> None:
    rooms = room_of_three()
    rooms.announce("d", "D2", at=rooms.now + 2)
    assert rooms.announce("d", "D", at=rooms.now + 1) == Outcome([], [], [])
    assert rooms.members()["d"] == "D2"
