"""The findings of probes."""

from enum import StrEnum
from typing import NamedTuple


class Advice(NamedTuple):
    """What a failure most likely means, and what to do about it."""

    means: str
    do: str


class Fault(Exception):
    """The server does not do what it should."""

    def __init__(self, came: str, means: str, do: str) -> None:
        """Say what came back, its most likely meaning and what to do."""
        super().__init__(came)
        self.advice = Advice(means, do)


class Untried(Exception):
    """A probe that is not applicable here; the message says why."""


class Outcome(StrEnum):
    """How a probe ended."""

    PASSED = "ok"
    FAILED = "FAIL"
    UNTRIED = "-"


class Finding(NamedTuple):
    """The result of one probe."""

    probe: str
    outcome: Outcome
    tried: str
    came: str
    seconds: float
    advice: Advice | None = None
    """For a failed probe."""
