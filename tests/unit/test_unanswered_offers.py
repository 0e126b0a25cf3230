"""Who has made an offer to a member of a large room is told if it leaves before it has answered."""

from collections.abc import Callable

import pytest

from signaling.bounds import NOTED_PEER_BYTES, OFFERS_NOTED
from signaling.ports import Subscriber
from signaling.small_rooms import SMALL_ROOM
from signaling.standing import LATE_MILLISECONDS
from tests.support.messages import hang_up, signal
from tests.support.rooms import RoomsOf, be_out_of_reach


@pytest.fixture
def rooms() -> RoomsOf:
    """A large room in which `a` has made an offer to `b`, and whatever is done later waits."""
    rooms = RoomsOf(postpones=True)
    rooms.subscribe_all([f"silent{number}" for number in range(SMALL_ROOM)])
    rooms.announce("b", "B")
    rooms.announce("a", "A")
    rooms.do_what_was_postponed()
    rooms.publish("a", signal("offer", "A", "B"))
    assert rooms.connections.receivers() == ["b"]
    return rooms


def leave(connection: str, rooms: RoomsOf) -> None:
    rooms.send(connection, type="unsubscribe", topics=["room"])


def disconnect(connection: str, rooms: RoomsOf) -> None:
    rooms.leave(connection)


def told(rooms: RoomsOf) -> list[tuple[str, object]]:
    """Return what is sent when the time has passed for which something waits."""
    rooms.connections.sent.clear()
    rooms.do_what_was_postponed()
    return list(rooms.connections.sent)


def leave_late(connection: str, rooms: RoomsOf) -> None:
    """Leave, and announce itself for a connection that has ended, which is handled before."""
    left_at = rooms.now + 1
    rooms.announce(connection, connection.upper(), at=left_at)
    rooms.send(connection, at=left_at, type="unsubscribe", topics=["room"])


@pytest.mark.parametrize("go", [leave, leave_late, disconnect])
def test_who_made_an_offer_is_told_some_time_after_its_addressee_has_gone(
    rooms: RoomsOf, go: Callable[[str, RoomsOf], None]
) -> None:
    rooms.wait()
    rooms.connections.sent.clear()
    go("b", rooms)
    assert rooms.connections.sent == []  # signals of b may still be on their way
    assert [each for each in told(rooms) if each[0] == "a"] == [("a", hang_up("B", "A"))]
    rooms.leave("b")
    assert told(rooms) == []


@pytest.mark.parametrize(("finder", "kind"), [("other", "offer"), ("a", "candidate")])
def test_whose_addressee_is_found_gone_by_a_later_signal_is_told_as_well(
    rooms: RoomsOf, finder: str, kind: str
) -> None:
    rooms.connections.lose("b")
    rooms.publish(finder, signal(kind, finder.upper(), "B"))
    assert told(rooms) == [("a", hang_up("B", "A"))]


def test_whose_addressee_comes_back_is_not_told(rooms: RoomsOf) -> None:
    rooms.leave("b")
    rooms.announce("b again", "B")
    assert hang_up("B", "A") not in [frame for _, frame in told(rooms)]


@pytest.mark.parametrize("kind", ["answer", "candidate"])
def test_who_has_another_signal_waiting_by_then_is_told_once(rooms: RoomsOf, kind: str) -> None:
    leave("b", rooms)
    rooms.publish("a", signal(kind, "A", "B"))
    assert told(rooms) == [("a", hang_up("B", "A"))]


