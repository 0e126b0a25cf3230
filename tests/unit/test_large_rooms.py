"""Rooms in which a newcomer meets only some of the members."""

import pytest

from signaling.errors import TooManyRecipientsError
from signaling.large_rooms import INTRODUCED, INTRODUCED_AGAIN
from signaling.ports import Outcome, Subscriber
from signaling.protocol import Announce
from signaling.rooms import Rooms
from signaling.small_rooms import SMALL_ROOM
from tests.support.messages import encrypted, hang_up, signal
from tests.support.rooms import RoomsOf, be_out_of_reach


def crowd(size: int, rooms: RoomsOf | None = None) -> RoomsOf:
    """Return a room that `size` clients have been in for some time, as m0=, m1= and so on."""
    rooms = rooms or RoomsOf()
    for number in range(size):
        data = f'{{"type":"announce","from":"M{number}"}}'
        entered = rooms.sender(f"m{number}=")
        rooms.subscriptions.announce("room", entered, Announce(data, f"M{number}"))
    rooms.wait()
    return rooms


@pytest.mark.parametrize("size", [SMALL_ROOM, 3 * SMALL_ROOM])
def test_who_enters_a_large_room_hears_of_some_and_nobody_hears_of_it(size: int) -> None:
    rooms = crowd(size)
    rooms.announce("new", "NEW")
    assert [receiver for receiver, _ in rooms.heard()] == ["new"] * INTRODUCED
    assert len({peer for _, peer in rooms.heard()}) == INTRODUCED
    assert len(rooms.connections.asked_for) == INTRODUCED
    number_that_was_read = SMALL_ROOM + 1
    assert {frame["clients"] for _, frame in rooms.connections.sent} == {number_that_was_read}


def test_who_announces_itself_again_hears_of_fewer() -> None:
    rooms = crowd(3 * SMALL_ROOM)
    for number in range(0, 3 * SMALL_ROOM, 30):  # some of them are not among those that are read
        rooms.subscribe(f"m{number}=", "room")
        rooms.announce(f"m{number}=", f"M{number}")
        assert [receiver for receiver, _ in rooms.heard()] == [f"m{number}="] * INTRODUCED_AGAIN


def receivers_of_signal(rooms: RoomsOf, sender: str, peer: str, to: str) -> list[str]:
    rooms.publish(sender, {"type": "signal", "from": peer, "to": to})
    return rooms.connections.receivers()


def test_a_signal_in_a_room_that_was_just_large_is_sent_without_reading_the_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rooms = crowd(SMALL_ROOM)
    rooms.announce("a", "A")
    rooms.announce("b", "B")
    reads: list[str] = []
    of_topic = rooms.subscriptions.of_topic

    def read(topic: str, most: int | None = None) -> list[Subscriber]:
        reads.append(topic)
        return of_topic(topic, most)

    monkeypatch.setattr(rooms.subscriptions, "of_topic", read)
    for wait, has_read in ((0, 0), (10_000, 0), (10_001, 1), (0, 1)):
        rooms.now += wait - 1
        assert receivers_of_signal(rooms, "b", "B", "A") == ["a"]
        assert rooms.connections.sent[0][1]["clients"] == SMALL_ROOM + 1
        assert len(reads) == has_read


def test_a_signal_in_a_room_that_has_just_become_small_reaches_whoever_is_there() -> None:
    rooms = crowd(SMALL_ROOM)
    rooms.announce("a", "A")
    rooms.subscriptions.remove("room", [f"m{number}=" for number in range(10)])
    rooms.announce("b", "B")
    rooms.announce("c", "C")
    assert receivers_of_signal(rooms, "a", "A", "C") == ["c"]
    assert receivers_of_signal(rooms, "c", "C", "A") == ["a"]


def test_those_who_met_while_the_room_was_small_still_reach_each_other() -> None:
    assert receivers_of_signal(crowd(SMALL_ROOM + 1), "m0=", "M0", "M1") == ["m1="]


def test_a_room_with_a_password_is_refused_when_it_is_too_large_even_if_all_are_silent() -> None:
    """Nobody can tell whom a message is for, so a full room is closed."""
    rooms = RoomsOf()
    rooms.announce("old", "OLD")
    rooms.wait()
    rooms.subscribe_all([f"silent {number}" for number in range(SMALL_ROOM - 1)])
    rooms.publish("new", encrypted(filling=b"1"))
    assert rooms.connections.receivers() == ["old"]
    with pytest.raises(TooManyRecipientsError, match="password"):
        rooms.publish("newer", encrypted(filling=b"2"))
    assert rooms.connections.sent == []


@pytest.mark.parametrize("to", ["nobody", "\ud800", '"\\', "\u2028\x00", "x" * 300])
def test_an_offer_to_a_peer_that_nobody_claims_is_answered_by_hanging_up(to: str) -> None:
    """So that its page does not keep a connection to a member that has just gone."""
    rooms = crowd(SMALL_ROOM + 1)
    odd = '"\\\u2028\x00'
    rooms.publish("m0=", signal("offer", odd, to))
    assert rooms.connections.sent == [("m0=", hang_up(to, odd))]


def test_what_is_for_a_peer_that_nobody_claims_and_no_signal_is_refused() -> None:
    rooms = crowd(SMALL_ROOM + 1)
    with pytest.raises(TooManyRecipientsError):
        rooms.publish("m0=", {"type": "cursor", "from": "M0", "to": "nobody"})
    assert rooms.connections.sent == []


