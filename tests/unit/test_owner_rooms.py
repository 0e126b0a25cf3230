"""What an owner is told about rooms."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from owner.membership import Census, count, members, overview
from signaling.aws.rows import sort_key
from signaling.log import hash_of
from signaling.topics import topic_key, topic_of

NOW = 1_800_000_000.0


def row(topic: str, connection: str, minutes: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "pk": {"S": topic_key(topic)},
        "sk": {"S": sort_key(connection)},
        "connected_at": {"N": str(int(1000 * (NOW - 60 * minutes)))},
        "expires_at": {"N": str(int(NOW) + more.pop("expires_in", 60))},
        **more,
    }


def census(*rows: dict[str, Any]) -> Census:
    half = len(rows) // 2
    capacity = {"ConsumedCapacity": {"CapacityUnits": 0.5}}
    return count([{"Items": part, **capacity} for part in (rows[:half], rows[half:])], NOW)


FULL = census(
    row("small", "a", minutes=90),
    row("large", "b", minutes=2),
    row("large", "a", minutes=90),
    row("left", "c", has_left={"BOOL": True}),
    row("left", "b", has_left={"BOOL": True}),
    row("expired", "d", expires_in=0),
)


def test_rooms_are_listed_by_size_with_their_age_and_without_their_names() -> None:
    assert list(overview(FULL, NOW, has_names=False)) == [
        "2 rooms with 2 connections; 1 more have left all their rooms",
        "connections    oldest  room",
        f"          2   1:30:00  {hash_of('large')}",
        f"          1   1:30:00  {hash_of('small')}",
        "Read 6 rows with 1 read units: $0.000000 on demand",
    ]
    assert FULL.roomless == ["c"]


def test_names_cannot_disturb_the_terminal() -> None:
    lines = "".join(overview(census(row("\x1b[2J\ud800", "a")), NOW, has_names=True))
    assert '"\\u001b[2J\\ud800"' in lines


@pytest.mark.parametrize("name", ["large", hash_of("large")])
def test_a_room_shows_its_connections(name: str) -> None:
    assert list(members(FULL, name, NOW)) == ["   since  connection", " 1:30:00  a", " 0:02:00  b"]


def test_nobody_and_nothing_are_told_in_words() -> None:
    with pytest.raises(ValueError, match="nobody is in such a room"):
        list(members(FULL, "left", NOW))
    assert next(overview(census(), NOW, has_names=False)).startswith("0 rooms with 0 connections")


@given(st.text(st.characters(codec=None) | st.sampled_from("\\ud80\ud800")))
def test_a_topic_is_found_again_by_its_key(topic: str) -> None:
    assert topic_of(topic_key(topic)) == topic
