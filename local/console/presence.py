"""The members of rooms, as last reported to viewers. Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Change(NamedTuple):
    """A change of one connection of a room, for viewers."""

    topic: str
    connection: str
    peer: str | None
    is_in: bool


class Rooms:
    """Rooms with their members: connection ids, and their peer ids if known."""

    def __init__(self) -> None:
        self._rooms: dict[str, dict[str, str | None]] = {}

    def update(self, topic: str, members: Mapping[str, str | None]) -> list[Change]:
        """Make `members` the members of `topic`, and return the changes."""
        before = self._rooms.get(topic, {})
        changes = [Change(topic, each, before[each], False) for each in before.keys() - members]
        changes += [
            Change(topic, connection, peer, True)
            for connection, peer in members.items()
            if connection not in before or before[connection] != peer
        ]
        if members:
            self._rooms[topic] = dict(members)
        else:
            self._rooms.pop(topic, None)
        return changes

    def topics(self) -> list[str]:
        """Return the rooms that have members."""
        return list(self._rooms)

    def topics_of(self, connection: str) -> list[str]:
        """Return the rooms that `connection` is in."""
        return [topic for topic, members in self._rooms.items() if connection in members]

    def everyone(self) -> Iterable[Change]:
        """Yield the changes that build these rooms from nothing."""
        for topic, members in self._rooms.items():
            for connection, peer in members.items():
                yield Change(topic, connection, peer, True)
