"""Who gets a signal for one peer, what its sender is told if nobody can, and which signals wait."""

import json
from contextlib import suppress

import pytest

from signaling.bounds import HELD_BYTES
from signaling.errors import SubscriptionsError
from signaling.small_rooms import SMALL_ROOM
from tests.support.messages import hang_up, signal
from tests.support.rooms import RoomsOf, be_out_of_reach, room_of_three


@pytest.mark.parametrize("has_left", [True, False], ids=["left", "gone"])
@pytest.mark.parametrize("kind", ["offer", "answer"])
def test_an_offer_or_answer_to_an_absent_peer_gets_a_hang_up(kind: str, has_left: bool) -> None:
    rooms = room_of_three()
    if has_left:
        rooms.send("b", type="unsubscribe", topics=["room"])
    else:
        rooms.connections.lose("b")
    outcome = rooms.publish("a", signal(kind, "A", "B"))
    assert rooms.connections.sent == [("a", hang_up("B", "A"))]
    assert (outcome.delivered, outcome.gone) == ([], [] if has_left else ["b"])
    assert "b" not in rooms.members()


@pytest.mark.parametrize("kind", ["candidate", "renegotiate", ""])
def test_other_signals_to_a_peer_that_left_go_to_nobody(kind: str) -> None:
    rooms = room_of_three()
    rooms.publish("a", signal(kind, "A", "D"))
    assert rooms.connections.sent == []


def test_a_peer_whose_post_only_failed_is_neither_waited_for_nor_called_gone() -> None:
    rooms = RoomsOf(failing="b", postpones=True)
    rooms.announce("a", "A")
    rooms.announce("b", "B")
    assert rooms.publish("a", signal("offer", "A", "B")).failed == ["b"]
    assert (rooms.postponed, rooms.connections.sent) == ([], [])
    assert "b" in rooms.members()


def test_who_has_a_peer_and_another_connection_that_is_gone_gets_the_signal() -> None:
    rooms = room_of_three()
    rooms.announce("again", "B")
    rooms.connections.lose("b")
    rooms.publish("a", signal("answer", "A", "B"))
    assert rooms.connections.receivers() == ["again"]


def test_who_has_just_entered_may_be_the_addressee_under_another_peer_id() -> None:
    """A page that makes its provider twice is two peers on one connection."""
    rooms = room_of_three()
    rooms.announce("d", "D1")
    rooms.publish("a", signal("offer", "A", "D2"))
    assert rooms.connections.receivers() == ["d"]
    rooms.wait()
    rooms.publish("a", signal("offer", "A", "D2"))
    assert rooms.connections.sent == [("a", hang_up("D2", "A"))]


def room_with_one_that_came_back() -> RoomsOf:
    rooms = room_of_three()
    rooms.send("b", type="unsubscribe", topics=["room"])
    rooms.announce("b", "B")
    return rooms


def test_who_came_back_at_once_gets_answers_to_its_offers_and_no_offer() -> None:
    rooms = room_with_one_that_came_back()
    for kind in ("answer", "candidate"):
        rooms.publish("a", signal(kind, "A", "B"))
        assert rooms.connections.receivers() == ["b"]
    rooms.publish("a", signal("offer", "A", "B"))
    assert rooms.connections.sent == [("a", hang_up("B", "A"))]


def test_of_two_that_came_back_at_once_either_may_make_the_offer() -> None:
    rooms = room_with_one_that_came_back()
    rooms.send("a", type="unsubscribe", topics=["room"])
    rooms.announce("a", "A")
    rooms.publish("a", signal("offer", "A", "B"))
    assert rooms.connections.receivers() == ["b"]


def test_a_late_signal_does_not_bring_back_the_peer_that_its_page_was_before() -> None:
    rooms = room_of_three()
    rooms.announce("d", "D2", at=rooms.now + 10)
    rooms.publish("d", signal("candidate", "D1", "A"), at=rooms.now + 5)
    assert rooms.members()["d"] == "D2"


def test_broadcast_hangs_up_on_nobody() -> None:
    rooms = RoomsOf(is_broadcast=True)
    rooms.announce("a", "A")
    rooms.wait()
    rooms.publish("a", signal("offer", "A", "B"))
    assert [frame["data"]["from"] for _, frame in rooms.connections.sent] == ["A"]


