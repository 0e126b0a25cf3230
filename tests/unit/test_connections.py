"""The fan-out over @connections: statuses, retries and the deadline."""

import pytest

from signaling.aws.retries import delay_after
from signaling.aws.sdk import THREADS, SdkConnections
from signaling.ports import Introduction
from tests.support.posts import ScriptedClient


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def connections(client: ScriptedClient, deadline: float = 60.0) -> SdkConnections:
    time = Time()
    return SdkConnections(client, deadline, clock=lambda: time.now, sleep=time.sleep)


@pytest.mark.parametrize(
    ("statuses", "outcome", "posts"),
    [
        ([200], (["a"], [], []), 1),
        ([410], ([], ["a"], []), 1),
        ([403], ([], [], ["a"]), 1),
        ([413], ([], [], ["a"]), 1),
        ([429, 429, 200], (["a"], [], []), 3),
        ([500, 503, 200], (["a"], [], []), 3),
        ([None, 200], (["a"], [], []), 2),  # a connection that was kept had died
        ([429], ([], [], ["a"]), 6),
    ],
)
def test_a_post_is_made_again_while_it_may_succeed_and_told_by_its_last_status(
    statuses: list[int | None], outcome: tuple[list[str], ...], posts: int
) -> None:
    client = ScriptedClient(a=statuses)
    delivered, gone, failed, why = connections(client).send(["b", "a"], "{}")
    assert (delivered, gone, failed) == (["b", *outcome[0]], *outcome[1:])
    assert [*why] == [f"{statuses[-1]}"] * len(failed)
    assert client.posts == {"b": 1, "a": posts}


def test_send_stops_in_time_for_the_deadline_and_reports_the_rest() -> None:
    client = ScriptedClient()
    result = connections(client, deadline=1.0).send(["a", "b"], "{}")
    assert result.failed == ["a", "b"]
    assert not client.posts


def test_send_posts_to_many_at_once_but_not_to_all() -> None:
    client = ScriptedClient()
    everyone = [str(number) for number in range(100)]
    assert connections(client).send(everyone, "{}").delivered == everyone
    assert 1 < client.most_in_flight <= THREADS


@pytest.mark.parametrize("status", [403, 404, 429, 500, None])
def test_an_introduction_is_sent_unless_it_is_known_that_nobody_is_there(
    status: int | None,
) -> None:
    client = ScriptedClient(get_a=[status])
    outcome = connections(client).send([], "", [Introduction("a", "b", "{}")])
    assert outcome[:3] == (["b"], [], [])


def test_send_to_nobody_posts_nothing() -> None:
    client = ScriptedClient()
    assert connections(client).send([], "{}")[:3] == ([], [], [])
    assert not client.posts


def test_delays_grow_and_are_bounded() -> None:
    assert all(0 <= delay_after(0) <= 0.05 for _ in range(100))
    assert all(0 <= delay_after(50) <= 1 for _ in range(100))
    assert max(delay_after(3) for _ in range(100)) > 0.05
