"""API Gateway's throttles: the rate and the burst of requests that a route accepts.

https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-protect.html
"""

import time
from collections.abc import Callable

_ROUNDING = 1e-9
"""Seconds by which sums of fractions may be off: rounding must not lose the last token."""


class TokenBucket:
    """Holds at most `burst` tokens; each request takes one, and `rate` return each second.

    It stores the time until the bucket is full again: every token taken extends that by the time in
    which one returns.
    """

    def __init__(
        self, rate: float, burst: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Start full, and tell time by `now`, in seconds."""
        gives_any = rate > 0 and burst >= 1
        self._seconds_for_one = 1 / rate if gives_any else 0.0
        self._most_seconds = (burst - 1) / rate + _ROUNDING if gives_any else -1.0
        self._seconds_to_full = 0.0
        self._now = now
        self._seen = now()

    def take(self) -> bool:
        """Take a token and return whether there was one."""
        now = self._now()
        seconds = self._seconds_to_full - (now - self._seen)
        self._seen = now
        if seconds < 0:
            seconds = 0.0
        if seconds > self._most_seconds:
            self._seconds_to_full = seconds
            return False
        self._seconds_to_full = seconds + self._seconds_for_one
        return True
