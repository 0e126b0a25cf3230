"""Announces that others hear of some time later."""

import pytest

from signaling.errors import TooManyAnnouncesError
from signaling.standing import ANNOUNCES_AT_ONCE, ANNOUNCES_MILLISECONDS
from tests.support.rooms import RoomsOf


@pytest.fixture
def rooms() -> RoomsOf:
    """A room that `b` has been in for long, and whatever is done later waits."""
    rooms = RoomsOf(postpones=True)
    rooms.announce("b", "B")
    rooms.wait()
    return rooms


def test_an_announce_that_a_later_subscribe_has_overtaken_is_passed_on_later(
    rooms: RoomsOf,
) -> None:
    rooms.subscribe("a", "room", at=rooms.now + 2)
    rooms.announce("a", "A", at=rooms.now + 1)
    assert rooms.connections.sent == []
    rooms.do_what_was_postponed()
    assert rooms.heard() == [("b", "A")]


def test_one_announce_stands_for_all_beyond_the_limit_and_one_error_is_told(rooms: RoomsOf) -> None:
    apart = ANNOUNCES_MILLISECONDS // (ANNOUNCES_AT_ONCE + 3)
    times = [rooms.now + apart * number for number in range(ANNOUNCES_AT_ONCE + 3)]
    for at in times[:ANNOUNCES_AT_ONCE]:
        rooms.announce("a", "A", at)
        assert rooms.heard() == [("b", "A")]
    rooms.announce("a", "A", times[-3])
    with pytest.raises(TooManyAnnouncesError):
        rooms.announce("a", "A", times[-2])
    rooms.announce("a", "A", times[-1])
    assert rooms.connections.sent == []
    rooms.do_what_was_postponed()
    assert rooms.heard() == [("b", "A")]
