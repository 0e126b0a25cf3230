"""Who is subscribed to what: the model of the DynamoDB table.

| key           |               |
|---------------|---------------|
| pk            | topic-<topic> |
| sk            | member-<hash of id>-<id of the connection> |
| requested_at  | time of its last message about the topic but signals, epoch milliseconds |
| connected_at  | when the connection was opened, epoch milliseconds |
| expires_at    | when the connection must have ended, or a minute after it left, epoch seconds |
| announce      | `data` of its announce as JSON, true for y-webrtc's plain one of `peer`; none
|               | if it has subscribed again since |
| entered_at    | time of its first announce, epoch milliseconds |
| peer          | `from` of its announce or of a signal, if seen |
| has_token     | its connection was opened with one |
| began_<n>     | when a function began to handle the first of its announces in the latest half
|               | second in which it made some, epoch milliseconds; n is its number modulo 8 |
| announces_<n> | how often it announced itself in the latest two seconds in which it did; n as
|               | above, so that one write can count and forget |
| left_at       | time of its last unsubscribe, epoch milliseconds |
| has_left      | it has unsubscribed: the row only keeps older messages from putting it back |
| listed        | sk of the row that lists it under its peer id |
| held          | signals that it sent to peers which were not there, for a second or two |
| held_bytes    | of all of them, UTF-8 |

A large room has more rows, which list members under their peer ids. They are never changed, and
expire with their connections:

| key           |               |
|---------------|---------------|
| pk            | peers-<topic> |
| sk            | <characters of peer>:<peer>#<requested_at, 15 digits>#<id of the connection> |
| connection    | its id        |

and `peer`, `requested_at`, `connected_at`, `expires_at` and `has_token` of its own row.

An index with the keys swapped answers "every topic of this connection". Nothing scans.
"""

import os
import time
from binascii import crc32
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from signaling.aws.counts import beginnings, counters
from signaling.aws.operations import DynamoDB, RequestError
from signaling.aws.rows import (
    MEMBER_PREFIX,
    Row,
    announced,
    entered_row,
    forgotten,
    has_left_long_ago,
    held_signal,
    learned_peer,
    listings_of,
    member_key,
    note_of_leaving,
    sort_key,
    subscriber_of,
    taken_signals,
)
from signaling.aws.table import Table
from signaling.ports import (
    LEFT_MILLISECONDS,
    LEFT_ROWS,
    SAMPLE,
    TOPICS_A_LOOK,
    Deadlines,
    Sender,
    Subscriber,
)
from signaling.protocol import Announce
from signaling.topics import topic_key

if TYPE_CHECKING:
    from signaling.aws.listings import Listings

INDEX = "by-connection"
"""Name of the table's index: sk HASH, pk RANGE, keys only."""

_FORGOTTEN_AT_ONCE = 100
"""Rows of those who left that one invocation deletes: about a quarter of a second's work."""

_YES = {"BOOL": True}


