"""Rooms in memory that tests talk to, and connections that keep what they get."""

import json
from collections.abc import Callable, Container, Sequence
from typing import Any

from local.table.in_memory import MemorySubscriptions
from signaling.access.grants import EVERYTHING
from signaling.errors import SubscriptionsError
from signaling.ports import NOTHING, Introduction, Outcome, Sender
from signaling.protocol import Limits, parse
from signaling.rooms import Rooms
from signaling.small_rooms import SMALL_ROOM
from signaling.standing import NEWLY_CONNECTED_MILLISECONDS


def be_out_of_reach(*arguments: object) -> None:
    raise SubscriptionsError("the table is out of reach")


class RecordedConnections:
    """Connections that keep what they were sent; `gone` and `failing` behave so."""

    def __init__(self, gone: str = "", failing: str = "") -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.asked_for: list[str] = []
        self._gone: Container[str] = gone
        self._failing = failing

    def send(
        self, connections: Sequence[str], payload: str, introductions: Sequence[Introduction] = ()
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

    def lose(self, *connections: str) -> None:
        self._gone = connections

    def receivers(self) -> list[str]:
        return sorted(connection for connection, _ in self.sent)


class RoomsOf:
    """Rooms in memory, with the messages of y-webrtc as methods."""

    def __init__(
        self,
        is_broadcast: bool = False,
        gone: str = "",
        failing: str = "",
        max_rooms: int = 0,
        max_recipients: int = SMALL_ROOM,
        postpones: bool = False,
    ) -> None:
        """If it `postpones`, what is to be done later is done by `do_what_was_postponed`."""
        self.subscriptions = MemorySubscriptions(now=lambda: 0)
        self.connections = RecordedConnections(gone, failing)
        self.postponed: list[Callable[[], Outcome]] = []

        def after(seconds: float, action: Callable[[], Outcome]) -> Outcome:
            if not postpones:
                return action()
            self.postponed.append(action)
            return NOTHING

        self.rooms = Rooms(
            self.subscriptions,
            self.connections,
            is_broadcast,
            max_rooms=max_rooms,
            max_recipients=max_recipients,
            after=after,
        )
        self.grants = EVERYTHING
        self.now = 1
        self.milliseconds_late = 0
        self.connected_at: dict[str, int] = {}
        """When connections were opened; by default when they first say something."""

    def sender(self, connection: str) -> Sender:
        """Return the client that says something next."""
        self.now += 1
        return Sender(connection, self.connected_at.setdefault(connection, self.now), self.now)

    def subscribe_all(self, connections: Sequence[str]) -> None:
        for connection in connections:
            self.subscribe(connection, "room")

    def wait(self) -> None:
        """Let so much time pass that all who are in a room have been there for long."""
        self.now += NEWLY_CONNECTED_MILLISECONDS + 1

    def do_what_was_postponed(self) -> None:
        """Let the time pass for which something waits, and keep what is sent after it."""
        self.connections.sent.clear()
        while self.postponed:
            self.postponed.pop(0)()

    def send(self, connection: str, at: int | None = None, **message: object) -> Outcome:
        """Handle `message`, which API Gateway got `at` this time or now."""
        if at is None:
            self.now += 1
        parsed = parse(json.dumps(message), False, Limits())
        requested_at = self.now if at is None else at
        connected_at = self.connected_at.setdefault(connection, requested_at)
        has_token = self.grants != EVERYTHING
        handled_at = requested_at + self.milliseconds_late
        request = Sender(connection, connected_at, requested_at, has_token, handled_at)
        outcome = self.rooms.handle(request, parsed, self.grants).outcome
        self.rooms.finish()
        return outcome

    def leave(self, connection: str) -> None:
        """End a connection."""
        self.rooms.leave(connection)
        self.rooms.finish()

    def subscribe(self, connection: str, *topics: str, at: int | None = None) -> None:
        self.send(connection, at, type="subscribe", topics=list(topics))

    def announce(self, connection: str, peer: str, at: int | None = None) -> Outcome:
        return self.publish(connection, {"type": "announce", "from": peer}, at)

    def publish(self, connection: str, data: object, at: int | None = None) -> Outcome:
        self.connections.sent.clear()
        self.connections.asked_for.clear()
        return self.send(connection, at, type="publish", topic="room", data=data)

    def heard(self) -> list[tuple[str, str]]:
        """Return who got whose announce of those that were sent last, or which text."""
        sent = ((receiver, frame["data"]) for receiver, frame in self.connections.sent)
        return sorted(
            (receiver, data["from"] if isinstance(data, dict) else data) for receiver, data in sent
        )

    def members(self, topic: str = "room") -> dict[str, str | None]:
        return {each.connection: each.peer for each in self.subscriptions.of_topic(topic)}


def room_of_three(postpones: bool = False) -> RoomsOf:
    rooms = RoomsOf(postpones=postpones)
    for connection in "abc":
        rooms.announce(connection, peer=connection.upper())
    rooms.wait()
    return rooms
