"""What a client may leave behind in the table, by every adapter of the port `Subscriptions`."""

from collections.abc import Sequence

import pytest

from signaling.bounds import LEFT_ROWS, TOPICS_A_LOOK
from signaling.ports import Subscriptions
from tests.support.subscriptions import CONNECTED_AT, members, sender


@pytest.mark.parametrize(("most", "is_in_more"), [(1, True), (2, False)])
def test_it_is_told_whether_a_connection_is_in_more_topics(
    subscriptions: Subscriptions, most: int, is_in_more: bool
) -> None:
    subscriptions.subscribe(["one", "two"], sender("a", at=1))
    subscriptions.unsubscribe(["one"], sender("a", at=2))
    subscriptions.subscribe(["one", "two", "three"], sender("b", at=1))
    enough_for_a_look = ["one", "two"] * TOPICS_A_LOOK
    assert subscriptions.is_in_more(enough_for_a_look, sender("a", at=3), most) is is_in_more
    assert not subscriptions.is_in_more(["one"], sender("c", at=3), 1)


def put_back(subscriptions: Subscriptions, connections: Sequence[str]) -> list[str]:
    """Return which of `connections` a subscribe puts back that is older than their leaving."""
    for each in connections:
        subscriptions.subscribe(["room"], sender(each, at=1))
    return sorted(members(subscriptions, "room"))


LONG_AGO, JUST_NOW = 2, CONNECTED_AT


@pytest.mark.parametrize(
    ("left", "at", "is_forgotten"),
    [
        (LEFT_ROWS, LONG_AGO, False),
        (LEFT_ROWS + 1, LONG_AGO, True),
        (LEFT_ROWS + 1, JUST_NOW, False),
    ],
)
def test_many_that_left_are_forgotten_if_that_was_long_ago(
    subscriptions: Subscriptions, left: int, at: int, is_forgotten: bool
) -> None:
    connections = [f"c{number:02}" for number in range(left)]
    for each in connections:
        subscriptions.unsubscribe(["room"], sender(each, at=at))
    assert put_back(subscriptions, connections) == []
    subscriptions.of_topic("room")
    subscriptions.forget_left("room")
    assert put_back(subscriptions, connections) == (connections if is_forgotten else [])


def test_who_comes_again_while_others_are_forgotten_is_there(subscriptions: Subscriptions) -> None:
    for number in range(LEFT_ROWS + 1):
        subscriptions.unsubscribe(["room"], sender(f"c{number:02}", at=2))
    subscriptions.of_topic("room")
    subscriptions.subscribe(["room"], sender("c00", at=3))
    subscriptions.forget_left("room")
    assert list(members(subscriptions, "room")) == ["c00"]
