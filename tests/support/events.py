"""The event files, handled by the functions as Lambda would have them handled."""

import json
from typing import NamedTuple

from functions.connect import app as connect
from functions.disconnect import app as disconnect
from functions.message import app as message
from local import ROOT
from local.table.in_memory import MemorySubscriptions
from signaling import bootstrap
from signaling.bootstrap import Adapters
from signaling.ports import Sender
from signaling.protocol import Announce
from tests.support.rooms import RecordedConnections

ALL_EVENTS = {path.stem: json.loads(path.read_text()) for path in (ROOT / "events").glob("*.json")}
AUTHORIZE = ALL_EVENTS["authorize"]
EVENTS = {name: event for name, event in ALL_EVENTS.items() if name != "authorize"}
TOPIC = "weblab-47b6ac42"
SENDER = "L0SM9cOFvHcCIhw="
PEER = "0f6d49cd-c3e6-4a37-b08e-c0111cd94b9f"
OTHER_PEER = "0781552f-fbb7-4779-a811-0dce95df55c9"
SECRETS = (TOPIC, PEER, OTHER_PEER, "ice-ufrag", "blue", "notes.example.com")
"""Of rooms, payloads, query strings and pages."""


def announce(peer: str) -> Announce:
    return Announce(json.dumps({"type": "announce", "from": peer}), peer)


class Invocation(NamedTuple):
    """Lambda's context object."""

    seconds: float = 29.0
    """Time that is left."""

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


class Room:
    """The room of the event files with the sender (if it is in) and another client in it."""

    def __init__(self, sender_is_in: bool = True) -> None:
        self.subscriptions = MemorySubscriptions(now=lambda: 0)
        self.connections = RecordedConnections()
        if sender_is_in:
            self.subscriptions.announce(TOPIC, Sender(SENDER, 0, 0), announce(PEER))
        self.subscriptions.announce(TOPIC, Sender("other=", 0, 0), announce(OTHER_PEER))
        bootstrap.install(
            Adapters(lambda deadlines: self.subscriptions, lambda deadlines: self.connections)
        )

    def members(self) -> set[str]:
        return {each.connection for each in self.subscriptions.of_topic(TOPIC)}


def replay(name: str) -> dict[str, int]:
    event = EVENTS[name]
    route = event["requestContext"]["routeKey"]
    app = {"$connect": connect, "$disconnect": disconnect}.get(route, message)
    answer: dict[str, int] = app.lambda_handler(event, Invocation())
    return answer
