"""Who gets what, and which requests that takes."""

import json

import pytest

from signaling.access.grants import Grants
from signaling.bounds import LEFT_MILLISECONDS, LEFT_ROWS
from signaling.errors import ForbiddenTopicError, TooManyRoomsError
from signaling.ports import Outcome, Sender
from signaling.rooms import Rooms
from tests.support.rooms import RoomsOf, be_out_of_reach, room_of_three

MESSAGES = {
    "signal": ("a", {"type": "signal", "from": "A", "to": "C"}, "c"),
    "greeting": ("a", {"type": "greeting", "from": "A", "to": "C"}, "c"),
    "for nobody known": ("a", {"type": "greeting", "from": "A", "to": "D"}, "bc"),
    "of someone outside": ("outside", {"type": "signal", "from": "X", "to": "A"}, "a"),
    "text that is no announce": ("outside", "c2VjcmV0", "abc"),
}
"""Who says what, and who gets it."""


@pytest.mark.parametrize(("sender", "data", "receivers"), MESSAGES.values(), ids=MESSAGES)
def test_a_message_goes_to_whom_it_may_be_for_and_subscribes_nobody(
    sender: str, data: object, receivers: str
) -> None:
    rooms = room_of_three()
    rooms.publish(sender, data)
    assert rooms.connections.receivers() == [*receivers]
    assert set(rooms.members()) == set("abc")
    rooms.subscribe("silent", "room")
    rooms.publish(sender, data)
    assert rooms.connections.receivers() == [*receivers, "silent"]


def test_a_signal_teaches_who_its_sender_is() -> None:
    rooms = RoomsOf()
    rooms.subscribe("a", "room")
    rooms.publish("a", {"type": "signal", "from": "A", "to": "B"})
    assert rooms.members() == {"a": "A"}


def test_broadcast_delivers_everything_to_everyone_and_nothing_on_anybody_s_behalf() -> None:
    rooms = RoomsOf(is_broadcast=True)
    rooms.subscribe_all("abc")
    for data in ({"type": "announce", "from": "A"}, {"type": "signal", "to": "B"}, "b3BhcXVl"):
        rooms.publish("a", data)
        assert rooms.connections.receivers() == ["a", "b", "c"]
        said = {json.dumps(frame["data"]) for _, frame in rooms.connections.sent}
        assert said == {json.dumps(data)}
        assert rooms.connections.asked_for == []


def test_publish_drops_a_connection_that_is_gone_from_this_room_alone() -> None:
    rooms = RoomsOf(gone="b")
    for connection in "abc":
        rooms.subscribe(connection, "room", "other")
    rooms.wait()
    assert rooms.announce("a", "A") == Outcome(delivered=["c"], gone=["b"], failed=[])
    assert (set(rooms.members()), set(rooms.members("other"))) == ({"a", "c"}, {"a", "b", "c"})


def test_who_may_not_enter_a_room_writes_nothing_into_it_by_leaving() -> None:
    rooms = room_of_three()
    rooms.subscribe("a", "own")
    rooms.grants = Grants(("own",))
    with pytest.raises(ForbiddenTopicError, match="'room'"):
        rooms.send("a", type="unsubscribe", topics=["room", "own"])
    assert set(rooms.members()) == set("abc")
    assert rooms.members("own") == {}


def test_what_is_said_of_a_forbidden_topic_is_short() -> None:
    error = ForbiddenTopicError(["\ud800\n" * 500])
    assert len(str(error)) < 700
    assert json.dumps(str(error)).isascii()


def test_a_message_is_delivered_even_if_no_peer_is_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = RoomsOf()
    monkeypatch.setattr(rooms.subscriptions, "learn_peer", be_out_of_reach)
    rooms.subscribe("a", "room")
    rooms.announce("b", "B")
    outcome = rooms.publish("a", {"type": "signal", "from": "A", "to": "B"})
    assert (outcome.delivered, rooms.connections.receivers()) == (["b"], ["b"])


@pytest.mark.parametrize("is_broadcast", [False, True], ids=["addressed", "broadcast"])
def test_once_a_token_is_needed_who_came_without_one_hears_nothing(is_broadcast: bool) -> None:
    rooms = RoomsOf()
    for connection, has_token in (("old", False), ("new", True), ("sender", True)):
        rooms.subscriptions.subscribe(["room"], Sender(connection, 0, 0, has_token))
    rooms.rooms = Rooms(rooms.subscriptions, rooms.connections, is_broadcast, needs_token=True)
    rooms.publish("sender", {"type": "anything"})
    assert set(rooms.connections.receivers()) - {"sender"} == {"new"}


def test_a_publish_lets_the_room_forget_many_that_left_long_ago() -> None:
    rooms = RoomsOf()
    rooms.subscriptions._now = lambda: 2 * LEFT_MILLISECONDS / 1000
    for number in range(LEFT_ROWS + 1):
        rooms.send(f"{number}", type="unsubscribe", topics=["room"])
    rooms.announce("a", "A")
    assert list(rooms.subscriptions._rows["room"]) == ["a"]


@pytest.mark.parametrize("kind", ["subscribe", "unsubscribe"])
def test_a_connection_enters_only_so_many_rooms(kind: str) -> None:
    rooms = RoomsOf(max_rooms=3)
    rooms.subscribe("a", "one", "two")
    rooms.subscribe("a", "one", "two", "three")
    with pytest.raises(TooManyRoomsError):
        rooms.send("a", type=kind, topics=["three", "four"])
    with pytest.raises(TooManyRoomsError):
        rooms.announce("a", "A")
    rooms.subscribe("a", "three")
    rooms.subscribe("b", "four")
    assert (rooms.members("room"), rooms.members("four")) == ({}, {"b": None})


def test_a_connection_with_many_rooms_leaves_them_a_part_at_a_time() -> None:
    """What others ask for comes in between."""
    rooms = RoomsOf(postpones=True)
    for start in range(0, 1200, 100):
        rooms.subscribe("a", *(f"{topic}" for topic in range(start, start + 100)))
    assert len(rooms.subscriptions.topics()) == 1200
    rooms.rooms.leave("a")
    parts = 1
    while rooms.postponed:
        before = len(rooms.subscriptions.topics())
        rooms.postponed.pop()()
        assert len(rooms.subscriptions.topics()) < before
        parts += 1
    assert (rooms.subscriptions.topics(), parts) == ([], 3)
