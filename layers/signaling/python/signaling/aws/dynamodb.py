"""Subscriptions: the model of the DynamoDB table.

| key           |               |
|---------------|---------------|
| pk            | topic-<topic> |
| sk            | member-<hash of id>-<id of the connection> |
| requested_at  | time of its last message about the topic except signals, epoch milliseconds |
| connected_at  | when the connection was opened, epoch milliseconds |
| expires_at    | when the connection must have ended, or a minute after it left, epoch seconds |
| announce      | `data` of its announce as JSON, or true for y-webrtc's plain one of `peer`;
|               | missing if it has subscribed again since |
| entered_at    | time of its first announce, epoch milliseconds |
| peer          | `from` of its announce or of a signal, if seen |
| has_token     | its connection was opened with a token |
| began_<n>     | when the first announce of a recent half second began to be handled, epoch ms |
| announces_<n> | number of its announces in two seconds; for both see `signaling.aws.counts` |
| left_at       | time of its last unsubscribe, epoch milliseconds |
| has_left      | it has unsubscribed: the row only keeps older messages from putting it back |
| listed        | sk of the row that lists it under its peer id |
| held          | signals that it sent to absent peers, for a second or two |
| held_bytes    | their size in bytes of UTF-8 |

A large room has more rows: see `signaling.aws.listings`.

An index with the keys swapped finds every topic of a connection. Nothing scans.
"""

import os
import time
from binascii import crc32
from collections.abc import Callable, Iterator, Sequence

from signaling.aws.counts import beginnings, counters, is_long_before
from signaling.aws.operations import DynamoDB, RequestError
from signaling.aws.rows import (
    MEMBER_PREFIX,
    Row,
    has_left_long_ago,
    held_texts,
    key_of,
    listings_of,
    member_key,
    sort_key,
    subscriber_of,
)
from signaling.aws.table import Table
from signaling.aws.updates import (
    announcement,
    forgotten,
    held_signal,
    learned_peer,
    mark_of_leaving,
    note_of_leaving,
    removal,
    renewed_beginning,
    subscription,
    taken_signals,
)
from signaling.bounds import LEFT_ROWS, SAMPLE, TOPICS_A_LOOK
from signaling.ports import Deadlines, Offer, Sender, Subscriber
from signaling.protocol import Announce
from signaling.topics import topic_key
from signaling.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from signaling.aws.listings import Listings

INDEX = "by-connection"
"""Name of the table's index: sk HASH, pk RANGE, keys only."""

_FORGOTTEN_AT_ONCE = 100
"""Rows of departed clients that one invocation deletes: about a quarter of a second's work."""

