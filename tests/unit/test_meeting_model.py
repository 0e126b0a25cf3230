"""Whatever is handled first, pairs that stay are introduced, and in one direction."""

import json
from math import factorial

import pytest

from signaling.introductions import SAME_MOMENT_MILLISECONDS
from signaling.standing import NEW_MILLISECONDS
from tests.support.interleavings import Heard, Said, Table, handled_in_every_order
from tests.support.messages import encrypted
from tests.support.model import (
    NOW,
    announce,
    enter,
    enter_long_ago,
    introductions_of,
    peer,
    room_of,
    unsubscribe,
)

OPEN = [*enter("a", NOW, peer("C")), *enter("b", NOW + 1, peer("A")), *enter("c", NOW, peer("B"))]
ENCRYPTED = [
    each
    for number, connection in enumerate("abc")
    for each in enter(connection, NOW + number, encrypted(filling=connection.encode()))
]
SAME_MILLISECOND = [each._replace(at=NOW) for each in OPEN]
IN_TURN = [*OPEN[:4], *enter("c", NOW, peer("B"), connected_at=NOW + 2 * SAME_MOMENT_MILLISECONDS)]
SLOW = [*OPEN[:4], *enter("c", NOW + 2 * NEW_MILLISECONDS, peer("B"))]


@pytest.mark.parametrize("said", [OPEN, ENCRYPTED, SAME_MILLISECOND, IN_TURN, SLOW])
def test_three_that_come_are_introduced_in_one_direction_whatever_is_handled_first(
    said: list[Said],
) -> None:
    assert introductions_of(said, "abc", Table()) == {1}


def test_really_every_order_is_tried() -> None:
    """Three subscribe, and three write, read and send, which each does in this order."""
    assert handled_in_every_order(OPEN, Table()).orders == factorial(12) // factorial(3) ** 3


@pytest.mark.parametrize("connected_at", [0, NOW])
def test_who_was_there_is_introduced_in_one_direction_even_if_it_announces_itself_again(
    connected_at: int,
) -> None:
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


@pytest.mark.parametrize("leaving", [unsubscribe("c", NOW + 2), Said("c", NOW + 2, None)])
def test_those_who_stay_are_introduced_in_one_direction_while_another_leaves(leaving: Said) -> None:
    assert introductions_of([*OPEN, leaving], "ab", Table()) == {1}


def test_a_client_that_announces_itself_twice_is_introduced_in_one_direction() -> None:
    said = [*OPEN[:4], announce("a", NOW + 3, peer("C"))]
    assert introductions_of(said, "ab", Table()) == {1}


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
