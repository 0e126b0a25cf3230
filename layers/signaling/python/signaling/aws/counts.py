"""Attributes of a row that one write can set, count and forget: one for each short period.

Their names rotate, so an update knows which one is current and which others to remove.
"""

from typing import Any

from signaling.standing import ANNOUNCES_MILLISECONDS, TOGETHER_MILLISECONDS

_COUNTERS = 8
_BEGINNINGS = [f"began_{number}" for number in range(_COUNTERS)]


def counters(now: int) -> list[str]:
    """Return the attributes that count announces: first the one for `now`, epoch milliseconds."""
    current = now // ANNOUNCES_MILLISECONDS
    return [f"announces_{(current + after) % _COUNTERS}" for after in range(_COUNTERS)]


def beginnings(now: int) -> list[str]:
    """Return the attributes with the times when handling began: first the one for `now`."""
    current = now // TOGETHER_MILLISECONDS % _COUNTERS
    return [*_BEGINNINGS[current:], *_BEGINNINGS[:current]]


def began_at(row: dict[str, Any]) -> int:
    """Return when the announce of a row, or the first of those that it goes with, was handled."""
    for name in _BEGINNINGS:
        if name in row:
            return begun(int(row[name]["N"]), int(row["requested_at"]["N"]))
    return 0


def begun(began_at: int, requested_at: int) -> int:
    """Return `began_at`, or 0 if it is of an announce long before what was said last."""
    return began_at if began_at > requested_at - TOGETHER_MILLISECONDS else 0