_REMOVED_ONE_BY_ONE = 25
"""Rooms of a connection in which its offers are looked after: no page is in more."""


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
        self._listings_if_used: Listings | None = None

    def subscribe(self, topics: Sequence[str], sender: Sender) -> None:
        """Upsert one row per topic, all at once: 1 write unit, and 1 in the index if it is new."""
        self._table.write([subscription(each, sender) for each in topics])

    def announce(self, topic: str, sender: Sender, announce: Announce) -> Subscriber | None:
        """Upsert one row: 1 write unit, and 1 in the index if it is new."""
        current, began = counters(sender.requested_at)[0], beginnings(sender.requested_at)[0]
        for answer in self._table.write([announcement(topic, sender, announce)]):
            own = answer["Attributes"]
            announces = int(own[current]["N"]) if current in own else 0
            if is_long_before(own, began, sender.requested_at):
                own = self._begin_anew(topic, sender, began, own)
            return subscriber_of(own)._replace(announces=announces)
        return None

    def _begin_anew(self, topic: str, sender: Sender, began: str, own: Row) -> Row:
        """Note when an announce began to be handled whose half second has the name of an old one.

        One write unit for one in eight members that lose a connection. Of announces that find this
        at one moment one writes, and the others end.
        """
        renewal = renewed_beginning(topic, sender, began, own[began]["N"])
        (answer,) = self._table.attempt([renewal])
        if isinstance(answer, RequestError):
            return {**own, began: {"N": str(sender.requested_at)}}
        renewed: Row = answer["Attributes"]
        return renewed

    def unsubscribe(self, topics: Sequence[str], sender: Sender) -> None:
        """Mark one row per topic, all at once: 1 write unit.

        A deleted row could be created again by an older subscribe that is handled later. If a later
        message has already written the row, a second write records only when the client left.
        """
        marks = [mark_of_leaving(topic, sender) for topic in topics]
        answers = self._table.attempt(marks)
        self._delist([key for answer in answers for key in listings_of(answer)])
        both = zip(topics, answers, strict=True)
        late = [topic for topic, answer in both if isinstance(answer, RequestError)]
        notes = self._table.attempt([note_of_leaving(topic, sender) for topic in late])
        if keys := [key for answer in notes for key in listings_of(answer)]:
            self._listings().note_leaving(keys, sender)

    def is_in_more(self, topics: Sequence[str], sender: Sender, most: int) -> bool:
        """Query the index for some requests, which no client can predict, or its own id."""
        connection = sender.connection
        chance = crc32(f"{connection}{sender.requested_at}".encode()) % TOPICS_A_LOOK
        if chance >= len(topics):
            return False
        rows = self._rows_of(connection, self._table.deadlines.table, Limit=most + 1)
        return len(next(rows)) > most

    def of_topic(self, topic: str, most: int | None = None) -> list[Subscriber]:
        """Query the topic with strong consistency, in pages that double until enough are found."""
        limit = {} if most is None else {"Limit": most + 1 + LEFT_ROWS}
        found: list[Subscriber] = []
        left: list[Row] = []
        now = int(1000 * self._table.now())
        for page in self._table.read("pk = :pk", {"pk": topic_key(topic)}, **limit):
            found += self._table.subscribers(page)
            left += [row for row in page if has_left_long_ago(row, now)]
            if most is not None and len(found) > most:
                break
        self._left_long_ago = left
        return found

    def forget_left(self, topic: str) -> None:
        """Delete rows that the last `of_topic` has read: a write unit each, and one in the index.

        TTL would do it free of charge, but perhaps days later. So the first publishes that read a
        flood of such rows pay for deleting them, and later ones do not read a room's past.
        """
        if len(self._left_long_ago) <= LEFT_ROWS:
            return
        self._table.delete_each(
            [forgotten(row) for row in self._left_long_ago[:_FORGOTTEN_AT_ONCE]]
        )

    def sample(self, topic: str) -> list[Subscriber]:
        """Query the rows that follow a random hash."""
        start = MEMBER_PREFIX + os.urandom(4).hex()
        values = {"pk": topic_key(topic), "start": start}
        page = next(self._table.read("pk = :pk AND sk >= :start", values, Limit=SAMPLE))
        return sorted(self._table.subscribers(page), key=lambda _: os.urandom(4))

    def of_connection(self, topic: str, connection: str) -> Subscriber | None:
        """Query one row consistently."""
        rows = self._table.rows_at(member_key(topic, connection))
        return next(iter(self._table.subscribers(rows)), None)

    def list_peers(self, topic: str, subscribers: Sequence[Subscriber]) -> None:
        """Write a row for each, and note it in its own row: 3 write units."""
        self._listings().list_peers(topic, subscribers)

    def unlist(self, topic: str, subscribers: Sequence[Subscriber]) -> None:
        """Delete the rows that list `subscribers`."""
        self._listings().unlist(topic, subscribers)

    def of_peer(self, topic: str, peer: str) -> list[Subscriber]:
        """Query consistently the first rows that list the peer, and the last if there are more."""
        return self._listings().of_peer(topic, peer)

    def note_offer(
        self, topic: str, sender: Sender, peer: str, listed: Sequence[Subscriber]
    ) -> list[Subscriber]:
        """Update the row that lists each, if it is there: 1 write unit."""
        return self._listings().note_offer(topic, sender, peer, listed)

    def unanswered(self) -> list[Offer]:
        """Return the offers in rows that were deleted."""
        return self._listings_if_used.unanswered() if self._listings_if_used else []

    def _delist(self, keys: Sequence[Row]) -> None:
        if keys:
            self._listings().delete(keys)

    def _listings(self) -> "Listings":
        if self._listings_if_used is None:
            from signaling.aws.listings import Listings  # here: few rooms are large

            self._listings_if_used = Listings(self._table)
        return self._listings_if_used

    def learn_peer(self, topic: str, connection: str, peer: str) -> None:
        """Update one row: 1 write unit."""
        self._table.attempt([learned_peer(topic, connection, peer)], self._table.deadlines.clean_up)

    def hold(self, topic: str, connection: str, signal: str) -> int:
        """Update one row: a write unit for each KB of its new size."""
        answers = self._table.write([held_signal(topic, connection, signal)])
        return sum(len(answer["Attributes"]["held"]["L"]) for answer in answers)

    def take(self, topic: str, connection: str) -> list[str]:
        """Update one row: a write unit for each KB of its old size."""
        answers = self._table.write([taken_signals(topic, connection)])
        return [text for answer in answers for text in held_texts(answer["Attributes"])]

    def held(self, topic: str, connection: str) -> list[str]:
        """Query one row consistently."""
        rows = self._table.rows_at(member_key(topic, connection))
        return [text for row in rows for text in held_texts(row)]

    def remove(self, topic: str, connections: Sequence[str]) -> None:
        """Delete the rows of `connections`."""
        self._remove([member_key(topic, each) for each in connections])

    def remove_connection(self, connection: str) -> bool:
        """Query the index and delete the rows found, as many as time allows."""
        for page in self._rows_of(connection, self._table.deadlines.clean_up):
            self._remove(page)
        return False

    def _remove(self, keys: Sequence[Row]) -> None:
        """Delete members' rows, the first 25 one by one: only that tells which row lists each."""
        first, others = keys[:_REMOVED_ONE_BY_ONE], keys[_REMOVED_ONE_BY_ONE:]
        answers = self._table.delete_each([removal(key) for key in first])
        self._table.delete([key_of(key) for key in others])
        self._delist([key for answer in answers for key in listings_of(answer)])

    def _rows_of(self, connection: str, deadline: float, **limit: int) -> Iterator[list[Row]]:
        return self._table.query(
            deadline,
            IndexName=INDEX,
            KeyConditionExpression="sk = :sk",
            ExpressionAttributeValues={":sk": {"S": sort_key(connection)}},
            **limit,
        )
