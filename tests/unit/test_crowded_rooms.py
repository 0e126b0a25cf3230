"""Rooms in which so many are that y-webrtc may be full, and ignore announces."""

import random
from itertools import combinations

import pytest

from signaling.crowded_rooms import HEARD
from signaling.introductions import CROWDED, STRANGERS
from tests.support.rooms import RoomsOf


def crowd(size: int, newcomer: str = "") -> RoomsOf:
    """Return a room that members 0 to `size` - 1 entered in turn, some time ago.

    If there is a `newcomer`, it has just announced itself.
    """
    rooms = RoomsOf(postpones=True)
    for number in range(size):
        rooms.announce(f"{number}", f"{number}")
        rooms.wait()
    rooms.postponed.clear()
    if newcomer:
        rooms.announce(newcomer, newcomer)
    return rooms


def do_next(rooms: RoomsOf) -> list[tuple[str, str]]:
    """Do what was postponed first, and return who hears of whom."""
    rooms.connections.sent.clear()
    rooms.postponed.pop(0)()
    return rooms.heard()


def test_a_newcomer_to_a_crowded_room_also_hears_of_some_members_later() -> None:
    assert crowd(CROWDED - 1, "new").postponed == []
    rooms = crowd(CROWDED, "new")
    assert rooms.connections.receivers() == sorted(f"{number}" for number in range(CROWDED))
    rooms.do_what_was_postponed()
    assert rooms.connections.receivers() == ["new"] * HEARD
    assert len({*rooms.heard()}) == HEARD


def test_a_newcomer_hears_of_nobody_who_came_after_it() -> None:
    rooms = crowd(CROWDED, "new")
    later = [f"later {number}" for number in range(20)]
    for each in later:
        rooms.announce(each, each)
    pairs = [pair for _ in later for pair in do_next(rooms)] + do_next(rooms)
    heard_of = {other for receiver, other in pairs if receiver == "new"}
    assert heard_of and not heard_of & {*later}


def test_a_newcomer_that_has_left_meanwhile_hears_nothing() -> None:
    rooms = crowd(CROWDED, "new")
    rooms.send("new", type="unsubscribe", topics=["room"])
    rooms.do_what_was_postponed()
    assert rooms.connections.sent == []


def test_a_newcomer_that_announces_itself_twice_hears_of_some_members_once() -> None:
    """Each time that somebody waits costs a function's time."""
    rooms = crowd(CROWDED, "new")
    for _ in range(2):
        rooms.announce("new", "new")
    rooms.do_what_was_postponed()
    assert len(rooms.heard()) == len({*rooms.heard()}) == HEARD


def test_members_that_are_found_gone_are_removed() -> None:
    rooms = crowd(CROWDED, "new")
    rooms.connections.lose(*rooms.members())
    rooms.do_what_was_postponed()
    assert len(rooms.members()) == CROWDED + 1 - HEARD


def test_who_lost_a_connection_hears_of_some_others() -> None:
    rooms = crowd(CROWDED + 1)
    rooms.announce("10", "10")
    rooms.do_what_was_postponed()
    assert rooms.connections.receivers() == ["10"] * STRANGERS
    assert len({*rooms.heard()} - {("10", "10")}) == STRANGERS


@pytest.mark.parametrize("is_one_by_one", [False, True])
def test_two_that_lost_connections_are_introduced_in_one_direction(is_one_by_one: bool) -> None:
    """Whichever of them was chosen as a stranger by the other, and whoever was first."""
    rooms = crowd(CROWDED + 1)
    pairs = set[tuple[str, str]]()
    for number in random.sample(range(CROWDED + 1), CROWDED + 1):
        rooms.announce(f"{number}", f"{number}")
        if is_one_by_one:
            rooms.do_what_was_postponed()
            pairs |= {*rooms.heard()}
    rooms.do_what_was_postponed()
    pairs |= {*rooms.heard()}
    assert len(pairs) == len([*combinations(range(CROWDED + 1), 2)])
    assert not pairs & {(one, other) for other, one in pairs}
