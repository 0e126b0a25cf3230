"""Rooms that form at a bounded rate: losses, times and costs."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import aiohttp

from check.client import clients, until
from check.findings import Fault
from check.latency import percentiles
from check.target import Target
from rig.clients import Client, kind_of
from traffic.conversation import Step, filling
from traffic.costs import Traffic, connecting
from traffic.prices import AS_OF

_SECONDS_MORE = 60.0
"""Limit after the last room has begun."""
_MOST_CONNECTIONS = 5000
_KINDS = ("announce", "signal")
_SECONDS_BETWEEN_NOTES = 1.0


class Load(NamedTuple):
    """The size of a load."""

    rooms: int
    peers: int
    rate: float
    """Rooms that begin per second."""

    @classmethod
    def parse(cls, text: str, rate: float) -> "Load":
        """Read `20x5`: 20 rooms of 5.

        Raises:
            ValueError: it has another form, or is too much.
        """
        rooms, _, peers = text.partition("x")
        if not (rooms.isdecimal() and peers.isdecimal() and int(rooms) > 0 and int(peers) > 1):
            raise ValueError(f"LOAD={text}: write 20x5 for 20 rooms of 5")
        if int(rooms) * int(peers) > _MOST_CONNECTIONS:
            raise ValueError(f"LOAD={text}: at most {_MOST_CONNECTIONS} connections")
        if not 0 < rate <= 100:
            raise ValueError(f"RATE={rate:g}: more than 0 and at most 100 rooms a second")
        return cls(int(rooms), int(peers), rate)


class _Count:
    """The results of all rooms so far."""

    def __init__(self) -> None:
        self.done = self.broken = self.connections = self.awaited = self.delivered = 0
        self.seconds: dict[str, list[float]] = {kind: [] for kind in _KINDS}
        self.dollars = 0.0

    @property
    def lost(self) -> int:
        return self.awaited - self.delivered


async def form_rooms(target: Target, load: Load, progress: Callable[[str], None]) -> str:
    """Form rooms and leave them.

    Raises:
        Fault: something is lost, refused or not done in time.
    """
    count = _Count()
    notes = asyncio.create_task(_keep_noting(load, count, progress))
    rooms = (_form_room(target, load.peers, n / load.rate, count) for n in range(load.rooms))
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(load.rooms / load.rate + _SECONDS_MORE):
                await asyncio.gather(*rooms)
    finally:
        notes.cancel()
    came = _summary(load, count)
    if count.lost or count.done < load.rooms:
        raise Fault(
            came,
            "messages or connects are throttled, the message function fails, or it is too slow",
            "look for throttles on the dashboard (a new account has 10 concurrent Lambdas), or "
            "form fewer rooms a second: RATE=1",
        )
    return came


async def _form_room(target: Target, peers: int, after: float, count: _Count) -> None:
    await asyncio.sleep(after)
    try:
        async with clients(target, peers) as members:
            count.connections += peers
            await _meet(target, members, count)
    except (aiohttp.ClientError, OSError, TimeoutError):
        count.broken += 1
    else:
        count.done += 1


async def _meet(target: Target, members: Sequence[Client], count: _Count) -> None:
    """Send y-webrtc's messages of a filling room, each burst when the last has arrived."""
    room = target.room()
    said: list[Step] = []
    delivered = 0
    for burst in filling(room, len(members)):
        seen = [len(client.arrivals) for client in members]
        sent = time.monotonic()
        for step in burst:
            await members[step.sender].send(step.text)
        said += burst
        awaited = sum(step.deliveries(target.delivery) for step in burst)
        await until(partial(_have_got, members, seen, awaited))
        news = list(_news(members, seen))
        arrived = min(len(news), awaited)
        count.awaited += awaited
        count.delivered += arrived
        delivered += arrived
        for kind, at in news:
            count.seconds[kind].append(at - sent)
    for client in members:
        await client.send({"type": "unsubscribe", "topics": [room]})
    count.dollars += _dollars(said, delivered, len(members))


def _have_got(members: Sequence[Client], seen: Sequence[int], awaited: int) -> bool:
    return sum(1 for _ in _news(members, seen)) >= awaited


def _news(members: Sequence[Client], seen: Sequence[int]) -> Iterator[tuple[str, float]]:
    """Yield the kind and time of each message after the first `seen` frames of each member."""
    for client, before in zip(members, seen, strict=True):
        for frame, at in client.arrivals[before:]:
            kind = kind_of(frame)
            if kind in _KINDS:
                yield kind, at


def _dollars(said: Sequence[Step], delivered: int, peers: int) -> float:
    """Return the cost of a room, including connecting and leaving."""
    announces = sum(step.is_publish and not step.is_for_one for step in said)
    signals = sum(step.is_for_one for step in said)
    entries = len(said) - announces - signals + peers
    traffic = Traffic(entries, peers, announces, signals, delivered)
    return traffic.dollars(peers) + peers * connecting()


async def _keep_noting(load: Load, count: _Count, progress: Callable[[str], None]) -> None:
    while True:
        progress(f"load: {count.done} of {load.rooms} rooms, {count.lost} deliveries lost")
        await asyncio.sleep(_SECONDS_BETWEEN_NOTES)


def _summary(load: Load, count: _Count) -> str:
    parts = [
        f"{count.done} of {load.rooms} rooms of {load.peers}",
        f"{count.lost} of {count.awaited} deliveries lost",
        *(f"{name} {percentiles(times)}" for name, times in count.seconds.items() if times),
        f"${count.dollars:.4f} on AWS at the prices of {AS_OF}",
    ]
    return "; ".join(parts)
