"""Members of large rooms listed under their peer ids. Imported late: few rooms are large.

A large room has more rows, which list members under their peer ids. They expire with their
connections:

| key           |               |
|---------------|---------------|
| pk            | peers-<topic> |
| sk            | <characters of peer>:<peer>#<requested_at, 15 digits>#<id of the connection> |
| connection    | its id        |
| offers_<n>    | offers to it within ten seconds: for each the time, connection and peer id |

and `peer`, `requested_at`, `connected_at`, `expires_at`, `has_token` and `left_at` of its own row.
"""

from collections.abc import Iterator, Sequence

from signaling.aws.counts import offers, recent
from signaling.aws.operations import RequestError
from signaling.aws.rows import (
    Row,
    listing_key,
    listing_prefix,
    listings_of,
    peers_key,
)
from signaling.aws.table import Table
from signaling.aws.updates import (
    moved_offers,
    new_listing,
    note_of_leaving_in_listing,
    note_of_listing,
    note_of_offer,
    removal,
)
from signaling.bounds import LISTED_FIRST, LISTED_LAST
from signaling.ports import Offer, Sender, Subscriber
from signaling.topics import topic_of


class Listings:
    """The rows that list members."""

    def __init__(self, table: Table) -> None:
        """Keep them in `table`."""
        self._table = table
        self._unanswered: list[tuple[int, Offer]] = []

    def list_peers(self, topic: str, subscribers: Sequence[Subscriber]) -> None:
        """Write a row for each, and note it in its own row: 3 write units.

        The row is written before it is noted, and a member that leaves in between is found absent
        when it is noted. So either the member sees the note as it leaves and deletes the row, or
        the row is deleted here.
        """
        members = list({each.connection: each for each in subscribers}.values())
        self._table.attempt([new_listing(topic, each) for each in members])
        notes = [note_of_listing(topic, each) for each in members]
        gone = []
        for each, answer in zip(members, self._table.attempt(notes), strict=True):
            own = listing_key(topic, each)
            if isinstance(answer, RequestError):
                gone.append(own)
                continue
            for former in listings_of(answer):
                if former["sk"]["S"].startswith(listing_prefix(each.peer or "")):
                    self._move(former, own)
                else:
                    gone.append(former)
        self.delete(gone)

    def _move(self, former: Row, own: Row) -> None:
        """Move the offers to a member that two have listed, with different times, to one row."""
        if former == own:
            return
        for answer in self._table.delete_each([removal(former)]):
            row = answer.get("Attributes", {})
            noted = {name: row[name] for name in offers(0) if name in row}
            if noted and not self._table.write([moved_offers(own, noted)]):
                self._unanswered += _offers_in(row)

    def unlist(self, topic: str, subscribers: Sequence[Subscriber]) -> None:
        """Delete the rows that list `subscribers`."""
        self.delete([listing_key(topic, each) for each in subscribers])

    def delete(self, keys: Sequence[Row]) -> None:
        """Delete rows, and keep the offers in them for `unanswered`: a request for each."""
        for answer in self._table.delete_each([removal(key) for key in keys]):
            self._unanswered += _offers_in(answer.get("Attributes", {}))

    def note_leaving(self, keys: Sequence[Row], sender: Sender) -> None:
        """Note in rows when their member left that is back, and keep the offers in them likewise.

        The row stays: the member may need it by now.
        """
        for answer in self._table.write([note_of_leaving_in_listing(key, sender) for key in keys]):
            self._unanswered += _offers_in(answer["Attributes"])

    def note_offer(
        self, topic: str, sender: Sender, peer: str, listed: Sequence[Subscriber]
    ) -> list[Subscriber]:
        """Update the row of each: 1 write unit, and 1 more if it has many offers already.

        An offer is noted only in a row that is there, and whoever deletes the row gets what it has.
        So of an offer and the leaving of its addressee, the one that is handled later sees the
        other. A row that has too many offers is only read.
        """
        notes = [note_of_offer(topic, sender, peer, each) for each in listed]
        answers = list(zip(listed, self._table.attempt(notes), strict=True))
        there = [each for each, answer in answers if not isinstance(answer, RequestError)]
        if len(there) < len(listed):
            found = {each.connection for each in self.of_peer(topic, listed[0].peer or "")}
            there = [each for each in listed if each in there or each.connection in found]
        return there

    def unanswered(self) -> list[Offer]:
        """Return what `delete` has found, except what is from long before."""
        found, self._unanswered = self._unanswered, []
        return recent(found, self._table.now())

    def of_peer(self, topic: str, peer: str) -> list[Subscriber]:
        """Query consistently the first rows that list the peer, and the last if there are more."""
        rows = self._listed(topic, peer, LISTED_FIRST, is_forward=True)
        if len(rows) == LISTED_FIRST:
            rows += reversed(self._listed(topic, peer, LISTED_LAST, is_forward=False))
        return list({each.connection: each for each in self._table.subscribers(rows)}.values())

    def _listed(self, topic: str, peer: str, most: int, is_forward: bool) -> list[Row]:
        values = {"pk": peers_key(topic), "peer": listing_prefix(peer)}
        condition = "pk = :pk AND begins_with(sk, :peer)"
        return next(self._table.read(condition, values, ScanIndexForward=is_forward, Limit=most))


def _offers_in(row: Row) -> Iterator[tuple[int, Offer]]:
    """Yield the offers in a row that listed their addressee, each with its time."""
    for name in offers(0):
        for offer in row.get(name, {"SS": []})["SS"]:
            at, connection, peer = offer.split(" ", 2)
            topic = topic_of(f"topic{row['pk']['S'].removeprefix('peers')}")
            addressee = row["connection"]["S"]
            yield int(at), Offer(topic, row["peer"]["S"], addressee, connection, peer)
