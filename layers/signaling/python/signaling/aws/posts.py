"""Messages to clients: API Gateway's @connections, through boto3."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from signaling.aws.retries import (
    ATTEMPT_SECONDS,
    ATTEMPTS,
    delay_after,
    is_worth_another_attempt,
)
from signaling.ports import Introduction, Outcome

THREADS = 16
"""Posts under way at once: enough to hide the network's delay, few enough for a small Lambda."""

_GONE = 410


class Call(NamedTuple):
    """A request to @connections: a post of `payload`, or without one the question who is there."""

    connection: str
    payload: bytes | None


class ApiGatewayConnections:
    """Connections of an API Gateway WebSocket API, through boto3's `apigatewaymanagementapi`."""

    def __init__(
        self,
        client: Any,
        deadline: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Post through `client` until `deadline`, in seconds of `clock`."""
        self._client = client
        self._deadline = deadline
        self._clock = clock
        self._sleep = sleep

    def send(
        self,
        connections: Sequence[str],
        payload: str,
        introductions: Sequence[Introduction] = (),
    ) -> Outcome:
        """Post to each connection, at most `THREADS` at a time."""
        return send_through(self._statuses, connections, payload, introductions)

    def _statuses(self, calls: Sequence[Call]) -> list[int | None]:
        if len(calls) <= 1:
            return [self._status_of(call) for call in calls]
        from concurrent.futures import ThreadPoolExecutor  # here: the lean client does without it

        with ThreadPoolExecutor(min(THREADS, len(calls))) as pool:
            return list(pool.map(self._status_of, calls))

    def _status_of(self, call: Call) -> int | None:
        for attempt in range(ATTEMPTS):
            if self._clock() + ATTEMPT_SECONDS > self._deadline:
                return None
            status = self._status_of_attempt(call)
            if not is_worth_another_attempt(status):
                return status
            self._sleep(delay_after(attempt))
        return status

    def _status_of_attempt(self, call: Call) -> int | None:
        connection, payload = call
        try:
            if payload is None:
                answer = self._client.get_connection(ConnectionId=connection)
            else:
                answer = self._client.post_to_connection(ConnectionId=connection, Data=payload)
        except Exception as error:
            # The status, not the exception's type: boto3 raises GoneException only if the answer
            # has the header x-amzn-ErrorType. Without a response the network failed, as it does
            # on a connection that died while the Lambda was frozen.
            answer = getattr(error, "response", None) or {}
        status: int | None = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return status


def send_through(
    statuses_of: Callable[[Sequence[Call]], Sequence[int | None]],
    connections: Sequence[str],
    payload: str,
    introductions: Sequence[Introduction],
) -> Outcome:
    """Send as the port says; `statuses_of` makes calls at once and returns their HTTP statuses.

    Who announced itself is asked for beside the posts. Only 410 tells that it is gone: whatever
    else is answered, an introduction too many is better than one too few.
    """
    data = payload.encode()
    calls = [Call(each, data) for each in connections]
    questions = [Call(each.connection, None) for each in introductions]
    statuses = statuses_of([*calls, *questions])
    asked = [*zip(introductions, statuses[len(calls) :], strict=True)]
    gone = [each.connection for each, status in asked if status == _GONE]
    posts = [Call(i.receiver, i.payload.encode()) for i, status in asked if status != _GONE]
    later = statuses_of(posts) if posts else ()
    answered = [*zip(calls, statuses, strict=False), *zip(posts, later, strict=True)]
    sent = [(call.connection, status) for call, status in answered]
    return outcome([*sent, *((connection, _GONE) for connection in gone)])


def outcome(statuses: Iterable[tuple[str, int | None]]) -> Outcome:
    """Sort connections by the HTTP status of their post; None stands for no answer."""
    delivered, gone, failed = sorted_out = Outcome([], [], [])
    for connection, status in statuses:
        if status is not None and 200 <= status < 300:
            delivered.append(connection)
        elif status == _GONE:
            gone.append(connection)
        else:
            failed.append(connection)
    return sorted_out
