"""What joins and signals ask of the table, whatever the size of the room."""

from typing import Any

import pytest

from rig.metering import MeasuredRoom, Usage
from signaling.crowded_rooms import HEARD
from signaling.large_rooms import INTRODUCED


@pytest.fixture
def room(table: tuple[Any, str]) -> MeasuredRoom:
    return MeasuredRoom(*table)


def asked(used: Usage) -> tuple[int, int]:
    return sum(used.requests.values()), used.posts + used.questions


@pytest.mark.parametrize(("size", "join"), [(20, (3, 20)), (99, (4, 99 + 2 * HEARD))])
def test_in_a_small_room_a_join_is_two_writes_and_one_query_or_two(
    room: MeasuredRoom, size: int, join: tuple[int, int]
) -> None:
    room.fill(size)
    joined, *signals, _ = room.join_and_signal()
    assert [asked(each) for each in (joined, *signals)] == [join, *[(1, 1)] * 3]


def test_in_a_large_room_joins_and_signals_take_as_much_at_any_size(room: MeasuredRoom) -> None:
    for size in (200, 400):
        room.fill(size)
        join, offer, answer, later, again = room.join_and_signal()
        assert asked(join) == (6, 2 * INTRODUCED)
        assert (asked(offer), asked(answer), asked(later)) == ((2, 1), (1, 1), (3, 1))
        assert offer.requests["UpdateItem"] == again.requests["UpdateItem"] == 1
