"""The speed of the server."""

import asyncio
import math
import time
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

import aiohttp

from check.client import clients, connect, until
from check.findings import Fault
from check.meeting import enter, missed
from check.target import Target
from rig.clients import Client, connector

_PINGS = 5
_PAIRS, _PAIRS_AT_ONCE = 20, 4
"""Few enough at once for the ten Lambdas of a new account."""
_AT_MOST_OF_A_PUBLISH = 0.8
"""A ping that takes longer seems to run the function."""


class _Times(NamedTuple):
    """The times of one pair, in seconds."""

    connects: list[float]
    announce: float
    """Until one of the two heard of the other."""
    signal: float


async def ping(target: Target) -> str:
    """Send pings, and compare their time with that of publishes."""
    room = target.room()
    async with clients(target, 2) as (one, other):
        await enter(target, [one, other], room)
        pings = [await _seconds_to_pong(one) for _ in range(_PINGS)]
        publishes = [await _seconds_to_signal(room, one, other, n) for n in range(_PINGS)]
    quick, slow = median(pings), median(publishes)
    if quick < _AT_MOST_OF_A_PUBLISH * slow:
        looks = "it looks as if no Lambda runs"
    else:
        looks = "no quicker, so a Lambda may answer it, or there is none"
    return f"pong after {milliseconds(quick)} ms, a publish {milliseconds(slow)} ms: {looks}"


async def measure(target: Target) -> str:
    """Let pairs connect, meet and signal, a few at a time."""
    times: list[_Times] = []
    async with connector() as session:
        for _ in range(0, _PAIRS, _PAIRS_AT_ONCE):
            pairs = (_measure_pair(session, target) for _ in range(_PAIRS_AT_ONCE))
            times += await asyncio.gather(*pairs)
    connects = [seconds for each in times for seconds in each.connects]
    return (
        f"connect {percentiles(connects)}; "
        f"announce {percentiles([each.announce for each in times])}; "
        f"signal {percentiles([each.signal for each in times])}"
    )


async def _measure_pair(session: aiohttp.ClientSession, target: Target) -> _Times:
    pair, connects = [], []
    for _ in range(2):
        before = time.monotonic()
        pair.append(await connect(session, target))
        connects.append(time.monotonic() - before)
    one, other = pair
    room = target.room()
    await enter(target, [one], room)
    announce = await _seconds_to_meet(room, one, other)
    signal = await _seconds_to_signal(room, other, one, 0)
    await asyncio.gather(one.close(), other.close())
    return _Times(connects, announce, signal)


def percentiles(seconds: Sequence[float]) -> str:
    """Return three percentiles in milliseconds."""
    figures = "/".join(milliseconds(percentile(seconds, each)) for each in (50, 95, 99))
    return f"p50/p95/p99 {figures} ms"


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the least of `values` that `percent` of them do not exceed."""
    return sorted(values)[max(math.ceil(len(values) * percent / 100), 1) - 1]


def milliseconds(seconds: float) -> str:
    """Return `seconds` in milliseconds, with one more digit for small values."""
    return f"{seconds * 1000:.{1 if seconds < 0.01 else 0}f}"


async def _seconds_to_pong(client: Client) -> float:
    before = len(client.got_of_type("pong"))
    sent = await client.send({"type": "ping"})
    if not await until(lambda: len(client.got_of_type("pong")) > before):
        raise Fault(
            "no pong",
            "the ping route is dead: y-webrtc takes the server for lost and connects anew every "
            "30 seconds",
            "see that the API has the route `ping` with its route response, and deploy again",
        )
    return client.got_of_type("pong")[-1].at - sent


async def _seconds_to_meet(room: str, one: Client, other: Client) -> float:
    sent = await other.come(room)
    if not await until(lambda: one.heard_of(other) or other.heard_of(one)):
        raise missed([one, other], "a pair missed each other")
    return max(min(each.at for client in (one, other) for each in client.introductions) - sent, 0)


async def _seconds_to_signal(room: str, one: Client, other: Client, mark: int) -> float:
    sent = await one.signal(room, other, signal=mark)
    if not await until(lambda: other.got(mark)):
        raise missed([one, other], "a signal did not come")
    return other.got(mark)[0].at - sent
