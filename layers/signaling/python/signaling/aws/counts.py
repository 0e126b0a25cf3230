"""Attributes of a row that one write can set, count and forget: one for each short period.

Their names rotate, so an update knows which one is current and which others to remove.
"""

from collections.abc import Iterable

from signaling.bounds import OFFER_MILLISECONDS
from signaling.ports import Offer
from signaling.standing import ANNOUNCES_MILLISECONDS, TOGETHER_MILLISECONDS
from signaling.typed import Any

_TIMES = 8


def counters(now: int) -> list[str]:
    """Return the attributes that count announces: first the one for `now`, epoch milliseconds."""
    return _names("announces", now // ANNOUNCES_MILLISECONDS)


def beginnings(now: int) -> list[str]:
    """Return the attributes that tell when the handling of announces began, likewise.

    The last one is for the time before `now`.
    """
    return _names("began", now // TOGETHER_MILLISECONDS)


def offers(now: int) -> list[str]:
    """Return the attributes that note offers: for the time of `now`, the next, ..., the one before.

    The next one is in use if offers are handled in another order than they were made.
    """
    return _names("offers", now // OFFER_MILLISECONDS)


def recent(noted: Iterable[tuple[int, Offer]], now: float) -> list[Offer]:
    """Return each noted offer once, without those from long before `now`, epoch seconds."""
    since = 1000 * now - 2 * OFFER_MILLISECONDS
    return list(dict.fromkeys(offer for at, offer in noted if at >= since))


def _names(what: str, current: int) -> list[str]:
    return [f"{what}_{(current + after) % _TIMES}" for after in range(_TIMES)]


_BEGINNINGS = _names("began", 0)


def is_long_before(row: dict[str, Any], name: str, requested_at: int) -> bool:
    """Tell whether `name` is from another half second of that name than `requested_at`."""
    return name in row and int(row[name]["N"]) <= requested_at - TOGETHER_MILLISECONDS


def began_at(row: dict[str, Any]) -> int:
    """Return when the handling of a row's announce began, or of one that stands for it."""
    began = [int(row[name]["N"]) for name in _BEGINNINGS if name in row]
    return first_of(began, int(row["requested_at"]["N"]))


def first_of(began: Iterable[int], requested_at: int) -> int:
    """Return the first of the times at which handling began that counts for what was said last.

    0 if all of them belong to announces long before.
    """
    return min((each for each in began if each > requested_at - TOGETHER_MILLISECONDS), default=0)
