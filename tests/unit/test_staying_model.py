"""Whatever is handled first, members that lost each other meet again."""

import json
from collections.abc import Sequence

import pytest

from signaling.standing import AGAIN_MILLISECONDS, NEW_MILLISECONDS
from tests.support.interleavings import Heard, Said, Table, handled_in_every_order
from tests.support.messages import encrypted
from tests.support.model import directions, enter_long_ago, handle, introductions_of, room_of
from tests.support.saying import NOW, again, announce, enter, peer

A, B = again("a", NOW), again("b", NOW + 1)
LOST = {
    "at once": ([*A, *again("b", NOW)], "abc", "ab"),
    "one after the other": ([*A, *B], "abc", "ab"),
    "one long after the other": ([*A, *again("b", NOW + 3_000)], "abc", "ab"),
    # y-webrtc announces itself at the error, and when it has closed.
    "after an error": ([*A, announce("a", NOW + 2, peer("a"), 0), *B], "ab", "ab"),
    "three": ([*A, *B, announce("c", NOW, peer("c"), 0)], "abc", "abc"),
    "beside a newcomer": ([*A, *enter("n", NOW, peer("n"))], "a", "an"),
}
"""What those say who lost connections, who is in the room, and who has to meet."""


@pytest.mark.parametrize(("said", "members", "meeting"), LOST.values(), ids=LOST)
def test_they_meet_again_in_one_direction(said: Sequence[Said], members: str, meeting: str) -> None:
    assert introductions_of(said, meeting, room_of(*members)) == {1}


@pytest.mark.parametrize("later", [30_000, AGAIN_MILLISECONDS - 1])
def test_an_end_that_notices_late_is_waited_for(later: int) -> None:
    table = room_of("a", "b", "c")
    first, then = again("a", NOW), again("b", NOW + later)
    for each in first:
        handle(table, each)
    ends = handled_in_every_order(then, table)
    assert {directions(heard, first[-1], then[-1]) for heard in ends.heard} == {1}


def test_both_ends_meet_again_behind_a_password() -> None:
    of_a, of_b = encrypted(filling=b"a"), encrypted(filling=b"b")
    table = Table()
    for connection, data in (("a", of_a), ("b", of_b)):
        enter_long_ago(table, connection, data)
    said = [*again("a", NOW, of_a), *again("b", NOW + 1, of_b)]
    assert introductions_of(said, "ab", table) == {1}


def test_an_offer_is_made_to_nobody_that_has_not_noticed() -> None:
    """Its old connection would take the offer, and then end: the new one would never open.

    It may ignore an announce instead, and when it has noticed it is the one to be announced.
    """
    table = room_of("a", "b")
    for each in [*again("a", NOW), *again("b", NOW + 5)]:
        handle(table, each)
    first, then = again("a", NOW + 15_000), again("b", NOW + 45_000)
    noticed = handled_in_every_order(first, table)
    assert all(not of(heard, "a") for heard in noticed.heard)
    (after,) = noticed.tables
    assert all(of(heard, "a") for heard in handled_in_every_order(then, after).heard)


def of(heard: frozenset[Heard], connection: str) -> list[Heard]:
    return [each for each in heard if each.connection == connection]


def test_who_still_has_its_connections_hears_of_nobody() -> None:
    ends = handled_in_every_order([*again("a", NOW), *again("b", NOW)], room_of("a", "b", "c"))
    assert not any(each.connection == "c" for heard in ends.heard for each in heard)


def passes(table: Table, said: Sequence[Said]) -> set[Heard]:
    """Return what is heard while messages are handled one after the other."""
    heard: set[Heard] = set()
    for each in said:
        ends = handled_in_every_order([each], table)
        heard |= {frame for frames in ends.heard for frame in frames}
        table.become(ends.tables[0])
    return heard


SLEPT = NOW + 40_000


@pytest.mark.parametrize("later", [1, NEW_MILLISECONDS // 2, 2 * NEW_MILLISECONDS, 30_000])
def test_a_page_that_wakes_on_a_new_connection_gets_no_offer_before_it_notices(later: int) -> None:
    """The other end noticed while it slept. Its old connection would take the offer, and end."""
    table = room_of("a", "c")
    passes(table, again("a", NOW))
    assert passes(table, enter("s", SLEPT, peer("s"))) == heard_in("s of a", "c of s")
    assert passes(table, again("s", SLEPT + later)[1:]) & heard_in("s of a", "a of s")


def test_a_page_that_noticed_before_it_connected_again_meets_an_end_that_notices_later() -> None:
    table = room_of("a", "c")
    passes(table, enter("s", NOW, peer("s")))
    assert passes(table, again("a", NOW + 25_000)) == heard_in("s of a")


@pytest.mark.parametrize("late", [350, 600, 1_500])
@pytest.mark.parametrize("is_first_late", [False, True])
def test_ends_that_are_handled_late_meet_in_one_direction(late: int, is_first_late: bool) -> None:
    """As where one meets a cold start, so that the other is passed on by what was said before."""
    table = room_of("a", "b", "c")
    passes(table, [*again("a", NOW - 20_000), *again("b", NOW - 19_995)])
    in_turn = [("b", 2, 0), ("a", 0, late)] if is_first_late else [("a", 0, 0), ("b", 2, late)]
    heard = set[Heard]()
    for connection, at, waited in in_turn:
        heard |= passes(table, again(connection, NOW + at, waited=waited))
    assert len(heard & heard_in("a of b", "b of a")) == 1


def heard_in(*pairs: str) -> set[Heard]:
    """Return who hears of whom: "a of b"."""
    each = (pair.split(" of ") for pair in pairs)
    return {Heard(hearer, json.dumps(peer(of))) for hearer, of in each}


def test_a_connection_that_breaks_at_once_is_made_again_in_one_direction() -> None:
    """The newcomer is still new when it announces itself again, and the other end is not."""
    soon = NOW + NEW_MILLISECONDS // 2
    table = room_of("a")
    for each in enter("n", NOW, peer("n")):
        handle(table, each)
    said = [announce("n", soon, peer("n")), *again("a", soon + 1)]
    assert introductions_of(said, "an", table) == {1}
