"""Members of large rooms listed under their peer ids. Imported late: few rooms are large.

A large room has more rows, which list members under their peer ids. They are never changed, and
expire with their connections:

| key           |               |
|---------------|---------------|
| pk            | peers-<topic> |
| sk            | <characters of peer>:<peer>#<requested_at, 15 digits>#<id of the connection> |
| connection    | its id        |

and `peer`, `requested_at`, `connected_at`, `expires_at` and `has_token` of its own row.
"""

from collections.abc import Sequence

from signaling.aws.operations import RequestError
from signaling.aws.rows import (
    Row,
    listing,
    listing_key,
    listing_prefix,
    listings_of,
    peers_key,
)
from signaling.aws.table import Table
from signaling.aws.updates import note_of_listing
from signaling.bounds import LISTED_FIRST, LISTED_LAST
from signaling.ports import Subscriber


class Listings:
    """The rows that list members."""

    def __init__(self, table: Table) -> None:
        """Keep them in `table`."""
        self._table = table

    def list_peers(self, topic: str, subscribers: Sequence[Subscriber]) -> None:
        """Put one row for each, 25 per request, and note it in its own row: 3 write units.

        The row is put before it is noted, and a member that leaves in between is found absent when
        it is noted. So either the member sees the note as it leaves and deletes the row, or the row
        is deleted here.
        """
        members = list({each.connection: each for each in subscribers}.values())
        self._table.put([listing(topic, each) for each in members])
        notes = [note_of_listing(topic, each) for each in members]
        left, former = [], []
        for each, answer in zip(members, self._table.attempt(notes), strict=True):
            if isinstance(answer, RequestError):
                left.append(listing_key(topic, each))
            else:
                former += listings_of(topic, answer)
        new = [listing_key(topic, each) for each in members]
        self._table.delete([*left, *(key for key in former if key not in new)])

    def unlist(self, topic: str, subscribers: Sequence[Subscriber]) -> None:
        """Delete the rows that list `subscribers`, 25 per request."""
        self._table.delete([listing_key(topic, each) for each in subscribers])

    def of_peer(self, topic: str, peer: str) -> list[Subscriber]:
        """Query consistently the first rows that list the peer, and the last if there are more."""
        rows = self._listed(topic, peer, LISTED_FIRST, is_forward=True)
        if len(rows) == LISTED_FIRST:
            rows += reversed(self._listed(topic, peer, LISTED_LAST, is_forward=False))
        return list({each.connection: each for each in self._table.subscribers(rows)}.values())

    def _listed(self, topic: str, peer: str, most: int, is_forward: bool) -> list[Row]:
        return next(
            self._table.query(
                self._table.deadlines.table,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :peer)",
                ExpressionAttributeValues={
                    ":pk": {"S": peers_key(topic)},
                    ":peer": {"S": listing_prefix(peer)},
                },
                ConsistentRead=True,
                ScanIndexForward=is_forward,
                Limit=most,
            )
        )
