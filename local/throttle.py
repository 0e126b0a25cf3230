"""API Gateway's throttles: how many requests a second a route takes, and how many at once.

https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-protect.html
"""

import time
from collections.abc import Callable

_ROUNDING = 1e-9
"""Seconds by which sums of fractions may be off: the last token must not get lost to that."""


class TokenBucket:
    """Holds `burst` tokens at most; each request takes one, and `rate` come back each second.

    It keeps one number, the time at which the bucket is full again: every token taken makes that
    later by the time in which one comes back, and an empty bucket is as far from full as can be.
    """

    def __init__(
        self, rate: float, burst: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Start full, and tell time by `now`, in seconds."""
        gives_any = rate > 0 and burst >= 1
        self._seconds_for_one = 1 / rate if gives_any else 0.0
        self._most_seconds = (burst - 1) / rate + _ROUNDING if gives_any else -1.0
        self._now = now
        self._full_at = now()

    def take(self) -> bool:
        """Take a token and return whether there was one."""
        now = self._now()
        if self._full_at < now:
            self._full_at = now
        if self._full_at - now > self._most_seconds:
            return False
        self._full_at += self._seconds_for_one
        return True