@pytest.mark.parametrize("data", ["b3BhcXVl", None, {"type": "cursor", "from": "M0"}])
def test_what_is_for_everybody_goes_to_all_or_to_nobody(data: object) -> None:
    rooms = crowd(SMALL_ROOM + 1)
    rooms.publish("m0=", data)
    assert len(rooms.connections.receivers()) == SMALL_ROOM
    rooms = crowd(SMALL_ROOM + 2)
    with pytest.raises(TooManyRecipientsError, match="100 recipients"):
        rooms.publish("m0=", data)
    assert rooms.connections.sent == []


def test_the_owner_chooses_how_many_get_what_is_for_everybody() -> None:
    rooms = crowd(301, RoomsOf(max_recipients=300))
    rooms.publish("m0=", "b3BhcXVl")
    assert len(rooms.connections.receivers()) == 300
    rooms.publish("m0=", {"type": "greeting", "from": "M0", "to": "nobody"})
    assert len(rooms.connections.receivers()) == 300
    rooms = crowd(5, RoomsOf(max_recipients=3))
    with pytest.raises(TooManyRecipientsError):
        rooms.publish("m0=", "b3BhcXVl")
    rooms.announce("new", "NEW")
    assert len(rooms.connections.receivers()) == 5


def test_broadcast_goes_to_no_more_than_the_owner_allows() -> None:
    rooms = crowd(SMALL_ROOM, RoomsOf(is_broadcast=True))
    assert len(receivers_of_signal(rooms, "m0=", "M0", "M1")) == SMALL_ROOM
    rooms.subscribe("new", "room")
    with pytest.raises(TooManyRecipientsError):
        rooms.announce("m0=", "M0")


def test_who_is_gone_is_replaced_and_removed() -> None:
    rooms = crowd(SMALL_ROOM)
    rooms.announce("first", "FIRST")
    rooms.connections.lose("first")
    outcome = Outcome([], [], [])
    while not outcome.gone:
        outcome = rooms.announce(f"new{rooms.now}", f"NEW{rooms.now}")
        assert len(outcome.delivered) == INTRODUCED
    assert outcome.gone == ["first"]
    assert "first" not in rooms.members()


def test_of_those_who_come_at_one_moment_each_pair_meets_in_one_direction_at_most() -> None:
    rooms = RoomsOf()
    comers = [f"c{number}" for number in range(150)]
    rooms.subscribe_all(comers)
    met = set()
    for connection in comers:
        rooms.announce(connection, connection.upper())
        met |= {(receiver, peer.lower()) for receiver, peer in rooms.heard()}
    assert not {(one, other) for one, other in met if (other, one) in met}
    reached = {"c0"}
    while more := {pair for pair in met if len(reached & set(pair)) == 1}:
        reached |= {each for pair in more for each in pair}
    assert reached == set(comers)


def test_newcomers_hear_of_an_elder_that_announces_itself_again_at_that_moment() -> None:
    rooms = crowd(SMALL_ROOM)
    newcomers = {f"new{number}" for number in range(1_000)}
    for each in newcomers:
        rooms.announce(each, each.upper(), at=rooms.now)
    elders = [f"m{number}=" for number in range(10)]  # one hears of so few that all may be elders
    for elder in elders:
        rooms.announce(elder, elder[:-1].upper(), at=rooms.now)
    receivers = {receiver for receiver, peer in rooms.heard() if f"{peer.lower()}=" in elders}
    assert receivers & newcomers
    assert not {peer.lower() for _, peer in rooms.heard()} & newcomers


def test_of_two_that_enter_at_one_moment_the_later_makes_the_offer() -> None:
    rooms = RoomsOf()
    for number in range(3 * SMALL_ROOM):
        rooms.announce(f"c{number}", f"C{number}")
        if number > SMALL_ROOM:
            assert [receiver for receiver, _ in rooms.heard()] == [f"c{number}"] * INTRODUCED


def test_a_client_that_never_announces_itself_hears_of_others_in_the_end() -> None:
    rooms = RoomsOf()
    rooms.subscribe_all([f"silent{number}" for number in range(SMALL_ROOM)])
    rooms.announce("new", "NEW")
    assert rooms.connections.sent == []
    rooms.wait()
    rooms.announce("newer", "NEWER")
    receivers = [receiver for receiver, _ in rooms.heard()]
    assert receivers.count("newer") == 1
    assert len(receivers) == INTRODUCED


def test_who_has_left_in_the_meantime_is_introduced_to_nobody() -> None:
    rooms = crowd(SMALL_ROOM + 1)
    rooms.send("m0=", at=rooms.now + 10, type="unsubscribe", topics=["room"])
    assert rooms.announce("m0=", "M0", at=rooms.now) == Outcome([], [], [])


def test_who_leaves_before_its_announce_is_passed_on_is_introduced_to_nobody() -> None:
    rooms = crowd(3 * SMALL_ROOM, RoomsOf(postpones=True))
    rooms.announce("m250=", "M250")
    rooms.send("m250=", type="unsubscribe", topics=["room"])
    rooms.do_what_was_postponed()
    assert rooms.connections.sent == []


def test_who_was_introduced_hears_no_error_of_a_second_try(monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = crowd(SMALL_ROOM)
    rooms.connections.lose(*(f"m{number}=" for number in range(50)))
    calls: list[object] = []

    def once(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) > 1:
            be_out_of_reach()

    monkeypatch.setattr(rooms.subscriptions, "list_peers", once)
    while len(calls) < 2:
        calls.clear()
        rooms.announce(f"new{rooms.now}", "NEW")


def test_clients_without_a_token_hear_nothing_when_tokens_are_needed() -> None:
    rooms = crowd(SMALL_ROOM)
    rooms.announce("old", "OLD")
    rooms.rooms = Rooms(rooms.subscriptions, rooms.connections, needs_token=True)
    assert rooms.announce("new", "NEW") == Outcome([], [], [])
    assert rooms.publish("new", {"type": "signal", "from": "NEW", "to": "OLD"}).delivered == []
