"""Whatever is handled first, a page that has left is met by no other."""

import json
from collections.abc import Sequence

import pytest

from signaling.standing import NEW_MILLISECONDS
from tests.support.interleavings import Heard, Said, Table, handled_in_every_order
from tests.support.model import handle, introductions_of, room_of
from tests.support.saying import NOW, again, announce, enter, peer, unsubscribe


def left(connection: str, *others: str) -> Table:
    """Return a room of which `connection` left now."""
    table = room_of(connection, *others)
    handle(table, unsubscribe(connection, NOW))
    return table


GONE = [*enter("m", NOW + 1, peer("m"), 0), announce("m", NOW + 2, peer("m"), 0)]
"""What y-webrtc says after a page has left: its connections close one after the other."""


@pytest.mark.parametrize("closing", [[], [Said("m", NOW + 3, None)]], ids=["destroyed", "closed"])
def test_nobody_hears_of_who_has_left(closing: Sequence[Said]) -> None:
    said = [*GONE, *closing, announce("a", NOW + 2, peer("a"), 0)]
    assert not heard_of(handled_in_every_order(said, left("m", "a", "b")).heard, "m")


def test_a_newcomer_does_not_hear_of_who_has_left() -> None:
    ends = handled_in_every_order([*GONE[:2], *enter("n", NOW + 2, peer("n"))], left("m", "a"))
    assert not heard_of(ends.heard, "m")
    assert all(Heard("a", json.dumps(peer("n"))) in heard for heard in ends.heard)


def test_who_came_back_hears_of_the_others_even_if_its_leaving_is_handled_last() -> None:
    said = [unsubscribe("m", NOW), *enter("m", NOW + 1, peer("m"), 0)]
    ends = handled_in_every_order(said, room_of("m", "a"))
    assert all(Heard("m", json.dumps(peer("a"))) in heard for heard in ends.heard)
    assert not heard_of(ends.heard, "m")


def test_who_came_back_meets_who_noticed_that_in_one_direction() -> None:
    said = [*enter("m", NOW + 1, peer("m"), 0), *again("a", NOW + 2)]
    assert introductions_of(said, "ma", left("m", "a")) == {1}


def test_two_that_came_back_at_once_meet_in_one_direction() -> None:
    table = left("m", "a")
    handle(table, unsubscribe("a", NOW))
    said = [*enter("m", NOW + 1, peer("m"), 0), *enter("a", NOW + 1, peer("a"), 0)]
    assert introductions_of(said, "ma", table) == {1}


def test_a_page_that_comes_back_later_on_its_connection_is_a_newcomer() -> None:
    """Whatever the peer that was there before it said when it left."""
    table = left("m", "a")
    for each in GONE:
        handle(table, each)
    ends = handled_in_every_order(enter("m", NOW + 3 * NEW_MILLISECONDS, peer("m2"), 0), table)
    assert ends.heard == {frozenset({Heard("a", json.dumps(peer("m2")))})}


def heard_of(heard: set[frozenset[Heard]], gone: str) -> bool:
    return any(each.announce == json.dumps(peer(gone)) for those in heard for each in those)
