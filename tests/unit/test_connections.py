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


def test_send_tells_delivered_gone_and_failed_apart_by_status() -> None:
    client = ScriptedClient(gone=[410], forbidden=[403], large=[413])
    result = connections(client).send(["a", "gone", "forbidden", "large", "b"], "{}")
    assert result.delivered == ["a", "b"]
    assert result.gone == ["gone"]
    assert result.failed == ["forbidden", "large"]
    assert set(client.posts.values()) == {1}


def test_send_tries_again_when_throttled_or_failed_or_its_idle_connection_had_died() -> None:
    client = ScriptedClient(throttled=[429, 429, 200], broken=[500, 503, 200], died=[None, 200])
    assert connections(client).send(["throttled", "broken", "died"], "{}").failed == []
    assert client.posts == {"throttled": 3, "broken": 3, "died": 2}


def test_send_gives_up_on_a_connection_that_stays_throttled_and_reports_it() -> None:
    client = ScriptedClient(slow=[429])
    result = connections(client).send(["slow", "a"], "{}")
    assert (result.failed, result.delivered) == (["slow"], ["a"])
    assert result.why == ["429"]
    assert client.posts["slow"] == 6


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


def test_who_is_introduced_is_asked_for_before_anything_is_sent() -> None:
    client = ScriptedClient(get_a=[410])
    outcome = connections(client).send(["c"], "{}", [Introduction("a", "b", "{}")])
    assert outcome[:3] == (["c"], ["a"], [])
    assert dict(client.posts) == {"c": 1, "get_a": 1}


def test_send_to_nobody_posts_nothing() -> None:
    client = ScriptedClient()
    assert connections(client).send([], "{}")[:3] == ([], [], [])
    assert not client.posts


def test_delays_grow_and_are_bounded() -> None:
    assert all(0 <= delay_after(0) <= 0.05 for _ in range(100))
    assert all(0 <= delay_after(50) <= 1 for _ in range(100))
    assert max(delay_after(3) for _ in range(100)) > 0.05
