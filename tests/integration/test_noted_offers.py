"""What every adapter of the port `Subscriptions` does with offers to members of large rooms."""

from collections.abc import Callable

import pytest

from signaling.bounds import OFFER_MILLISECONDS, OFFERS_NOTED
from signaling.ports import Offer, Subscriber, Subscriptions
from tests.support.subscriptions import CONNECTED_AT, announced, sender

NOW = CONNECTED_AT
"""The time on the clock of every adapter, epoch milliseconds."""


def offer(
    subscriptions: Subscriptions, connection: str = "b", at: int = NOW, to: str = "A"
) -> list[str]:
    """Note an offer, and return the connections of those who are there."""
    listed = subscriptions.of_peer("room", to)
    noted = subscriptions.note_offer("room", sender(connection, at), connection.upper(), listed)
    return [each.connection for each in noted]


def list_peer(subscriptions: Subscriptions, connection: str, peer: str = "A") -> Subscriber:
    own = announced(subscriptions, connection, peer, at=NOW)
    subscriptions.list_peers("room", [own])
    return own


def list_as_another(subscriptions: Subscriptions) -> None:
    subscriptions.list_peers("room", [announced(subscriptions, "a", "A2", at=NOW + 1)])


def announce_and_leave(subscriptions: Subscriptions) -> None:
    announced(subscriptions, "a", "A", at=NOW + 2)
    subscriptions.unsubscribe(["room"], sender("a", at=NOW + 1))
    assert [each.left_at for each in subscriptions.of_peer("room", "A")] == [NOW + 1]


WAYS_TO_GO: dict[str, Callable[[Subscriptions], object]] = {
    "it leaves": lambda each: each.unsubscribe(["room"], sender("a", at=NOW + 1)),
    "it leaves, and a later announce is handled before": announce_and_leave,
    "it disconnects": lambda each: each.remove_connection("a"),
    "it is found gone": lambda each: each.remove("room", ["a"]),
    "a signal finds it gone": lambda each: each.unlist("room", each.of_peer("room", "A")),
    "it is another peer": list_as_another,
}


@pytest.mark.parametrize("how", WAYS_TO_GO)
def test_an_offer_is_unanswered_once_its_addressee_has_gone(
    subscriptions: Subscriptions, how: str
) -> None:
    list_peer(subscriptions, "a")
    assert offer(subscriptions) == ["a"]
    assert subscriptions.unanswered() == []
    WAYS_TO_GO[how](subscriptions)
    assert subscriptions.unanswered() == [Offer("room", "A", "a", "b", "B")]
    assert subscriptions.unanswered() == []


def test_an_offer_to_one_that_has_just_gone_is_not_noted(subscriptions: Subscriptions) -> None:
    list_peer(subscriptions, "a")
    list_peer(subscriptions, "c")
    listed = subscriptions.of_peer("room", "A")
    subscriptions.unsubscribe(["room"], sender("a", at=NOW + 1))
    there = subscriptions.note_offer("room", sender("b", NOW), "B", listed)
    assert [each.connection for each in there] == ["c"]
    assert subscriptions.unanswered() == []


@pytest.mark.parametrize(
    ("before", "is_told"),
    [(0, True), (2 * OFFER_MILLISECONDS, True), (2 * OFFER_MILLISECONDS + 1, False)],
)
def test_what_was_offered_long_ago_has_been_answered(
    subscriptions: Subscriptions, before: int, is_told: bool
) -> None:
    list_peer(subscriptions, "a")
    offer(subscriptions, at=NOW - before)
    subscriptions.remove("room", ["a"])
    assert bool(subscriptions.unanswered()) == is_told


def test_an_offer_that_is_handled_late_removes_no_newer_one(subscriptions: Subscriptions) -> None:
    list_peer(subscriptions, "a")
    for connection, at in (("later", NOW + OFFER_MILLISECONDS), ("earlier", NOW)):
        offer(subscriptions, connection, at)
    subscriptions.remove("room", ["a"])
    assert {each.connection for each in subscriptions.unanswered()} == {"later", "earlier"}


def test_many_offers_do_not_keep_later_ones_from_being_noted(subscriptions: Subscriptions) -> None:
    list_peer(subscriptions, "a")
    for number in range(2 * OFFERS_NOTED):
        assert offer(subscriptions, f"b{number}") == ["a"]
    assert offer(subscriptions, at=NOW + 2 * OFFER_MILLISECONDS) == ["a"]
    assert offer(subscriptions, "last", at=NOW + 8 * OFFER_MILLISECONDS) == ["a"]  # named alike
    subscriptions.remove("room", ["a"])
    assert {each.connection for each in subscriptions.unanswered()} == {"last"}


def test_of_many_offers_at_one_moment_some_are_noted(subscriptions: Subscriptions) -> None:
    list_peer(subscriptions, "a")
    for number in range(2 * OFFERS_NOTED):
        offer(subscriptions, f"b{number}")
    subscriptions.remove("room", ["a"])
    assert len(subscriptions.unanswered()) == OFFERS_NOTED


def test_who_is_listed_again_keeps_the_offers_to_it(subscriptions: Subscriptions) -> None:
    own = list_peer(subscriptions, "a")
    offer(subscriptions)
    subscriptions.list_peers("room", [own])  # as another that read its row before may do
    subscriptions.list_peers("room", [own._replace(requested_at=NOW + 1)])
    assert subscriptions.unanswered() == []
    assert [each.connection for each in subscriptions.of_peer("room", "A")] == ["a"]
    subscriptions.remove("room", ["a"])
    assert [each.connection for each in subscriptions.unanswered()] == ["b"]


def test_a_topic_and_peers_are_told_as_they_are_called(subscriptions: Subscriptions) -> None:
    topic, to, peer = "peers- \ud800\\", "A #1", "B with spaces"
    own = announced(subscriptions, "a=", to, NOW, topic)
    subscriptions.list_peers(topic, [own])
    subscriptions.note_offer(topic, sender("b=", NOW), peer, [own])
    subscriptions.remove_connection("a=")
    assert subscriptions.unanswered() == [Offer(topic, to, "a=", "b=", peer)]
