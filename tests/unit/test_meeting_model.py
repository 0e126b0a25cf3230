"""Whatever is handled first, pairs that stay are introduced, and in one direction."""

import json
from math import factorial

import pytest

from signaling.introductions import SAME_MOMENT_MILLISECONDS
from signaling.standing import NEW_MILLISECONDS
from tests.support.interleavings import Heard, Said, Table, handled_in_every_order
from tests.support.messages import encrypted
from tests.support.model import enter_long_ago, introductions_of, room_of
from tests.support.saying import NOW, announce, enter, peer, unsubscribe

OPEN = [*enter("a", NOW, peer("C")), *enter("b", NOW + 1, peer("A")), *enter("c", NOW, peer("B"))]
ENCRYPTED = [
    each
    for number, connection in enumerate("abc")
    for each in enter(connection, NOW + number, encrypted(filling=connection.encode()))
]
TWO, MUCH_LATER = OPEN[:4], NOW + 2 * SAME_MOMENT_MILLISECONDS
COMING = {
    "open": (OPEN, "abc"),
    "behind a password": (ENCRYPTED, "abc"),
    "in one millisecond": ([each._replace(at=NOW) for each in OPEN], "abc"),
    "one connected later": ([*TWO, *enter("c", NOW, peer("B"), MUCH_LATER)], "abc"),
    "one is slow": ([*TWO, *enter("c", NOW + 2 * NEW_MILLISECONDS, peer("B"))], "abc"),
    "one leaves": ([*OPEN, unsubscribe("c", NOW + 2)], "ab"),
    "one disconnects": ([*OPEN, Said("c", NOW + 2, None)], "ab"),
    "one announces itself twice": ([*TWO, announce("a", NOW + 3, peer("C"))], "ab"),
}
"""What those say who come, and who of them stays."""


@pytest.mark.parametrize(("said", "staying"), COMING.values(), ids=COMING)
def test_those_who_come_are_introduced_in_one_direction(said: list[Said], staying: str) -> None:
    assert introductions_of(said, staying, Table()) == {1}


def test_really_every_order_is_tried() -> None:
    """Three subscribe, and three write, read and send, which each does in this order."""
    assert handled_in_every_order(OPEN, Table()).orders == factorial(12) // factorial(3) ** 3


@pytest.mark.parametrize("connected_at", [0, NOW])
def test_who_was_there_and_says_so_again_is_introduced_in_one_direction(connected_at: int) -> None:
    """Also to somebody whose connection is the older one, as when it has been in another room."""
    table = Table()
    enter_long_ago(table, "m", connected_at=NOW // 2)
    said = [*enter("n", NOW, peer("n"), connected_at), announce("m", NOW, peer("m"), NOW // 2)]
    assert introductions_of(said, "nm", table) == {1}


@pytest.mark.parametrize("name", ["0", "z"])
def test_who_comes_never_hears_of_a_page_that_enters_again_as_it_goes(name: str) -> None:
    going = [unsubscribe("m", NOW), *enter("m", NOW + 1, peer("m"), 0), Said("m", NOW + 3, None)]
    said = [*going, *enter("n", NOW, peer(name), connected_at=NOW)]
    ends = handled_in_every_order(said, room_of("m"))
    assert not any(Heard("n", json.dumps(peer("m"))) in heard for heard in ends.heard)


def entering_again(name: str) -> list[Said]:
    return [
        unsubscribe("m", NOW),
        *enter("m", NOW + 1, peer("again"), connected_at=0),
        *enter("n", NOW, peer(name)),
    ]


@pytest.mark.parametrize("name", ["0", "z"])
def test_who_leaves_and_enters_again_is_introduced(name: str) -> None:
    assert introductions_of(entering_again(name), "mn", Table()) == {1}
    # In both directions only where one was handled while the other had not left for the table.
    assert 0 not in introductions_of(entering_again(name), "mn", room_of("m"))


def test_the_announce_of_a_peer_that_left_is_in_no_row_once_its_page_has_entered_again() -> None:
    rows = handled_in_every_order(entering_again("n"), room_of("m")).rows
    again = [each for each in rows if each.requested_at >= NOW]
    assert again and not [each for each in again if '"m"' in (each.announce or "")]