class DynamoDBSubscriptions:
    """Subscriptions in one DynamoDB table."""

    def __init__(
        self,
        client: DynamoDB,
        table: str,
        deadlines: Deadlines,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Serve `table` through `client`; `now` tells epoch seconds."""
        self._table = Table(client, table, deadlines, now)
        self._left_long_ago: list[Row] = []

    def subscribe(self, topics: Sequence[str], sender: Sender) -> None:
        """Upsert one row a topic, all at once: 1 write unit, and 1 in the index if it is new."""
        condition = (
            "requested_at < :requested_at OR (requested_at = :requested_at AND has_left = :yes)"
        )
        self._table.write(
            [
                entered_row(topic, sender, condition, " REMOVE announce, has_left", yes=_YES)
                for topic in topics
            ]
        )

    def announce(self, topic: str, sender: Sender, announce: Announce) -> Subscriber | None:
        """Upsert one row: 1 write unit, and 1 in the index if it is new."""
        change = ", announce = :announce, entered_at = if_not_exists(entered_at, :requested_at)"
        values = {"announce": announced(announce), "began_at": {"N": str(sender.began_at)}}
        if announce.peer is not None:
            change += ", peer = :peer"
            values["peer"] = {"S": announce.peer}
        current, *others = counters(sender.requested_at)
        began, *began_before = beginnings(sender.requested_at)
        change += f", {current} = if_not_exists({current}, :none) + :one"
        change += f", {began} = if_not_exists({began}, :began_at)"
        values |= {"none": {"N": "0"}, "one": {"N": "1"}}
        change += f" REMOVE has_left, {', '.join([*others, *began_before])}"
        row = entered_row(topic, sender, "requested_at <= :requested_at", change, **values)
        for answer in self._table.write([{**row, "ReturnValues": "ALL_NEW"}]):
            own = answer["Attributes"]
            announces = int(own[current]["N"]) if current in own else 0
            return subscriber_of(own)._replace(announces=announces)
        return None

    def unsubscribe(self, topics: Sequence[str], sender: Sender) -> None:
        """Mark one row a topic, all at once: 1 write unit.

        A row that were deleted could be made again by a subscribe that is older and handled later.
        Where a later message wrote the row already, a second write notes the leaving alone.
        """
        condition = "requested_at < :requested_at"
        change = ", has_left = :yes, left_at = :requested_at"
        change += " REMOVE announce, entered_at, peer, listed, held, held_bytes"
        known_until = {"N": str((sender.requested_at + LEFT_MILLISECONDS) // 1000)}
        marks = [
            {
                **entered_row(topic, sender, condition, change, yes=_YES, expires_at=known_until),
                "ReturnValues": "UPDATED_OLD",
            }
            for topic in topics
        ]
        answers = list(zip(topics, self._table.attempt(marks), strict=True))
        self._table.delete([key for topic, answer in answers for key in listings_of(topic, answer)])
        late = [topic for topic, answer in answers if isinstance(answer, RequestError)]
        self._table.attempt([note_of_leaving(topic, sender) for topic in late])

    def is_in_more(self, topics: Sequence[str], sender: Sender, most: int) -> bool:
        """Query the index, for some requests: no client knows when it is asked, or its own id."""
        connection = sender.connection
        chance = crc32(f"{connection}{sender.requested_at}".encode()) % TOPICS_A_LOOK
        if chance >= len(topics):
            return False
        rows = self._rows_of(connection, self._table.deadlines.table, Limit=most + 1)
        return len(next(rows)) > most

    def of_topic(self, topic: str, most: int | None = None) -> list[Subscriber]:
        """Query the topic with strong consistency, in pages that double while too few are there."""
        limit = {} if most is None else {"Limit": most + 1 + LEFT_ROWS}
        found: list[Subscriber] = []
        left: list[Row] = []
        now = int(1000 * self._table.now())
        for page in self._table.query(
            self._table.deadlines.table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": topic_key(topic)}},
            ConsistentRead=True,
            **limit,
        ):
            found += self._table.subscribers(page)
            left += [row for row in page if has_left_long_ago(row, now)]
            if most is not None and len(found) > most:
                break
        self._left_long_ago = left
        return found

    def forget_left(self, topic: str) -> None:
        """Delete rows that the last `of_topic` has read: a write unit each, and one in the index.

        TTL would do it for nothing, but perhaps days later. So a flood of them is paid for by
        those that read them first, and the past of a room does not add to what a publish reads.
        """
        if len(self._left_long_ago) <= LEFT_ROWS:
            return
        self._table.delete_if([forgotten(row) for row in self._left_long_ago[:_FORGOTTEN_AT_ONCE]])

    def sample(self, topic: str) -> list[Subscriber]:
        """Query the rows that follow a random hash."""
        start = MEMBER_PREFIX + os.urandom(4).hex()
        page = next(
            self._table.query(
                self._table.deadlines.table,
                KeyConditionExpression="pk = :pk AND sk >= :start",
                ExpressionAttributeValues={":pk": {"S": topic_key(topic)}, ":start": {"S": start}},
                ConsistentRead=True,
                Limit=SAMPLE,
            )
        )
        return sorted(self._table.subscribers(page), key=lambda _: os.urandom(4))

    def list_peers(self, topic: str, subscribers: Sequence[Subscriber]) -> None:
        """Put one row for each, 25 a request, and note it in its own: 3 write units."""
        self._listings().list_peers(topic, subscribers)

    def unlist(self, topic: str, subscribers: Sequence[Subscriber]) -> None:
        """Delete the rows that list `subscribers`, 25 a request."""
        self._listings().unlist(topic, subscribers)

    def of_peer(self, topic: str, peer: str) -> list[Subscriber]:
        """Query the first rows that list the peer, and the last if there are more, consistently."""
        return self._listings().of_peer(topic, peer)

    def _listings(self) -> "Listings":
        from signaling.aws.listings import Listings  # here: few rooms are large

        return Listings(self._table)

    def learn_peer(self, topic: str, connection: str, peer: str) -> None:
        """Update one row: 1 write unit."""
        self._table.attempt([learned_peer(topic, connection, peer)], self._table.deadlines.clean_up)

    def hold(self, topic: str, connection: str, signal: str) -> int:
        """Update one row: a write unit for each KB that it then has."""
        answers = self._table.write([held_signal(topic, connection, signal)])
        return sum(len(answer["Attributes"]["held"]["L"]) for answer in answers)

    def take(self, topic: str, connection: str) -> list[str]:
        """Update one row: a write unit for each KB that it had."""
        answers = self._table.write([taken_signals(topic, connection)])
        return [text["S"] for answer in answers for text in answer["Attributes"]["held"]["L"]]

    def remove(self, topic: str, connections: Sequence[str]) -> None:
        """Delete the rows of `connections`, 25 a request."""
        self._table.delete([member_key(topic, each) for each in connections])

    def remove_connection(self, connection: str) -> bool:
        """Query the index and delete what it names, 25 rows a request, as many as time allows."""
        for page in self._rows_of(connection, self._table.deadlines.clean_up):
            self._table.delete([{"pk": row["pk"], "sk": row["sk"]} for row in page])
        return False

    def _rows_of(self, connection: str, deadline: float, **limit: int) -> Iterator[list[Row]]:
        return self._table.query(
            deadline,
            IndexName=INDEX,
            KeyConditionExpression="sk = :sk",
            ExpressionAttributeValues={":sk": {"S": sort_key(connection)}},
            **limit,
        )
