"""What clients say in the models of meeting, staying and leaving."""

from signaling.standing import NEWLY_CONNECTED_MILLISECONDS
from tests.support.interleavings import ROOM, Said

NOW = 2 * NEWLY_CONNECTED_MILLISECONDS


def unsubscribe(connection: str, at: int) -> Said:
    return Said(connection, at, {"type": "unsubscribe", "topics": [ROOM]})


def announce(connection: str, at: int, data: object, connected_at: int = NOW) -> Said:
    return Said(connection, at, {"type": "publish", "topic": ROOM, "data": data}, connected_at)


def peer(name: str) -> object:
    return {"type": "announce", "from": name}


def enter(connection: str, at: int, data: object, connected_at: int = NOW) -> list[Said]:
    return [
        Said(connection, at, {"type": "subscribe", "topics": [ROOM]}, connected_at),
        announce(connection, at + 1, data, connected_at),
    ]


def again(connection: str, at: int, data: object = None, waited: int = 0) -> list[Said]:
    """Return what a member says whose connection to another has ended."""
    said = enter(connection, at, data or peer(connection), connected_at=0)
    return [each._replace(handled_at=each.at + waited) for each in said]
