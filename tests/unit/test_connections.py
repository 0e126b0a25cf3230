"""The fan-out over @connections: statuses, retries and the deadline."""

import threading
from collections import defaultdict
from typing import Any

import pytest

from signaling.aws.retries import delay_after
from signaling.aws.sdk import THREADS, SdkConnections
from signaling.ports import Introduction


class PostError(Exception):
    """An error as AWS clients raise it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.response = {"ResponseMetadata": {"HTTPStatusCode": status}}


class ScriptedClient:
    """Answers the posts to each connection with its statuses in turn, the last one for ever."""

    def __init__(self, **statuses: list[int | None]) -> None:
        self._statuses = statuses
        self.posts: dict[str, int] = defaultdict(int)
        self.most_in_flight = 0
        self._in_flight = 0
        self._lock = threading.Lock()

    def get_connection(self, ConnectionId: str) -> dict[str, Any]:
        return self.post_to_connection(f"get_{ConnectionId}", b"")

    def post_to_connection(self, ConnectionId: str, Data: bytes) -> dict[str, Any]:
        with self._lock:
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
            number = self.posts[ConnectionId]
            self.posts[ConnectionId] += 1
        threading.Event().wait(0.001)
        with self._lock:
            self._in_flight -= 1
        statuses = self._statuses.get(ConnectionId, [200])
        status = statuses[min(number, len(statuses) - 1)]
        if status is None:
            raise ConnectionResetError("closed while the Lambda was frozen")
        if status >= 300:
            raise PostError(status)
        return {"ResponseMetadata": {"HTTPStatusCode": status}}


def connections(client: ScriptedClient, deadline: float = 60.0) -> SdkConnections:
    return SdkConnections(client, deadline, clock=lambda: 0.0, sleep=lambda seconds: None)


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
    assert connections(client, deadline=1.0).send(["a", "b"], "{}").failed == ["a", "b"]
    assert not client.posts


def test_send_posts_to_many_at_once_but_not_to_all() -> None:
    client = ScriptedClient()
    everyone = [str(number) for number in range(100)]
    assert connections(client).send(everyone, "{}").delivered == everyone
    assert 1 < client.most_in_flight <= THREADS


@pytest.mark.parametrize("status", [403, 404, 429, 500, None])
def test_an_introduction_is_sent_unless_nobody_is_known_to_be_there(status: int | None) -> None:
    client = ScriptedClient(get_a=[status])
    assert connections(client).send([], "", [Introduction("a", "b", "{}")])[:3] == (["b"], [], [])


def test_send_to_nobody_posts_nothing() -> None:
    client = ScriptedClient()
    assert connections(client).send([], "{}")[:3] == ([], [], [])
    assert not client.posts


def test_delays_grow_and_are_bounded() -> None:
    assert all(0 <= delay_after(0) <= 0.05 for _ in range(100))
    assert all(0 <= delay_after(50) <= 1 for _ in range(100))
    assert max(delay_after(3) for _ in range(100)) > 0.05
