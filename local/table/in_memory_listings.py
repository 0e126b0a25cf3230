"""Members of rooms in memory, listed under their peer ids."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from signaling.aws.counts import offers, recent
from signaling.bounds import LISTED_FIRST, LISTED_LAST, OFFERS_NOTED
from signaling.ports import Offer, Sender, Subscriber, expiry_of


class _Listing(NamedTuple):
    member: Subscriber
    offers: dict[str, set[tuple[int, Offer]]]
    """By the name of the attribute that has them in DynamoDB; each with its time."""


class Listings:
    """The lists of all topics."""

    def __init__(self) -> None:
        self._listed: dict[str, dict[str, dict[str, _Listing]]] = defaultdict(dict)
        self._unanswered: list[tuple[int, Offer]] = []

    def add(self, topic: str, peer: str, member: Subscriber) -> None:
        """List a member under its peer id, or leave it listed."""
        own = member._replace(announce=None, entered_at=None, announces=0)
        known = self._under(topic, peer).get(own.connection)
        listing = known._replace(member=own) if known else _Listing(own, {})
        self._listed[topic].setdefault(peer, {})[own.connection] = listing

    def of_peer(self, topic: str, peer: str, now: int) -> list[Subscriber]:
        """Return the first and the last members that are listed under the peer id."""
        listed = (each.member for each in self._under(topic, peer).values())
        order = sorted(listed, key=lambda each: (each.requested_at, each.connection))
        there = [each for each in order if expiry_of(each.connected_at) > now]
        first, rest = there[:LISTED_FIRST], there[LISTED_FIRST:]
        return first + rest[-LISTED_LAST:]

    def note_offer(
        self, topic: str, sender: Sender, peer: str, listed: Sequence[Subscriber]
    ) -> list[Subscriber]:
        """Note an offer for each member that is listed and has not too many; return the listed."""
        current, _, *others, _ = offers(sender.requested_at)
        there = []
        for each in listed:
            listing = self._under(topic, each.peer or "").get(each.connection)
            if listing is None:
                continue
            there.append(each)
            noted = listing.offers.setdefault(current, set())
            if len(noted) < OFFERS_NOTED:
                to = each.peer or ""
                offer = Offer(topic, to, each.connection, sender.connection, peer)
                noted.add((sender.requested_at, offer))
                for name in others:
                    listing.offers.pop(name, None)
        return there

    def note_leaving(self, topic: str, peer: str, sender: Sender) -> None:
        """Note when a member left that is back, and keep the offers to it for `unanswered`."""
        connection = sender.connection
        if listing := self._under(topic, peer).get(connection):
            self._give_up(listing)
            member = listing.member._replace(left_at=sender.requested_at)
            self._listed[topic][peer][connection] = _Listing(member, {})

    def _give_up(self, listing: _Listing) -> None:
        for noted in listing.offers.values():
            self._unanswered += sorted(noted)

    def remove(self, topic: str, peer: str, connection: str) -> None:
        """Take a member off the list, and keep the offers to it for `unanswered`."""
        peers = self._listed.get(topic, {})
        listing = peers.get(peer, {}).pop(connection, None)
        if listing is not None:
            self._give_up(listing)
        if not peers.get(peer, True):
            del peers[peer]
        if not peers:
            self._listed.pop(topic, None)

    def unanswered(self, now: float) -> list[Offer]:
        """Return the offers of the last seconds to members that `remove` took off the list."""
        found, self._unanswered = self._unanswered, []
        return recent(found, now)

    def _under(self, topic: str, peer: str) -> dict[str, _Listing]:
        return self._listed.get(topic, {}).get(peer, {})
