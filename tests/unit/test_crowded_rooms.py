"""Rooms in which so many are that y-webrtc may be full, and ignore announces."""

import random
from collections import deque
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


def heard_by(rooms: RoomsOf, connection: str) -> list[str]:
    sent = rooms.connections.sent
    return [frame["data"]["from"] for receiver, frame in sent if receiver == connection]


def test_a_newcomer_to_a_crowded_room_also_hears_of_some_members_later() -> None:
    rooms = crowd(CROWDED, "new")
    assert rooms.connections.receivers() == sorted(f"{number}" for number in range(CROWDED))
    rooms.do_what_was_postponed()
    assert rooms.connections.receivers() == ["new"] * HEARD
    assert len({*heard_by(rooms, "new")}) == HEARD


def test_a_newcomer_to_a_smaller_room_does_not() -> None:
    assert crowd(CROWDED - 1, "new").postponed == []


def test_a_newcomer_hears_of_nobody_who_came_after_it() -> None:
    rooms = crowd(CROWDED, "new")
    later = [f"later {number}" for number in range(20)]
    for each in later:
        rooms.announce(each, each)
    heard = set[str]()
    while rooms.postponed:
        rooms.connections.sent.clear()
        rooms.postponed.pop(0)()
        heard |= {*heard_by(rooms, "new")}
    assert heard and not heard & {*later}


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
    assert len(heard_by(rooms, "new")) == len({*heard_by(rooms, "new")}) == HEARD


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
    assert len({*heard_by(rooms, "10")} - {"10"}) == STRANGERS


@pytest.mark.parametrize("is_one_by_one", [False, True])
def test_two_that_lost_connections_are_introduced_in_one_direction(is_one_by_one: bool) -> None:
    """Whichever of them was chosen as a stranger by the other, and whoever was first."""
    rooms = crowd(CROWDED + 1)
    heard = set[tuple[str, str]]()
    for number in random.sample(range(CROWDED + 1), CROWDED + 1):
        rooms.announce(f"{number}", f"{number}")
        if is_one_by_one:
            rooms.do_what_was_postponed()
            heard |= {(to, frame["data"]["from"]) for to, frame in rooms.connections.sent}
    rooms.do_what_was_postponed()
    heard |= {(to, frame["data"]["from"]) for to, frame in rooms.connections.sent}
    assert len(heard) == len([*combinations(range(CROWDED + 1), 2)])
    assert not heard & {(one, other) for other, one in heard}


MOST = 20
"""Connections of a page that y-webrtc calls full, at the least."""


class Pages:
    """Pages as y-webrtc makes them: who is full ignores announces, but accepts offers."""

    def __init__(self) -> None:
        self.rooms = RoomsOf(postpones=True)
        self.connections: dict[str, set[str]] = {}
        self._heard = deque[tuple[str, str]]()

    def enter(self, name: str) -> None:
        self.connections[name] = set()
        self.rooms.announce(name, name)
        self._send()

    def hear(self) -> None:
        """Let all that was sent arrive, announces before the offers that answer them."""
        offers = []
        while self._heard:
            page, other = self._heard.popleft()
            connections = self.connections[page]
            if len(connections) < MOST and other not in connections:
                connections.add(other)
                offers.append((page, other))
        for page, other in offers:
            self.connections[other].add(page)

    def wait(self) -> None:
        while self.rooms.postponed:
            self.rooms.connections.sent.clear()
            self.rooms.postponed.pop(0)()
            self._send()
        self.hear()

    def _send(self) -> None:
        for page, frame in self.rooms.connections.sent:
            self._heard.append((page, frame["data"]["from"]))

    def reached_from(self, name: str) -> set[str]:
        reached, found = set[str](), {name}
        while found:
            reached |= found
            found = {other for each in found for other in self.connections[each]} - reached
        return reached


def test_who_comes_just_after_a_herd_that_is_full_is_not_left_alone() -> None:
    pages = Pages()
    for number in reversed(range(100, 160)):  # of two at one moment the greater name hears
        pages.enter(f"herd {number}")
    pages.hear()
    pages.enter("a late one")
    pages.hear()
    assert pages.connections["a late one"] == set()
    pages.wait()
    assert pages.reached_from("a late one") == {*pages.connections}
