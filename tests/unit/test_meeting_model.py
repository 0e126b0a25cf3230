"""Whatever is handled first, pairs that stay are introduced, and in one direction."""

import json
from collections.abc import Sequence
from math import factorial
from typing import Any

import pytest

from signaling import small_rooms
from signaling.introductions import SAME_MOMENT_MILLISECONDS, introduce
from signaling.ports import Sender, Subscriber
from signaling.protocol import Announce, Publish
from signaling.rooms import Handled, Rooms
from signaling.standing import NEW_MILLISECONDS
from tests.support.interleavings import ROOM, Heard, Said, Table, handled_in_every_order
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
def test_those_who_stay_are_introduced_in_one_direction_while_another_leaves(
    leaving: Said,
) -> None:
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
    assert not stale(rows)


def stale(rows: set[Subscriber]) -> list[Subscriber]:
    """Return the rows of those who entered again that have the announce of those who left."""
    return [each for each in rows if each.requested_at >= NOW and '"m"' in (each.announce or "")]


class Forgetless(Table):
    """A table that keeps the announce of a row which is written again."""

    def subscribe(self, topics: Sequence[str], sender: Sender) -> None:
        known = self._row_of(ROOM, sender)
        super().subscribe(topics, sender)
        if known and known.subscriber.announce:
            self.announce(ROOM, sender, Announce(known.subscriber.announce, None))


def test_without_forgetting_the_announce_of_a_peer_that_left_stays() -> None:
    table = Forgetless()
    enter_long_ago(table, "m")
    assert stale(handled_in_every_order(entering_again("n"), table).rows)


def to_everyone(subscribers: list[Subscriber], request: Sender, announce: str) -> Any:
    others = [each.connection for each in subscribers if each.connection != request.connection]
    return others, []


def only_its_own(subscribers: list[Subscriber], request: Sender, announce: str) -> Any:
    return introduce(subscribers, request, announce)[0], []


def to_the_silent(subscribers: list[Subscriber], request: Sender, announce: str) -> Any:
    silent = [each.connection for each in subscribers if each.announce is None]
    hearers, announced = introduce(subscribers, request, announce)
    return [*hearers, *silent], announced


@pytest.mark.parametrize(
    ("rule", "directions"),
    [(to_everyone, {1, 2}), (only_its_own, {0, 1}), (to_the_silent, {1, 2})],
)
def test_another_rule_would_introduce_some_pair_in_no_or_in_both_directions(
    monkeypatch: pytest.MonkeyPatch, rule: Any, directions: set[int]
) -> None:
    monkeypatch.setattr(small_rooms, "introduce", rule)
    assert introductions_of(OPEN, "abc", Table()) == directions


def test_pairs_would_miss_each_other_if_the_topic_were_read_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish = Rooms.publish

    def read_first(self: Any, request: Sender, message: Publish) -> Handled:
        before = self._subscriptions.of_topic(message.topic)
        monkeypatch.setattr(self._subscriptions, "of_topic", lambda *topic: before, raising=False)
        return publish(self, request, message)

    monkeypatch.setattr(Rooms, "publish", read_first)
    assert 0 in introductions_of(OPEN, "abc", Table())
