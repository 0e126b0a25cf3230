"""The table in memory, at fault."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from local.faults.plan import Dice
from local.wrapping import Wrap, WrappedSubscriptions
from signaling.aws.retries import ATTEMPT_SECONDS, tried
from signaling.errors import SubscriptionsError
from signaling.ports import Deadlines, Subscriptions

_SECONDS_TO_READ = ATTEMPT_SECONDS * 2 / 3
_NO_TIME = False, None


def faulty_table(
    subscriptions: Callable[[Deadlines], Subscriptions],
    dice: Dice,
    deadlines: Deadlines,
    sleep: Callable[[float], None] = time.sleep,
) -> Subscriptions:
    """Return the `subscriptions` of an invocation as they would be behind a network.

    Each call is one request, which is made again as the functions' AWS clients do it.
    """

    def asked(deadline: float, call: Callable[..., Any], *arguments: Any) -> Any:
        def attempt() -> tuple[bool, Any]:
            fault = dice.throw().fault
            result = call(*arguments) if fault in (None, "unanswered") else None
            if fault in ("silent", "unanswered"):
                sleep(_SECONDS_TO_READ)
            return fault is None, result

        def may_succeed_later(outcome: tuple[bool, Any]) -> bool:
            return not outcome[0]

        is_answered, result = tried(attempt, may_succeed_later, deadline, sleep=sleep) or _NO_TIME
        if not is_answered:
            raise SubscriptionsError("the rooms are out of reach, try again")
        return result

    def until(deadline: float) -> Wrap:
        return lambda call: partial(asked, deadline, call)

    made = subscriptions(deadlines)
    return WrappedSubscriptions(made, until(deadlines.table), until(deadlines.clean_up))
