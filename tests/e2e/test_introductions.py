"""Clients that come at one moment: of every two, exactly one hears of the other."""

import pytest

from rig.introductions import Introductions, meet
from rig.servers import StartLocalServer
from tests.support.faults import ANNOUNCES_TO_EVERYONE
from tests.support.planted import planted

SLOW = ("--latency", "0:300", "--throttle", "none")
"""Messages overtake each other, and there are more in a second than a stack takes by default."""

READ_BEFORE_WRITE = """
from signaling.rooms import Rooms

publish = Rooms.publish

def publish_what_was_there_before(self, request, message):
    table = self._subscriptions
    before = table.of_topic(message.topic)
    read, table.of_topic = table.of_topic, lambda *topic: before
    try:
        return publish(self, request, message)
    finally:
        table.of_topic = read

Rooms.publish = publish_what_was_there_before
"""


async def test_of_every_two_clients_that_come_at_once_exactly_one_hears_of_the_other(
    local_server: StartLocalServer, any_table: tuple[str, ...]
) -> None:
    server = local_server(*SLOW, *any_table)
    assert await meet(server.websocket_url, rounds=60, at_once=30) == Introductions([], [])


@pytest.mark.parametrize(
    ("fault", "outcome"), [(READ_BEFORE_WRITE, "missed"), (ANNOUNCES_TO_EVERYONE, "crossed")]
)
async def test_other_rules_would_let_clients_miss_each_other_or_announces_cross(
    local_server: StartLocalServer, dynamodb_local: str, fault: str, outcome: str
) -> None:
    server = planted(local_server, fault, *SLOW, "--dynamodb", dynamodb_local)
    assert getattr(await meet(server.websocket_url, rounds=40, at_once=20, patience=5), outcome)
