"""Clients that talk, and know what became of each message."""

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple

from rig.members import Member, have_met, rooms, until
from rig.places import Running

_SECONDS = 60.0
_SECONDS_TO_BE_TOLD = 30.0
_PAUSE_SECONDS = 0.1


class Told(NamedTuple):
    """What became of a message."""

    seconds: float
    is_delivered: bool
    """To all others; if not, its sender was told that the table is out of reach."""


class Speaker:
    """Publishes to others of its room, one message after the other."""

    def __init__(self, member: Member, room: Sequence[Member]) -> None:
        """Be `member`, whom all others of the `room` should hear."""
        self.told: list[Told] = []
        self.unanswered = 0
        """Messages that did not arrive everywhere, and of which nothing was said."""
        self.other_errors = 0
        """Messages that were answered with another error than `unavailable`."""
        self.is_stopped = False
        """Set to let the message that is under way be the last."""
        self._member = member
        self._others = [each for each in room if each is not member]
        self._number = 0

    async def speak(self) -> None:
        """Publish until stopped, each message when it is known what became of the one before."""
        while not self.is_stopped:
            await self.say()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def say(self) -> bool:
        """Publish one message, and return whether it arrived at all others."""
        self._number += 1
        text = f"{self._member.peer} {id(self)} {self._number}"
        errors = self._member.errors
        all_before, before = errors.total(), errors["unavailable"]
        started = time.monotonic()
        self._member.say(text)
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
        return all(other.texts[text] for other in self._others)


class Heard(NamedTuple):
    """What the members of two other rooms heard of each other, while something went wrong."""

    sent: int
    arrived: int
    milliseconds: float
    """Of the slowest in a hundred."""


async def two_rooms(here: Running) -> list[list[Member]]:
    """Return the members of two rooms, who have been introduced."""
    everyone = await rooms(here.server.websocket_url, 2, 2)
    for member in (each for room in everyone for each in room):
        member.announce()
    await until(lambda: all(have_met(*room) for room in everyone), _SECONDS)
    return everyone


async def talk(everyone: list[list[Member]], seconds: float) -> Heard:
    """Let both members of each room say something, 25 times a second each."""
    took: list[float] = []
    members = [member for room in everyone for member in room]
    note_arrivals(members, took)
    turns = int(seconds * 25)
    for _ in range(turns):
        for member in members:
            member.say(f"{time.monotonic()}")
            await asyncio.sleep(0.04 / len(members))
    sent = turns * len(members)
    await until(lambda: len(took) >= sent, _SECONDS)
    return Heard(sent, len(took), slowest_in_a_hundred(took or [_SECONDS]) * 1000)


def note_arrivals(members: Sequence[Member], took: list[float]) -> None:
    """Note for each message, whose text begins with the time, after how many seconds it arrives."""
    for member in members:
        member.arrived = lambda message: took.append(
            time.monotonic() - float(message["data"]["text"].split()[0])
        )


def slowest_in_a_hundred(seconds: list[float]) -> float:
    """Return the 99th percentile."""
    return sorted(seconds)[int(len(seconds) * 0.99)]
