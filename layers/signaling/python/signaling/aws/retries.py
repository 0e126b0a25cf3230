"""When a request to AWS is retried, and after how long."""

import time
from collections.abc import Callable

from signaling.typed import TypeVar

ATTEMPT_SECONDS = 3.0
"""The longest time for one attempt: 1 s to connect, 2 s to read."""

ATTEMPTS = 6
"""The maximum number of attempts of a request."""

THROTTLED = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
}
"""DynamoDB's codes for throttling, which come with status 400, otherwise a final status.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

_FIRST_DELAY, _LONGEST_DELAY = 0.05, 1.0
_TOO_MANY_REQUESTS, _SERVER_ERROR = 429, 500

Result = TypeVar("Result")


def tried(
    attempt: Callable[[], Result],
    may_succeed_later: Callable[[Result], bool],
    deadline: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Result | None:
    """Return the result of `attempt`, after more attempts if they may help and still fit.

    None means that there was no time for a single one before `deadline`, in seconds of `clock`.
    """
    result = None
    for number in range(ATTEMPTS):
        pause = delay_after(number - 1) if number else 0.0
        if clock() + pause + ATTEMPT_SECONDS > deadline:
            break
        sleep(pause)
        result = attempt()
        if not may_succeed_later(result):
            break
    return result


def is_worth_another_attempt(status: int | None) -> bool:
    """Tell whether the same request may succeed later: throttled, server error or no answer."""
    return status is None or status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR


def delay_after(attempt: int) -> float:
    """Return seconds to wait after attempt number `attempt` (from 0), with full jitter.

    https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """
    from random import uniform  # here: most invocations do not need it

    return uniform(0, min(_LONGEST_DELAY, _FIRST_DELAY * 2**attempt))
