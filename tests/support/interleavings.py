"""Every order in which messages may be handled, and what comes of each.

The rooms' own code runs on the table in memory. The handling of a message stops before whatever it
asks of a port, so that anything may happen in between, as between environments of Lambda.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from local.table.in_memory import MemorySubscriptions
from signaling.access.grants import EVERYTHING
from signaling.ports import Introduction, Outcome, Sender, Subscriber
from signaling.protocol import Limits, Message, parse
from signaling.rooms import Rooms

ROOM = "room"


class Said(NamedTuple):
    """What a connection said, and when API Gateway got it; None is its `$disconnect`."""

    connection: str
    at: int
    message: dict[str, Any] | None
    connected_at: int = 0
    handled_at: int = 0


class Stop(Exception):
    """The handling of a message asks for what has not been done yet."""

    def __init__(self, name: str, arguments: tuple[Any, ...]) -> None:
        super().__init__(name)
        self.name = name
        self.arguments = arguments


class Port:
    """Either port of one message: gives the answers that it got before, then stops."""

    def __init__(self, answers: Sequence[Any]) -> None:
        self._answers = list(answers)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def ask(*arguments: Any) -> Any:
            if not self._answers:
                raise Stop(name, arguments)
            return self._answers.pop(0)

        return ask

    def forget_left(self, topic: str) -> None:
        pass  # nobody left long ago

    def after(self, seconds: float, action: Callable[[], Outcome]) -> Outcome:
        self.wait(seconds)
        return action()


class Table(MemorySubscriptions):
    """The table in memory, which can be compared and copied."""

    def __init__(self) -> None:
        super().__init__(now=lambda: 0)

    def state(self) -> tuple[object, ...]:
        return tuple(sorted(self._rows.get(ROOM, {}).items()))

    def copy(self) -> "Table":
        copy = type(self)()
        copy._rows = {topic: dict(rows) for topic, rows in self._rows.items()}
        copy._topics = {connection: set(topics) for connection, topics in self._topics.items()}
        return copy

    def become(self, other: "Table") -> None:
        self._rows, self._topics = other._rows, other._topics


class Heard(NamedTuple):
    connection: str
    announce: str
    """Its data as JSON."""


class World(NamedTuple):
    """All that has happened so far."""

    table: Table
    answers: tuple[tuple[Any, ...] | None, ...]
    """For each message what it was answered; None if it has been handled."""
    heard: frozenset[Heard]
    gone: frozenset[str]


class Ends(NamedTuple):
    """How everything may end, and what the table may hold on the way."""

    orders: int
    heard: set[frozenset[Heard]]
    rows: set[Subscriber]
    tables: list[Table]


def handled_in_every_order(said: Sequence[Said], table: Table) -> Ends:
    """Handle `said`, whatever of it comes first at each step."""
    orders: dict[object, int] = {}
    ends = Ends(0, set(), set(), [])

    @cache
    def next_of(index: int, answers: tuple[Any, ...]) -> Stop | None:
        return next_request(said[index], answers)

    def go_on(world: World) -> int:
        key = (world.table.state(), *world[1:])
        if key not in orders:
            ends.rows.update(world.table.of_topic(ROOM))
            pending = [index for index, each in enumerate(world.answers) if each is not None]
            if not pending:
                ends.heard.add(world.heard)
                ends.tables.append(world.table)
            # What waits does so for longer than the handling of all other messages takes.
            ready = [index for index in pending if asks_of(world, index).name != "wait"]
            orders[key] = sum(go_on(step(world, index)) for index in ready or pending) or 1
        return orders[key]

    def asks_of(world: World, index: int) -> Stop:
        asked = next_of(index, world.answers[index] or ())
        assert asked
        return asked

    def step(world: World, index: int) -> World:
        """Do the next thing that the message asks for."""
        answers = world.answers[index] or ()
        asked = asks_of(world, index)
        table, heard, gone = world.table.copy(), world.heard, world.gone
        answer: Any = None
        if asked.name == "close":
            gone |= {*asked.arguments}
        elif asked.name == "send":
            answer, frames = sent(gone, *asked.arguments)
            heard |= frames
        elif asked.name != "wait":
            answer = getattr(table, asked.name)(*asked.arguments)
        answers = (*answers, tuple(answer) if isinstance(answer, list) else answer)
        left = answers if next_of(index, answers) else None
        all_answers = (*world.answers[:index], left, *world.answers[index + 1 :])
        return World(table, all_answers, heard, gone)

    start = World(table, ((),) * len(said), frozenset(), frozenset())
    return ends._replace(orders=go_on(start))


def next_request(said: Said, answers: Sequence[Any]) -> Stop | None:
    """Return what the message asks for after those answers, or None if it has been handled."""
    port: Any = Port(answers)
    rooms = Rooms(port, port, after=port.after)
    try:
        if said.message is None:
            port.close(said.connection)
            rooms.leave(said.connection)
        else:
            request = Sender(
                said.connection, said.connected_at, said.at, handled_at=said.handled_at
            )
            rooms.handle(request, parsed(said), EVERYTHING)
    except Stop as stop:
        return stop
    return None


def parsed(said: Said) -> Message:
    return parse(json.dumps(said.message), False, Limits())


def sent(
    gone: frozenset[str],
    connections: Sequence[str],
    payload: str,
    introductions: Sequence[Introduction],
) -> tuple[Any, set[Heard]]:
    """Return what becomes of frames, and who hears what."""
    frames = [(each, each, payload) for each in connections] + list(introductions)
    lost, heard = [], set()
    for introduced, receiver, frame in frames:
        if introduced in gone or receiver in gone:
            lost.append(introduced if introduced in gone else receiver)
        else:
            heard.add(Heard(receiver, json.dumps(json.loads(frame)["data"])))
    hashable: Any = Outcome
    return hashable((), tuple(lost), ()), heard