def kinds_for(rooms: RoomsOf, connection: str) -> list[str]:
    """Return the kinds of the signals that `connection` got."""
    sent = rooms.connections.sent
    return [frame["data"]["signal"]["type"] for to, frame in sent if to == connection]


def come_back(rooms: RoomsOf) -> list[str]:
    """Let B make another connection, and return the kinds of the signals that it gets."""
    rooms.announce("again", "B")
    rooms.do_what_was_postponed()
    return kinds_for(rooms, "again")


def room_without_b() -> RoomsOf:
    """Return a room of three whose second member has just lost its connection."""
    rooms = room_of_three(postpones=True)
    rooms.connections.lose("b")
    return rooms


@pytest.mark.parametrize("is_noticed", [False, True], ids=["half open", "disconnected"])
def test_signals_wait_for_a_peer_that_connects_again_and_come_once(is_noticed: bool) -> None:
    rooms = room_without_b()
    if is_noticed:
        rooms.rooms.leave("b")
    for kind in ("answer", "candidate", "candidate"):
        rooms.publish("a", signal(kind, "A", "B"))
        assert rooms.connections.sent == []
    assert come_back(rooms) == ["answer", "candidate", "candidate"]
    assert kinds_for(rooms, "a") == kinds_for(rooms, "c") == []
    rooms.do_what_was_postponed()
    assert rooms.connections.sent == []


def test_who_waits_for_a_peer_that_stays_away_is_hung_up_on() -> None:
    rooms = room_without_b()
    for kind in ("offer", "candidate"):
        rooms.publish("a", signal(kind, "A", "B"))
    rooms.do_what_was_postponed()
    assert rooms.connections.receivers() == ["a"]
    assert kinds_for(rooms, "a") == ["gone"]


def test_one_invocation_waits_for_a_client_however_many_signals_it_sends() -> None:
    rooms = room_without_b()
    for number in range(20):
        rooms.publish("a", signal("offer", "A", f"nobody {number}"))
    assert len(rooms.postponed) == 1
    rooms.publish("c", signal("offer", "C", "B"))
    assert len(rooms.postponed) == 2
    rooms.do_what_was_postponed()
    assert kinds_for(rooms, "a") == ["gone"] * 20
    rooms.publish("a", signal("offer", "A", "B"))
    assert len(rooms.postponed) == 1


def test_a_client_that_keeps_too_much_waiting_is_hung_up_on_at_once() -> None:
    rooms = room_without_b()
    long = {"sdp": "v" * (HELD_BYTES // 2)}
    rooms.publish("a", signal("offer", "A", "B") | long)
    assert rooms.connections.sent == []
    rooms.publish("a", signal("offer", "A", "D") | long)
    assert kinds_for(rooms, "a") == ["gone"]


@pytest.mark.parametrize("operation", ["of_topic", "forget_left", "hold", "take"])
def test_who_makes_an_offer_that_the_table_loses_is_hung_up_on(
    monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    rooms = room_of_three()
    rooms.connections.lose("b")
    monkeypatch.setattr(rooms.subscriptions, operation, be_out_of_reach)
    with suppress(SubscriptionsError):
        rooms.publish("a", signal("offer", "A", "B"))
    assert kinds_for(rooms, "a") == ["gone"]


def test_what_a_client_said_before_it_left_waits_no_more() -> None:
    rooms = room_without_b()
    rooms.publish("a", signal("answer", "A", "B"))
    rooms.send("a", type="unsubscribe", topics=["room"])
    assert come_back(rooms) == []
    assert rooms.connections.sent == []


def test_signals_wait_in_large_rooms_too() -> None:
    rooms = RoomsOf(postpones=True)
    rooms.subscribe_all([f"listener {number}" for number in range(SMALL_ROOM + 5)])
    rooms.announce("a", "A")
    rooms.announce("b", "B")
    rooms.connections.lose("b")
    rooms.publish("a", signal("answer", "A", "B"))
    assert rooms.connections.sent == []
    assert come_back(rooms) == ["answer"]


def test_what_waits_is_passed_on_as_it_was_said() -> None:
    rooms = room_without_b()
    said = signal("answer", "A", "B") | {"sdp": "\u20ac\ud800\r\n"}
    rooms.publish("a", said)
    assert come_back(rooms) == ["answer"]
    ((_, frame),) = rooms.connections.sent
    assert json.dumps(frame["data"]) == json.dumps(said)
    assert frame["clients"] == 3
