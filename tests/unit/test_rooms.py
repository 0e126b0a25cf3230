"""Who gets what, and which requests that takes."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.adapters import MemorySubscriptions
from signaling.connections import Introduction, Outcome
from signaling.errors import ForbiddenTopicError, SubscriptionsError
from signaling.grants import EVERYTHING, Grants
from signaling.protocol import Limits, parse
from signaling.rooms import NEW_MILLISECONDS, Rooms, recipients
from signaling.settings import ADDRESSED, BROADCAST
from signaling.subscriptions import Request, Subscriber


class RecordedConnections:
    """Connections that keep what they were sent; `gone` and `failing` behave so."""

    def __init__(self, gone: str = "", failing: str = "") -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.asked_for: list[str] = []
        self._gone = gone
        self._failing = failing

    def send(
        self,
        connections: Sequence[str],
        payload: str,
        introductions: Sequence[Introduction] = (),
    ) -> Outcome:
        result = Outcome([], [], [])
        for each in connections:
            self._send(each, payload, result)
        for connection, receiver, announce in introductions:
            if connection not in self.asked_for:
                self.asked_for.append(connection)
            if connection in self._gone:
                if connection not in result.gone:
                    result.gone.append(connection)
            else:
                self._send(receiver, announce, result)
        return result

    def _send(self, connection: str, payload: str, result: Outcome) -> None:
        if connection in self._gone:
            result.gone.append(connection)
        elif connection in self._failing:
            result.failed.append(connection)
        else:
            self.sent.append((connection, json.loads(payload)))
            result.delivered.append(connection)

    def receivers(self) -> list[str]:
        return sorted(connection for connection, _ in self.sent)


class RoomsOf:
    """Rooms in memory, with the messages of y-webrtc as methods."""

    def __init__(self, delivery: str = ADDRESSED, gone: str = "", failing: str = "") -> None:
        self.subscriptions = MemorySubscriptions(now=lambda: 0)
        self.connections = RecordedConnections(gone, failing)
        self.rooms = Rooms(self.subscriptions, self.connections, delivery)
        self.grants = EVERYTHING
        self.now = 1
        self.connected_at: dict[str, int] = {}
        """When connections were opened; by default when they first say something."""

    def wait(self) -> None:
        """Let so much time pass that whoever is in a room is new no more."""
        self.now += NEW_MILLISECONDS + 1

    def send(self, connection: str, at: int | None = None, **message: object) -> Outcome:
        """Handle `message`, which API Gateway got `at` this time or now."""
        if at is None:
            self.now += 1
        parsed = parse(json.dumps(message), False, Limits())
        requested_at = self.now if at is None else at
        connected_at = self.connected_at.setdefault(connection, requested_at)
        request = Request(connection, connected_at, requested_at)
        return self.rooms.handle(request, parsed, self.grants)

    def subscribe(self, connection: str, *topics: str, at: int | None = None) -> None:
        self.send(connection, at, type="subscribe", topics=list(topics))

    def announce(self, connection: str, peer: str, at: int | None = None) -> Outcome:
        return self.publish(connection, {"type": "announce", "from": peer}, at)

    def publish(self, connection: str, data: object, at: int | None = None) -> Outcome:
        self.connections.sent.clear()
        self.connections.asked_for.clear()
        return self.send(connection, at, type="publish", topic="room", data=data)

    def members(self, topic: str = "room") -> dict[str, str | None]:
        return {each.connection: each.peer for each in self.subscriptions.of_topic(topic)}


def room_of_three() -> RoomsOf:
    """Return a room that three clients have been in for some time."""
    rooms = RoomsOf()
    for connection in "abc":
        rooms.announce(connection, peer=connection.upper())
    rooms.wait()
    return rooms


def test_an_announce_goes_to_everyone_but_its_sender() -> None:
    rooms = room_of_three()
    rooms.announce("a", "A")
    assert rooms.connections.receivers() == ["b", "c"]


def test_an_announce_subscribes_its_sender_before_its_subscribe_is_handled() -> None:
    rooms = RoomsOf()
    rooms.announce("a", "A")
    assert rooms.members() == {"a": "A"}


def test_a_signal_goes_to_its_addressee_alone() -> None:
    rooms = room_of_three()
    rooms.publish("a", {"type": "signal", "from": "A", "to": "C"})
    assert rooms.connections.receivers() == ["c"]


def test_a_signal_goes_also_to_those_who_have_not_said_who_they_are() -> None:
    rooms = room_of_three()
    rooms.subscribe("d", "room")
    rooms.publish("a", {"type": "signal", "from": "A", "to": "C"})
    assert rooms.connections.receivers() == ["c", "d"]


def test_a_signal_to_a_peer_that_nobody_claims_goes_to_all_others() -> None:
    rooms = room_of_three()
    rooms.publish("a", {"type": "signal", "from": "A", "to": "D"})
    assert rooms.connections.receivers() == ["b", "c"]


def test_a_signal_teaches_who_its_sender_is() -> None:
    rooms = RoomsOf()
    rooms.subscribe("a", "room")
    rooms.publish("a", {"type": "signal", "from": "A", "to": "B"})
    assert rooms.members() == {"a": "A"}


def test_a_message_of_someone_outside_is_passed_on_and_subscribes_nobody() -> None:
    rooms = room_of_three()
    rooms.publish("outside", {"type": "signal", "from": "X", "to": "A"})
    assert rooms.connections.receivers() == ["a"]
    assert set(rooms.members()) == set("abc")


def test_a_text_that_is_no_announce_is_passed_on_and_subscribes_nobody() -> None:
    rooms = room_of_three()
    rooms.publish("d", "c2VjcmV0")
    assert rooms.connections.receivers() == ["a", "b", "c"]
    assert set(rooms.members()) == set("abc")


def test_subscribing_again_keeps_the_peer() -> None:
    rooms = room_of_three()
    rooms.subscribe("a", "room")
    assert rooms.members()["a"] == "A"


def test_clients_counts_every_subscriber() -> None:
    rooms = room_of_three()
    rooms.announce("a", "A")
    assert {frame["clients"] for _, frame in rooms.connections.sent} == {3}


def test_broadcast_delivers_everything_to_everyone() -> None:
    rooms = RoomsOf(BROADCAST)
    for connection in "abc":
        rooms.subscribe(connection, "room")
    for data in ({"type": "announce", "from": "A"}, {"type": "signal", "to": "B"}, "b3BhcXVl"):
        rooms.publish("a", data)
        assert rooms.connections.receivers() == ["a", "b", "c"]


def test_publish_drops_a_connection_that_is_gone_from_all_its_rooms() -> None:
    rooms = RoomsOf(gone="b")
    for connection in "abc":
        rooms.subscribe(connection, "room", "other")
    rooms.wait()
    result = rooms.announce("a", "A")
    assert result == Outcome(delivered=["c"], gone=["b"], failed=[])
    assert set(rooms.members()) == set(rooms.members("other")) == {"a", "c"}


def test_publish_keeps_a_connection_that_only_failed() -> None:
    rooms = RoomsOf(failing="b")
    rooms.subscribe("b", "room")
    rooms.wait()
    assert rooms.announce("a", "A").failed == ["b"]
    assert "b" in rooms.members()


def test_unsubscribe_leaves_the_room_alone_that_it_names() -> None:
    rooms = RoomsOf()
    rooms.subscribe("a", "room", "other")
    rooms.send("a", type="unsubscribe", topics=["room", "never joined"])
    assert rooms.members() == {}
    assert rooms.members("other") == {"a": None}


def test_leave_takes_a_connection_out_of_every_room() -> None:
    rooms = room_of_three()
    rooms.subscribe("a", "other")
    rooms.rooms.leave("a")
    assert set(rooms.members()) == {"b", "c"}
    assert rooms.members("other") == {}


def test_ping_is_answered_to_its_sender() -> None:
    rooms = room_of_three()
    rooms.connections.sent.clear()
    rooms.send("a", type="ping")
    assert rooms.connections.sent == [("a", {"type": "pong"})]


def test_subscribe_enters_the_rooms_that_are_granted_and_refuses_the_others() -> None:
    rooms = RoomsOf()
    rooms.grants = Grants(("room", "team/*"))
    with pytest.raises(ForbiddenTopicError, match="'secret' and 1 more"):
        rooms.subscribe("a", "secret", "room", "team/1/plan", "team/1")
    assert rooms.members() == {"a": None}
    assert rooms.members("team/1") == {"a": None}
    assert rooms.members("secret") == rooms.members("team/1/plan") == {}


@pytest.mark.parametrize("data", [{"type": "announce", "from": "D"}, "b3BhcXVl", None])
def test_publish_to_a_forbidden_topic_does_nothing(data: object) -> None:
    rooms = room_of_three()
    rooms.grants = Grants(())
    with pytest.raises(ForbiddenTopicError):
        rooms.publish("d", data)
    assert rooms.connections.sent == []
    assert set(rooms.members()) == set("abc")


def test_leaving_a_room_needs_no_grant() -> None:
    rooms = room_of_three()
    rooms.grants = Grants(())
    rooms.send("a", type="unsubscribe", topics=["room"])
    assert set(rooms.members()) == set("bc")


def test_what_is_said_of_a_forbidden_topic_is_short() -> None:
    error = ForbiddenTopicError(["\ud800\n" * 500])
    assert len(str(error)) < 700
    assert json.dumps(str(error)).isascii()


def test_a_message_is_delivered_even_if_its_sender_cannot_be_written() -> None:
    class ReadOnly(MemorySubscriptions):
        def learn_peer(self, topic: str, connection: str, peer: str) -> None:
            raise SubscriptionsError("read only")

    rooms = RoomsOf()
    rooms.subscriptions = ReadOnly(now=lambda: 0)
    rooms.rooms = Rooms(rooms.subscriptions, rooms.connections, ADDRESSED)
    rooms.subscribe("a", "room")
    rooms.announce("b", "B")
    with pytest.raises(SubscriptionsError):
        rooms.publish("a", {"type": "signal", "from": "A", "to": "B"})
    assert rooms.connections.receivers() == ["b"]


peers = st.sampled_from(["A", "B", "C", None])
subscriber_lists = st.lists(peers).map(
    lambda names: [
        Subscriber(f"{number}", name, 0, 0, None, None) for number, name in enumerate(names)
    ]
)


@given(subscriber_lists, peers)
def test_whoever_may_be_the_addressee_is_among_the_recipients(
    subscribers: list[Subscriber], to: str | None
) -> None:
    chosen = recipients(subscribers, "0", to, ADDRESSED)
    others = [each for each in subscribers if each.connection != "0"]
    assert "0" not in chosen
    assert len(chosen) == len(set(chosen))
    for each in others:
        if to is None or each.peer in (to, None):
            assert each.connection in chosen
    if others:
        assert chosen
