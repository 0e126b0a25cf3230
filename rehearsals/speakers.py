"""Clients that publish and know what became of each message."""

import asyncio
import time
from typing import NamedTuple

from rehearsals.members import Member, until

_SECONDS_TO_BE_TOLD = 30.0
_PAUSE_SECONDS = 0.1


class Told(NamedTuple):
    """What became of a message."""

    seconds: float
    is_delivered: bool
    """To all others; if not, its sender was told that the table is out of reach."""


class Speaker:
    """Publishes to others of its room, one message after the other."""

    def __init__(self, member: Member, others: list[Member]) -> None:
        """Be `member`, whom the `others` should hear."""
        self.told: list[Told] = []
        self.unanswered = 0
        """Messages that did not arrive everywhere, and of which nothing was said."""
        self.other_errors = 0
        """Messages that were answered with another error than `unavailable`."""
        self.member = member
        self.others = others
        self._is_stopped = False
        self._number = 0

    async def speak(self) -> None:
        """Publish until stopped, each message when it is known what became of the one before."""
        while not self._is_stopped:
            await self.say()
            await asyncio.sleep(_PAUSE_SECONDS)

    def stop(self) -> None:
        """Let the message that is under way be the last."""
        self._is_stopped = True

    async def say(self) -> bool:
        """Publish one message, and return whether it arrived at all others."""
        self._number += 1
        text = f"{self.member.peer} {id(self)} {self._number}"
        errors = self.member.errors
        all_before, before = errors.total(), errors["unavailable"]
        started = time.monotonic()
        self.member.say(text)
        is_told = await until(
            lambda: self._is_heard(text) or errors.total() > all_before, _SECONDS_TO_BE_TOLD
        )
        is_delivered = self._is_heard(text)
        if not is_told:
            self.unanswered += 1
        elif not is_delivered and errors["unavailable"] == before:
            self.other_errors += 1
        else:
            self.told.append(Told(time.monotonic() - started, is_delivered))
        return is_delivered

    def _is_heard(self, text: str) -> bool:
        return all(other.heard[text] for other in self.others)
