"""Signals to a peer that is between two connections."""

import json

import pytest

from signaling.ports import HELD_BYTES
from signaling.small_rooms import SMALL_ROOM
from tests.support.rooms import RoomsOf, room_of_three


def signal(kind: str, sender: str = "A", to: str = "B", sdp: str = "") -> dict[str, object]:
    return {"type": "signal", "from": sender, "to": to, "signal": {"type": kind, "sdp": sdp}}


def kinds_for(rooms: RoomsOf, connection: str) -> list[str]:
    """Return the kinds of the signals that `connection` got."""
    return [
        frame["data"]["signal"]["type"] for to, frame in rooms.connections.sent if to == connection
    ]


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
def test_signals_wait_for_a_peer_that_makes_another_connection_and_come_once(
    is_noticed: bool,
) -> None:
    rooms = room_without_b()
    if is_noticed:
        rooms.rooms.leave("b")
    for kind in ("answer", "candidate", "candidate"):
        rooms.publish("a", signal(kind))
        assert rooms.connections.sent == []
    assert come_back(rooms) == ["answer", "candidate", "candidate"]
    assert kinds_for(rooms, "a") == kinds_for(rooms, "c") == []
    rooms.do_what_was_postponed()
    assert rooms.connections.sent == []


def test_who_waits_for_a_peer_that_stays_away_is_hung_up_on() -> None:
    rooms = room_without_b()
    for kind in ("offer", "candidate"):
        rooms.publish("a", signal(kind))
    rooms.do_what_was_postponed()
    assert rooms.connections.receivers() == ["a"]
    assert kinds_for(rooms, "a") == ["gone"]


def test_one_invocation_waits_for_a_client_however_many_signals_it_sends() -> None:
    rooms = room_without_b()
    for number in range(20):
        rooms.publish("a", signal("offer", to=f"nobody {number}"))
    assert len(rooms.postponed) == 1
    rooms.publish("c", signal("offer", "C"))
    assert len(rooms.postponed) == 2
    rooms.do_what_was_postponed()
    assert kinds_for(rooms, "a") == ["gone"] * 20
    rooms.publish("a", signal("offer"))
    assert len(rooms.postponed) == 1


def test_a_client_that_keeps_too_much_waiting_is_hung_up_on_at_once() -> None:
    rooms = room_without_b()
    rooms.publish("a", signal("offer", sdp="v" * (HELD_BYTES // 2)))
    assert rooms.connections.sent == []
    rooms.publish("a", signal("offer", to="D", sdp="v" * (HELD_BYTES // 2)))
    assert kinds_for(rooms, "a") == ["gone"]


def test_what_a_client_said_before_it_left_waits_no_more() -> None:
    rooms = room_without_b()
    rooms.publish("a", signal("answer"))
    rooms.send("a", type="unsubscribe", topics=["room"])
    assert come_back(rooms) == []
    assert rooms.connections.sent == []


def test_a_peer_that_is_there_and_only_failed_is_not_waited_for() -> None:
    rooms = RoomsOf(failing="b", postpones=True)
    rooms.announce("a", "A")
    rooms.announce("b", "B")
    rooms.publish("a", signal("offer"))
    assert (rooms.postponed, rooms.connections.sent) == ([], [])


def test_signals_wait_in_large_rooms_too() -> None:
    rooms = RoomsOf(postpones=True)
    rooms.subscribe_all([f"listener {number}" for number in range(SMALL_ROOM + 5)])
    rooms.announce("a", "A")
    rooms.announce("b", "B")
    rooms.connections.lose("b")
    rooms.publish("a", signal("answer"))
    assert rooms.connections.sent == []
    assert come_back(rooms) == ["answer"]


def test_what_waits_is_passed_on_as_it_was_said() -> None:
    rooms = room_without_b()
    said = signal("answer", sdp="\u20ac\ud800\r\n")
    rooms.publish("a", said)
    assert come_back(rooms) == ["answer"]
    ((_, frame),) = rooms.connections.sent
    assert json.dumps(frame["data"]) == json.dumps(said)
    assert frame["clients"] == 3
