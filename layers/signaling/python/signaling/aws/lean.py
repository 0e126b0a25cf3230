"""AWS without its SDK, as the two ports need it: DynamoDB's JSON protocol and @connections."""

from __future__ import annotations

import json
import math
import os
import time
from collections import deque
from collections.abc import Mapping, Sequence

from signaling.aws.connections import ApiGatewayConnections, Call
from signaling.aws.http1 import CONNECT_SECONDS, Host, Response
from signaling.aws.operations import Answer, Parameters, RequestError
from signaling.aws.retries import ATTEMPTS, THROTTLED, delay_after, is_worth_another_attempt
from signaling.aws.sigv4 import Credentials, Scope, quote, sign
from signaling.aws.steps import Steps, Wait, run

IN_FLIGHT = 64
"""Maximum number of requests under way at once."""

_BREADTH_OF_TABLE = 5
"""More than posts get: all writes of a message go to one host, and a client waits for the last."""

_SUFFIXES = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu"}
"""Domains of the partitions that have their own, by the prefix of their Regions."""

_TOLERATED_SKEW_SECONDS = 240  # a little less than AWS tolerates


Request = tuple[str, str, bytes]
"""Method, path and body of an HTTP request."""


class Service:
    """An AWS service in the function's Region, with the function's credentials."""

    def __init__(self, url: str, signing_name: str, breadth: int = 2) -> None:
        """Reach the service that signatures call `signing_name` at `url`.

        `breadth` decides how many connections are opened, see `connections_for`.
        """
        self.host = Host(url)
        self._breadth = breadth
        self._scope = Scope(_region(), signing_name)
        self._skew = 0.0

    def ask(
        self, requests: Sequence[Request], headers: Mapping[str, str], deadline: float
    ) -> list[Response | OSError]:
        """Make each of `requests`, again while that may help, and return the results.

        Throttled requests queue behind those that have not been sent yet, and delay nothing.
        """
        responses: list[Response | OSError] = [TimeoutError("no time left")] * len(requests)
        queue = deque((index, 0, 0.0) for index in range(len(requests)))

        def work() -> Steps[None]:
            while queue:
                index, attempt, not_before = queue.popleft()
                if not_before > time.monotonic():
                    yield Wait(not_before - time.monotonic())
                skew = self._skew
                try:
                    signed = self._signed(requests[index], headers, skew)
                    responses[index] = yield from self.host.exchange(signed)
                except OSError as error:
                    responses[index] = error
                if self._corrects_clock(responses[index], skew):
                    queue.append((index, attempt, 0.0))
                elif attempt + 1 < ATTEMPTS and _may_succeed_later(responses[index]):
                    queue.append((index, attempt + 1, time.monotonic() + delay_after(attempt)))

        connections = connections_for(len(requests), len(self.host.idle), self._breadth)
        self.host.look_after(connections)
        run([work() for _ in range(connections)], deadline)
        return responses

    def _signed(self, request: Request, headers: Mapping[str, str], skew: float) -> bytes:
        method, path, body = request
        credentials = Credentials(
            os.environ["AWS_ACCESS_KEY_ID"],
            os.environ["AWS_SECRET_ACCESS_KEY"],
            os.environ.get("AWS_SESSION_TOKEN"),
        )
        timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + skew))
        headers = {**headers, "host": self.host.name, "x-amz-date": timestamp}
        if credentials.session_token:
            headers["x-amz-security-token"] = credentials.session_token
        headers["authorization"] = sign(credentials, self._scope, method, path, headers, body)
        headers["content-length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body

    def _corrects_clock(self, response: Response | OSError, skew: float) -> bool:
        """Adopt the server's time if it refused the request because of a very different time."""
        if isinstance(response, OSError) or response.status not in (400, 403):
            return False
        from calendar import timegm  # here: few processes need it

        try:
            date = time.strptime(response.headers["date"], "%a, %d %b %Y %H:%M:%S GMT")
        except (KeyError, ValueError):
            return False
        seen = timegm(date) - time.time()
        if abs(seen - skew) < _TOLERATED_SKEW_SECONDS:
            return False
        self._skew = seen
        return True


def connections_for(requests: int, idle: int, breadth: int = 2) -> int:
    """Return how many connections to use for `requests` when `idle` ones are open.

    Opening one takes about as long as waiting for a response. With n requests, the sum of both is
    least for about the square root of n connections; `breadth` times as many are opened, because
    the next message finds them open.
    """
    return min(requests, IN_FLIGHT, max(idle, breadth * math.isqrt(requests)))


class LeanDynamoDB:
    """DynamoDB over its JSON protocol."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def query(self, requests: Sequence[Parameters], deadline: float) -> list[Answer]:
        """Make each of `requests`."""
        return self._ask("Query", requests, deadline)

    def update_item(self, requests: Sequence[Parameters], deadline: float) -> list[Answer]:
        """Make each of `requests`."""
        return self._ask("UpdateItem", requests, deadline)

    def delete_item(self, requests: Sequence[Parameters], deadline: float) -> list[Answer]:
        """Make each of `requests`."""
        return self._ask("DeleteItem", requests, deadline)

    def batch_write_item(self, requests: Sequence[Parameters], deadline: float) -> list[Answer]:
        """Make each of `requests`."""
        return self._ask("BatchWriteItem", requests, deadline)

    def _ask(self, operation: str, requests: Sequence[Parameters], deadline: float) -> list[Answer]:
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"DynamoDB_20120810.{operation}",
        }
        posts = [("POST", "/", json.dumps(each).encode()) for each in requests]
        return list(map(_answer, self._service.ask(posts, headers, deadline)))


class LeanConnections(ApiGatewayConnections):
    """Connections, with all posts from one thread."""

    def __init__(self, service: Service, deadline: float) -> None:
        """Post through `service` until `deadline`, in `time.monotonic` seconds."""
        self._service = service
        self._deadline = deadline

    def statuses_of(self, calls: Sequence[Call]) -> list[int | None]:
        """Make `calls`, at most `IN_FLIGHT` at a time."""
        base = f"{self._service.host.path}/@connections/"
        requests = [
            ("GET" if payload is None else "POST", base + quote(connection), payload or b"")
            for connection, payload in calls
        ]
        return list(map(_status, self._service.ask(requests, {}, self._deadline)))


def dynamodb() -> Service:
    """Return DynamoDB in the function's Region, or at the URL in the SDKs' variables."""
    suffix = _SUFFIXES.get(_region().partition("-")[0], "amazonaws.com")
    url = (
        os.environ.get("AWS_ENDPOINT_URL_DYNAMODB")
        or os.environ.get("AWS_ENDPOINT_URL")
        or f"https://dynamodb.{_region()}.{suffix}"
    )
    return Service(url, "dynamodb", _BREADTH_OF_TABLE)


def warm(*services: Service) -> None:
    """Open a connection to each of `services` that has a URL, if that is possible."""
    hosts = [service.host for service in services if service.host.name]
    run([host.warm() for host in hosts], time.monotonic() + CONNECT_SECONDS)


def _region() -> str:
    return os.environ.get("AWS_REGION") or os.environ["AWS_DEFAULT_REGION"]


def _status(response: Response | OSError) -> int | None:
    return None if isinstance(response, OSError) else response.status


def _may_succeed_later(response: Response | OSError) -> bool:
    if isinstance(response, Response) and response.status == 400:
        return _code(response) in THROTTLED
    return is_worth_another_attempt(_status(response))


def _answer(response: Response | OSError) -> Answer:
    if isinstance(response, OSError):
        return RequestError(type(response).__name__)
    if response.status >= 300:
        return RequestError(_code(response), response.status)
    try:
        answer = json.loads(response.body)
    except ValueError:
        answer = None
    return answer if isinstance(answer, dict) else RequestError("no JSON", response.status)


def _code(response: Response) -> str:
    try:
        return str(json.loads(response.body)["__type"]).rpartition("#")[2]
    except (ValueError, TypeError, KeyError):
        return str(response.status)
