"""Rooms in the table of subscriptions."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from signaling.aws.rows import connection_of, is_listing
from signaling.log import hash_of
from signaling.topics import topic_of
from traffic.prices import Prices

Row = Mapping[str, Any]
"""A row of the table, in the form of DynamoDB's low-level API."""


class Member(NamedTuple):
    """A connection in a room."""

    connection: str
    since: int
    """When its connection was opened, epoch milliseconds."""


class Room(NamedTuple):
    """A topic and its members, the oldest connection first."""

    topic: str
    members: list[Member]

    @property
    def hash(self) -> str:
        """Its name in the log."""
        return hash_of(self.topic)


class Census(NamedTuple):
    """The contents of the table."""

    rooms: list[Room]
    """The largest first."""
    roomless: list[str]
    """Connections that have left all their rooms. One that never entered any has no row."""
    rows: int
    read_units: float

    @property
    def connections(self) -> int:
        """The number of connections in rooms."""
        return len({each.connection for room in self.rooms for each in room.members})

    @property
    def dollars(self) -> float:
        """The cost of this scan, if the table is billed per request."""
        return self.read_units * Prices().read_unit


def count(pages: Iterable[Mapping[str, Any]], now: float) -> Census:
    """Return the census from the `pages` of a scan, without expired rows, which TTL deletes.

    `now` is in epoch seconds.
    """
    rooms: dict[str, list[Member]] = {}
    seen: dict[str, bool] = {}
    rows, units = 0, 0.0
    for page in pages:
        units += page.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0)
        for row in page["Items"]:
            rows += 1
            if int(row["expires_at"]["N"]) <= now or is_listing(row):
                continue
            connection = connection_of(row["sk"]["S"])
            is_in = "has_left" not in row
            seen[connection] = is_in or seen.get(connection, False)
            if is_in:
                member = Member(connection, int(row["connected_at"]["N"]))
                rooms.setdefault(topic_of(row["pk"]["S"]), []).append(member)
    found = [
        Room(topic, sorted(members, key=lambda each: each.since))
        for topic, members in rooms.items()
    ]
    found.sort(key=lambda room: (-len(room.members), room.members[0].since))
    return Census(found, [each for each, is_in in seen.items() if not is_in], rows, units)


def overview(census: Census, now: float, has_names: bool) -> Iterator[str]:
    """Yield lines about all rooms, shown by the log's hash or, with `has_names`, by name."""
    yield (
        f"{len(census.rooms)} rooms with {census.connections} connections; "
        f"{len(census.roomless)} more have left all their rooms"
    )
    if census.rooms:
        yield f"{'connections':>11}  {'oldest':>8}  room"
    for room in census.rooms:
        name = json.dumps(room.topic) if has_names else room.hash
        yield f"{len(room.members):>11}  {_age(room.members[0], now):>8}  {name}"
    yield (
        f"Read {census.rows} rows with {census.read_units:g} read units: "
        f"${census.dollars:.6f} on demand"
    )


def members(census: Census, name: str, now: float) -> Iterator[str]:
    """Yield lines about the members of the room with this `name` or hash.

    Raises:
        ValueError: there is no such room.
    """
    room = next((each for each in census.rooms if name in (each.topic, each.hash)), None)
    if room is None:
        raise ValueError("nobody is in such a room")
    yield f"{'since':>8}  connection"
    for member in room.members:
        yield f"{_age(member, now):>8}  {member.connection}"


def _age(member: Member, now: float) -> str:
    seconds = max(0, int(now - member.since / 1000))
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"
