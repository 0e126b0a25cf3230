"""Subscriptions as the tests of their adapters use them."""

import time

from signaling.aws.dynamodb import DynamoDBSubscriptions
from signaling.aws.operations import DynamoDB
from signaling.ports import Deadlines, Sender, Subscriber, Subscriptions
from signaling.protocol import Announce

NOW = 1_800_000_000
CONNECTED_AT = NOW * 1000


def sender(connection: str, at: int = 1, connected_at: int = CONNECTED_AT) -> Sender:
    return Sender(connection, connected_at, requested_at=at)


def of_table(client: DynamoDB, table: str) -> DynamoDBSubscriptions:
    end = time.monotonic() + 3_600  # tests of what is in the table have time
    return DynamoDBSubscriptions(client, table, Deadlines(end, end, end), now=lambda: NOW)


def members(subscriptions: Subscriptions, topic: str = "room") -> dict[str, str | None]:
    return {each.connection: each.peer for each in subscriptions.of_topic(topic)}


def announce(peer: str) -> Announce:
    return Announce(f'"I am {peer}"', peer)


def announces(subscriptions: Subscriptions) -> dict[str, str | None]:
    return {each.connection: each.announce for each in subscriptions.of_topic("room")}


def announced(
    subscriptions: Subscriptions, connection: str, peer: str, at: int = 1, topic: str = "room"
) -> Subscriber:
    """Announce `peer`, and return what is then known of it."""
    own = subscriptions.announce(topic, sender(connection, at), announce(peer))
    assert own
    return own
