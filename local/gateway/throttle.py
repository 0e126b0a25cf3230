"""API Gateway's throttles: how many requests a second a route takes, and how many at once.

https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-protect.html
"""

import time
from collections.abc import Callable

_ROUNDING = 1e-9
"""Seconds by which sums of fractions may be off: the last token must not get lost to that."""


class TokenBucket:
    """Holds `burst` tokens at most; each request takes one, and `rate` come back each second.

    It keeps how long the bucket takes to be full again: every token taken makes that longer by the
    time in which one comes back.
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
