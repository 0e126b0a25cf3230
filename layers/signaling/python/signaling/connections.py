"""Messages to clients: the port `Connections` and its adapter for API Gateway's @connections."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

IN_FLIGHT = 16
"""Posts under way at once: enough to hide the network's delay, few enough for a small Lambda."""

ATTEMPT_SECONDS = 3.0
"""The longest that one attempt may take: to connect 1 s, to read 2 s."""

ATTEMPTS = 6
"""How often a post is tried."""

_FIRST_DELAY, _LONGEST_DELAY = 0.05, 1.0
_GONE, _TOO_MANY_REQUESTS, _SERVER_ERROR = 410, 429, 500


class Introduction(NamedTuple):
    """An announce that is sent only if who made it is still there."""

    connection: str
    """Who announced itself, and is asked for before anything is sent."""
    receiver: str
    payload: str


class Outcome(NamedTuple):
    """What became of frames: for each its receiver is in exactly one list."""

    delivered: list[str]
    gone: list[str]
    """The connection does not exist any more, or whoever was to be introduced to it."""
    failed: list[str]
    """API Gateway refused, or the invocation's time ran out."""


class Connections(Protocol):
    """Port: the clients that are connected."""

    def send(
        self,
        connections: Sequence[str],
        payload: str,
        introductions: Sequence[Introduction] = (),
    ) -> Outcome:
        """Send the text frame `payload` to each of `connections`, and the introductions, at once.

        Never raises for what one connection does, and returns within the invocation's time.
        """


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
        """Post to each connection, at most `IN_FLIGHT` at a time."""
        return send_through(self._statuses, connections, payload, introductions)

    def _statuses(self, calls: Sequence[Call]) -> list[int | None]:
        if len(calls) <= 1:
            return [self._status_of(call) for call in calls]
        from concurrent.futures import ThreadPoolExecutor  # here: the lean client does without it

        with ThreadPoolExecutor(min(IN_FLIGHT, len(calls))) as pool:
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


def is_worth_another_attempt(status: int | None) -> bool:
    """Tell whether the same post may succeed later: throttled, server error or no answer."""
    return status is None or status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR


def delay_after(attempt: int) -> float:
    """Return seconds to wait after attempt number `attempt` (from 0), with full jitter.

    https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """
    from random import uniform  # here: most invocations need none

    return uniform(0, min(_LONGEST_DELAY, _FIRST_DELAY * 2**attempt))