def test_who_made_an_offer_is_told_even_if_the_table_fails_by_then(
    rooms: RoomsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave("b", rooms)
    monkeypatch.setattr(rooms.subscriptions, "of_peer", be_out_of_reach)
    assert told(rooms) == [("a", hang_up("B", "A"))]


def test_an_offer_that_finds_its_addressee_gone_is_told_of_once(rooms: RoomsOf) -> None:
    rooms.announce("c", "C")
    rooms.do_what_was_postponed()
    rooms.connections.lose("c")
    rooms.publish("a", signal("offer", "A", "C"))
    assert told(rooms) == [("a", hang_up("C", "A"))]


def test_an_offer_whose_addressee_leaves_while_it_is_handled_is_told_of(
    rooms: RoomsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_peer = rooms.subscriptions.of_peer

    def then_it_leaves(topic: str, peer: str) -> list[Subscriber]:
        found = of_peer(topic, peer)
        monkeypatch.undo()
        leave("b", rooms)
        return found

    monkeypatch.setattr(rooms.subscriptions, "of_peer", then_it_leaves)
    rooms.publish("a", signal("offer", "A", "B"))
    assert rooms.connections.sent == []
    assert told(rooms) == [("a", hang_up("B", "A"))]


@pytest.mark.parametrize("is_listed", [False, True])
def test_an_offer_to_one_that_left_and_came_back_at_once_is_not_passed_on(
    rooms: RoomsOf, is_listed: bool
) -> None:
    """Its socket may be closing: what it gets there is lost."""
    rooms.wait()
    leave("b", rooms)
    rooms.announce("b", "B")
    if is_listed:
        rooms.do_what_was_postponed()
    rooms.publish("c", signal("offer", "C", "B"))
    assert rooms.connections.sent == [("c", hang_up("B", "C"))]


def test_who_made_an_offer_to_one_that_comes_back_on_its_connection_is_told(rooms: RoomsOf) -> None:
    """It has destroyed the connection that was offered, if it is there at all."""
    rooms.wait()
    leave("b", rooms)
    rooms.announce("b", "B")
    there = rooms.subscriptions.of_topic("room")
    rooms.subscriptions.list_peers("room", [each for each in there if each.peer == "B"])
    assert ("a", hang_up("B", "A")) in told(rooms)


@pytest.mark.parametrize("size", [NOTED_PEER_BYTES, NOTED_PEER_BYTES + 1])
def test_an_offer_of_a_peer_with_an_overlong_id_is_not_noted(rooms: RoomsOf, size: int) -> None:
    rooms.publish("c", signal("offer", "C" * size, "B"))
    assert rooms.connections.receivers() == ["b"]
    leave("b", rooms)
    assert len(told(rooms)) == (2 if size <= NOTED_PEER_BYTES else 1)


@pytest.mark.parametrize("go", [leave, disconnect])
def test_a_candidate_from_before_leaving_that_comes_late_is_passed_on_to_nobody(
    rooms: RoomsOf, go: Callable[[str, RoomsOf], None]
) -> None:
    """The page that gets it may have been told already, and would take it for something new."""
    said_at = rooms.now
    go("b", rooms)
    rooms.publish("b", signal("candidate", "B", "A"), at=said_at)
    assert rooms.connections.sent == []
    rooms.announce("b", "B")
    rooms.publish("b", signal("candidate", "B", "A"), at=said_at)
    assert rooms.connections.sent == []
    rooms.publish("b", signal("candidate", "B", "A"))
    assert rooms.connections.receivers() == ["a"]


@pytest.mark.parametrize("milliseconds", [LATE_MILLISECONDS, LATE_MILLISECONDS + 1])
def test_who_gets_a_late_candidate_of_a_member_that_then_leaves_is_told(
    rooms: RoomsOf, milliseconds: int
) -> None:
    """Their connection may have opened and ended, and this would be taken for a new one."""
    rooms.milliseconds_late = milliseconds
    for _ in range(OFFERS_NOTED):
        rooms.publish("a", signal("candidate", "A", "B"))
    assert rooms.connections.receivers() == ["b"]
    rooms.publish("c", signal("offer", "C", "A"))
    leave("a", rooms)
    is_late = milliseconds > LATE_MILLISECONDS
    assert [receiver for receiver, _ in told(rooms)] == (["b", "c"] if is_late else ["c"])


def test_an_answer_is_passed_on_before_its_sender_is_in_the_room_again(rooms: RoomsOf) -> None:
    rooms.leave("b")
    rooms.publish("b on another connection", signal("answer", "B", "A"))
    assert rooms.connections.receivers() == ["a"]


def test_nobody_is_told_of_other_signals(rooms: RoomsOf) -> None:
    rooms.publish("c", signal("answer", "C", "B"))
    rooms.publish("d", signal("candidate", "D", "B"))
    leave("b", rooms)
    assert [receiver for receiver, _ in told(rooms)] == ["a"]


def test_in_a_small_room_no_offer_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = RoomsOf()
    monkeypatch.delattr(type(rooms.subscriptions), "note_offer")
    rooms.announce("a", "A")
    rooms.announce("b", "B")
    rooms.publish("a", signal("offer", "A", "B"))
    assert rooms.connections.receivers() == ["b"]
