"""AWS through boto3, as the two ports need it. Imported only if the settings require it."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import boto3
from botocore.config import Config

from signaling.aws.connections import ApiGatewayConnections, Call
from signaling.aws.operations import Answer, Parameters, RequestError
from signaling.aws.retries import ATTEMPT_SECONDS, THROTTLED, is_worth_another_attempt, tried
from signaling.typed import Any, TypeVar

THREADS = 16
"""Requests under way at once: enough to hide the network's delay, few enough for a small Lambda."""

Job = TypeVar("Job")
Result = TypeVar("Result")


_ONCE = Config(
    connect_timeout=ATTEMPT_SECONDS / 3,
    read_timeout=ATTEMPT_SECONDS * 2 / 3,
    max_pool_connections=THREADS,
    retries={"total_max_attempts": 1},  # retries are made here, within the time that is left
)


def dynamodb() -> Any:
    """Return a client for DynamoDB, which makes each request once."""
    return boto3.client("dynamodb", config=_ONCE)


def management(endpoint: str) -> Any:
    """Return a client for the @connections at `endpoint`, which makes each request once."""
    return boto3.client("apigatewaymanagementapi", endpoint_url=endpoint, config=_ONCE)


class SdkDynamoDB:
    """DynamoDB through boto3's `dynamodb` client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def query(self, requests: Sequence[Parameters], deadline: float) -> list[Answer]:
        """Make each of `requests`."""
        return self._ask(self._client.query, requests, deadline)

    def update_item(self, requests: Sequence[Parameters], deadline: float) -> list[Answer]:
        """Make each of `requests`."""
        return self._ask(self._client.update_item, requests, deadline)

    def delete_item(self, requests: Sequence[Parameters], deadline: float) -> list[Answer]:
        """Make each of `requests`."""
        return self._ask(self._client.delete_item, requests, deadline)

    def batch_write_item(self, requests: Sequence[Parameters], deadline: float) -> list[Answer]:
        """Make each of `requests`."""
        return self._ask(self._client.batch_write_item, requests, deadline)

    def _ask(
        self, operation: Callable[..., Any], requests: Sequence[Parameters], deadline: float
    ) -> list[Answer]:
        def answer_to(parameters: Parameters) -> Answer:
            attempt = partial(_answer_to, operation, parameters)
            return tried(attempt, _may_succeed_later, deadline) or RequestError("no time left")

        return _at_once(answer_to, requests)


class SdkConnections(ApiGatewayConnections):
    """Connections, with posts through boto3's `apigatewaymanagementapi`."""

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

    def statuses_of(self, calls: Sequence[Call]) -> list[int | None]:
        """Make `calls`, at most `THREADS` at a time."""
        return _at_once(self._status_of, calls)

    def _status_of(self, call: Call) -> int | None:
        attempt = partial(self._status_of_attempt, call)
        return tried(attempt, is_worth_another_attempt, self._deadline, self._clock, self._sleep)

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
        return _status(answer)


def _at_once(work: Callable[[Job], Result], jobs: Sequence[Job]) -> list[Result]:
    if len(jobs) <= 1:
        return [work(each) for each in jobs]
    with ThreadPoolExecutor(min(THREADS, len(jobs))) as pool:
        return list(pool.map(work, jobs))


def _answer_to(operation: Callable[..., Any], parameters: Parameters) -> Answer:
    try:
        answer: dict[str, Any] = operation(**parameters)
        return answer
    except Exception as error:  # errors of AWS clients share no base class
        response = getattr(error, "response", None) or {}
        code = response.get("Error", {}).get("Code", type(error).__name__)
        return RequestError(str(code), _status(response))


def _may_succeed_later(answer: Answer) -> bool:
    return isinstance(answer, RequestError) and (
        answer.code in THROTTLED or is_worth_another_attempt(answer.status)
    )


def _status(response: dict[str, Any]) -> int | None:
    status: int | None = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status
