"""The table in memory."""

import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice

from local.table.in_memory_listings import Listings
from local.table.in_memory_rows import Row, subscriber_of
from signaling.bounds import (
    HELD_BYTES,
    LEFT_MILLISECONDS,
    LEFT_ROWS,
    SAMPLE,
)
from signaling.ports import Offer, Sender, Subscriber
from signaling.protocol import Announce

_REMOVED_AT_ONCE = 500


class MemorySubscriptions:
    """Subscriptions in dictionaries that mirror the table, its index and its lists of peers."""

    def __init__(
        self,
        now: Callable[[], float] = time.time,
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        """Tell time by `now`, in epoch seconds, and call `pause` before each operation."""
        self._rows: dict[str, dict[str, Row]] = {}
        self._topics: dict[str, set[str]] = {}
        self._listings = Listings()
        self._lock = threading.Lock()
        self._now = now
        self._pause = pause

    def subscribe(self, topics: Sequence[str], sender: Sender) -> None:
        """Upsert the rows."""
        self._pause()
        at = sender.requested_at
        with self._lock:
            for topic in topics:
                known = self._rows.get(topic, {}).get(sender.connection)
                kept = known.subscriber if known else subscriber_of(sender)
                is_known_to_be_in = known is not None and not known.has_left
                if known is None or (kept.requested_at, is_known_to_be_in) < (at, True):
                    row = subscriber_of(sender, kept.peer, kept.entered_at)
                    self._put(topic, row._replace(left_at=kept.left_at), sender)

    def announce(self, topic: str, sender: Sender, announce: Announce) -> Subscriber | None:
        """Upsert the row."""
        self._pause()
        data, peer = announce
        entered_at: int | None = sender.requested_at
        left_at = None
        with self._lock:
            known = self._rows.get(topic, {}).get(sender.connection)
            if known is not None:
                if known.subscriber.requested_at > sender.requested_at:
                    return None
                peer = known.subscriber.peer if peer is None else peer
                entered_at = known.subscriber.entered_at or entered_at
                left_at = known.subscriber.left_at
            row = subscriber_of(sender, peer, entered_at, data)._replace(left_at=left_at)
            self._put(topic, row, sender)
            new = self._rows[topic][sender.connection].with_announce(sender)
            self._rows[topic][sender.connection] = new
            return new.member._replace(announces=new.announces[1])

    def unsubscribe(self, topics: Sequence[str], sender: Sender) -> None:
        """Mark the rows, or note the time of leaving in those that a later message wrote."""
        self._pause()
        at = sender.requested_at
        with self._lock:
            for topic in topics:
                known = self._rows.get(topic, {}).get(sender.connection)
                if known is None or known.subscriber.requested_at < at:
                    left = subscriber_of(sender)._replace(left_at=at)
                    self._put(topic, left, sender, has_left=True)
                elif not known.has_left and (known.subscriber.entered_at or at) < at:
                    row = known.subscriber._replace(left_at=at, entered_at=None)
                    self._rows[topic][sender.connection] = replace(known, subscriber=row)
                    self._listings.note_leaving(topic, known.listed_as or "", sender)

    def is_in_more(self, topics: Sequence[str], sender: Sender, most: int) -> bool:
        """Count its rows, including new ones."""
        self._pause()
        with self._lock:
            entered = self._topics.get(sender.connection, set())
            return len(entered) + len(topics) > most and len(entered.union(topics)) > most

    def of_topic(self, topic: str, most: int | None = None) -> list[Subscriber]:
        """Return the rows of the topic that are not marked and have not expired."""
        self._pause()
        with self._lock:
            rows = self._rows.get(topic, {})
            if most is not None and len(rows) > most:
                first = self._there(islice(rows.values(), most + 1))
                if len(first) > most:
                    return first
            return self._there(rows.values())

    def sample(self, topic: str) -> list[Subscriber]:
        """Pick rows of the topic that are not marked and have not expired."""
        self._pause()
        with self._lock:
            rows = list(self._rows.get(topic, {}).values())
            return self._there(random.sample(rows, min(SAMPLE, len(rows))))

    def of_connection(self, topic: str, connection: str) -> Subscriber | None:
        """Look at one row."""
        self._pause()
        row = self._rows.get(topic, {}).get(connection)
        return next(iter(self._there([row])), None) if row else None

    def list_peers(self, topic: str, subscribers: Sequence[Subscriber]) -> None:
        """List the members by peer id, except those that have left or have another id."""
        self._pause()
        with self._lock:
            for each in subscribers:
                row = self._rows.get(topic, {}).get(each.connection)
                if row is None or row.has_left or row.subscriber.peer != each.peer:
                    continue
                if row.listed_as != each.peer:
                    self._unlist(topic, row)
                self._listings.add(topic, each.peer or "", each)
                self._rows[topic][each.connection] = replace(row, listed_as=each.peer)

    def of_peer(self, topic: str, peer: str) -> list[Subscriber]:
        """Return the first and the last members that are listed under the peer id."""
        self._pause()
        with self._lock:
            return self._listings.of_peer(topic, peer, int(self._now()))

    def unlist(self, topic: str, subscribers: Sequence[Subscriber]) -> None:
        """Take the members off the list."""
        self._pause()
        with self._lock:
            for each in subscribers:
                row = self._rows.get(topic, {}).get(each.connection)
                if row is not None:
                    self._unlist(topic, row)

    def note_offer(
        self, topic: str, sender: Sender, peer: str, listed: Sequence[Subscriber]
    ) -> list[Subscriber]:
        """Note the offer for each that is listed."""
        self._pause()
        with self._lock:
            return self._listings.note_offer(topic, sender, peer, listed)

    def unanswered(self) -> list[Offer]:
        """Return the offers to members that were taken off the list."""
        with self._lock:
            return self._listings.unanswered(self._now())

    def forget_left(self, topic: str) -> None:
        """Delete the rows of clients that left."""
        rows = self._rows.get(topic, {})
        if len(rows) <= LEFT_ROWS:
            return
        then = int(1000 * self._now()) - LEFT_MILLISECONDS
        self._pause()
        with self._lock:
            left = [
                connection
                for connection, row in rows.items()
                if row.has_left and row.subscriber.requested_at < then
            ]
            for connection in left if len(left) > LEFT_ROWS else ():
                self._delete(topic, connection)

    def learn_peer(self, topic: str, connection: str, peer: str) -> None:
        """Update the row, if it is there and not marked."""
        self._pause()
        with self._lock:
            row = self._rows.get(topic, {}).get(connection)
            if row is not None and not row.has_left:
                self._rows[topic][connection] = row.with_peer(peer)

    def hold(self, topic: str, connection: str, signal: str) -> int:
        """Keep the signal in the row, if it is there, not marked, and has room for it."""
        self._pause()
        with self._lock:
            row = self._rows.get(topic, {}).get(connection)
            held = (*(row.held if row else ()), signal)
            is_kept = sum(len(each.encode()) for each in held) <= HELD_BYTES
            if row is None or row.has_left or not is_kept:
                return 0
            self._rows[topic][connection] = replace(row, held=held)
            return len(held)

    def take(self, topic: str, connection: str) -> list[str]:
        """Remove the signals from the row."""
        self._pause()
        with self._lock:
            row = self._rows.get(topic, {}).get(connection)
            if row is not None:
                self._rows[topic][connection] = replace(row, held=())
            return list(row.held) if row else []

    def held(self, topic: str, connection: str) -> list[str]:
        """Return the signals in the row."""
        self._pause()
        row = self._rows.get(topic, {}).get(connection)
        return list(row.held) if row else []

    def remove(self, topic: str, connections: Sequence[str]) -> None:
        """Delete the rows."""
        self._pause()
        with self._lock:
            for connection in {*connections} & {*self._rows.get(topic, {})}:
                self._delete(topic, connection)

    def remove_connection(self, connection: str) -> bool:
        """Delete rows of the connection, for about a millisecond."""
        self._pause()
        with self._lock:
            for topic in list(islice(self._topics.get(connection, ()), _REMOVED_AT_ONCE)):
                self._delete(topic, connection)
            return connection in self._topics

    def topics(self) -> list[str]:
        """Return every topic that has a row."""
        with self._lock:
            return list(self._rows)

    def _there(self, rows: Iterable[Row]) -> list[Subscriber]:
        now = int(self._now())
        return [row.member for row in rows if row.expires_at > now and not row.has_left]

    def _put(
        self, topic: str, subscriber: Subscriber, sender: Sender, has_left: bool = False
    ) -> None:
        rows = self._rows.setdefault(topic, {})
        new = Row(subscriber, sender.expires_at)
        if has_left and sender.connection in rows:
            self._unlist(topic, rows[sender.connection])
        known = rows.get(sender.connection, new)
        row = replace(known, subscriber=subscriber, expires_at=sender.expires_at, has_left=has_left)
        rows[sender.connection] = replace(row, held=()) if has_left else row
        self._topics.setdefault(sender.connection, set()).add(topic)

    def _delete(self, topic: str, connection: str) -> None:
        self._unlist(topic, self._rows[topic][connection])
        del self._rows[topic][connection]
        if not self._rows[topic]:
            del self._rows[topic]
        self._topics[connection].discard(topic)
        if not self._topics[connection]:
            del self._topics[connection]

    def _unlist(self, topic: str, row: Row) -> None:
        if row.listed_as is not None:
            connection = row.subscriber.connection
            self._listings.remove(topic, row.listed_as, connection)
            self._rows[topic][connection] = replace(row, listed_as=None)
