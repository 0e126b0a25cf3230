"""When a request to AWS is made again, and after how long."""

ATTEMPT_SECONDS = 3.0
"""The longest that one attempt may take: to connect 1 s, to read 2 s."""

ATTEMPTS = 6
"""How often a request is tried."""

_FIRST_DELAY, _LONGEST_DELAY = 0.05, 1.0
_TOO_MANY_REQUESTS, _SERVER_ERROR = 429, 500


def is_worth_another_attempt(status: int | None) -> bool:
    """Tell whether the same post may succeed later: throttled, server error or no answer."""
    return status is None or status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR


def delay_after(attempt: int) -> float:
    """Return seconds to wait after attempt number `attempt` (from 0), with full jitter.

    https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """
    from random import uniform  # here: most invocations need none

    return uniform(0, min(_LONGEST_DELAY, _FIRST_DELAY * 2**attempt))
