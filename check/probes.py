"""The probes and their order."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from itertools import groupby
from typing import NamedTuple

import aiohttp

from check import crowds, entry, frames, latency, meanings, meeting
from check.findings import Advice, Fault, Finding, Outcome, Untried
from check.report import Report
from check.target import Target

_SECONDS_IN_ALL = 55.0


class Stage(Enum):
    """Stages follow each other; the probes of one stage may run side by side."""

    ENTRY = 0
    """One by one: if one of these fails, nothing else can work."""
    FEW = 1
    """Each has at most three clients, and mostly waits for frames that should not arrive."""
    MANY = 2
    """One by one: each has the maximum number of clients."""
    RUDE = 3
    """One by one, because each may stop the server for all clients."""
    TIMES = 4
    """One by one: nothing else may use the server meanwhile."""
    THROUGHOUT = 5
    """Begins with the first of the others, and ends with the last."""


_AT_ONCE = {Stage.FEW: 3}
"""Few enough for the ten Lambdas of a new account; one for all other stages."""


class Probe(NamedTuple):
    """A single probe."""

    stage: Stage
    name: str
    tried: str
    run: Callable[[Target], Awaitable[str]]
    """Returns what came back; raises Fault or Untried."""
    is_bounded: bool = True
    """Whether the time limit of all probes applies; if not, it has its own."""


PROBES = (
    Probe(Stage.ENTRY, "name", "look the host up", entry.find_name),
    Probe(Stage.ENTRY, "connection", "open one", entry.open_connection),
    Probe(Stage.ENTRY, "handshake", "ask for a WebSocket", entry.shake_hands),
    Probe(Stage.FEW, "announce", "join a room where another client is", meeting.meet_in_turn),
    Probe(Stage.FEW, "delivery", "signal one of two others", meeting.deliver),
    Probe(Stage.FEW, "leaving", "close one client, reset another one", meeting.miss_who_left),
    Probe(Stage.FEW, "errors", "send a type that does not exist", frames.be_told_of_errors),
    Probe(Stage.FEW, "outside", "enter a room that the token does not open", frames.stay_outside),
    Probe(Stage.FEW, "no token", "send none", entry.be_refused_without_a_token),
    Probe(
        Stage.FEW, "forged", "change the token's signature", entry.be_refused_with_a_changed_token
    ),
    Probe(Stage.FEW, "two tokens", "send the token twice", entry.be_refused_with_two_tokens),
    Probe(Stage.FEW, "expired", "send an expired token", entry.be_refused_with_an_expired_token),
    Probe(
        Stage.FEW,
        "foreign",
        "send a token of another issuer",
        entry.be_refused_with_a_foreign_token,
    ),
    Probe(
        Stage.MANY,
        "at once",
        "2 to 8 announce themselves at the same moment",
        crowds.meet_at_once,
    ),
    Probe(Stage.RUDE, "malformed", "send what is not JSON", frames.send_malformed),
    Probe(Stage.RUDE, "oversized", "send 40 KB in one frame", frames.send_oversized),
    Probe(Stage.RUDE, "binary", "send a binary frame", frames.send_binary),
    Probe(Stage.TIMES, "ping", "send pings", latency.ping),
    Probe(Stage.TIMES, "latency", "let 20 pairs meet, four at a time", latency.measure),
    Probe(Stage.THROUGHOUT, "open", "ping from one connection meanwhile", entry.stay_open, False),
)


async def run(target: Target, probes: Sequence[Probe], report: Report) -> bool:
    """Run all applicable probes, report each in order, and tell whether none failed."""
    end = asyncio.get_running_loop().time() + _SECONDS_IN_ALL
    ended = asyncio.Event()
    target = target._replace(ended=ended)
    throughout = [probe for probe in probes if probe.stage == Stage.THROUGHOUT]
    first = [probe for probe in probes if probe.stage == Stage.ENTRY]
    others = [probe for probe in probes if probe.stage not in (Stage.ENTRY, Stage.THROUGHOUT)]
    if not await _try(target, first, report, end, stops=True):
        return False
    passed = True
    async with asyncio.TaskGroup() as tasks:
        going_on = [tasks.create_task(_find(target, probe, None)) for probe in throughout]
        for _, group in groupby(others, lambda probe: probe.stage):
            passed = await _try(target, [*group], report, end) and passed
        ended.set()
        for each in going_on:
            passed = _told(target, await each, report) and passed
    return passed


async def _try(
    target: Target, probes: Sequence[Probe], report: Report, end: float, stops: bool = False
) -> bool:
    """Run one stage, and tell whether none failed; if it `stops`, none so far."""
    passed = True
    turn = asyncio.Semaphore(_AT_ONCE.get(probes[0].stage, 1) if probes else 1)
    async with asyncio.TaskGroup() as tasks:
        trials = [
            (probe, tasks.create_task(_find_in_turn(turn, target, probe, end))) for probe in probes
        ]
        for probe, trial in trials:
            report.progress(f"{probe.name}: {probe.tried}")
            passed = _told(target, await trial, report) and passed
            if stops and not passed:
                for _, each in trials:
                    each.cancel()
                break
    return passed


def _told(target: Target, finding: Finding, report: Report) -> bool:
    report.tell(_masked(target, finding))
    return finding.outcome != Outcome.FAILED


async def _find_in_turn(
    turn: asyncio.Semaphore, target: Target, probe: Probe, end: float
) -> Finding:
    async with turn:
        return await _find(target, probe, end if probe.is_bounded else None)


async def _find(target: Target, probe: Probe, end: float | None) -> Finding:
    before = time.monotonic()
    outcome, advice = Outcome.FAILED, None
    try:
        if end is not None and asyncio.get_running_loop().time() > end:
            raise Untried("what failed before took all the time")
        async with asyncio.timeout_at(end):
            came = await probe.run(target)
        outcome = Outcome.PASSED
    except Fault as fault:
        came, advice = str(fault), fault.advice
    except Untried as reason:
        came, outcome = f"not tried: {reason}", Outcome.UNTRIED
    except aiohttp.WSServerHandshakeError as refusal:
        came = f"{refusal.status} to a handshake, after others that were accepted"
        advice = meanings.of_status(refusal.status, target.token is not None)
    except TimeoutError:
        came = "not done in time"
        advice = Advice(
            "the server is slow, or does not answer; "
            f"all probes together may take {_SECONDS_IN_ALL:.0f} s",
            "try again; if this persists, look at the times on the dashboard",
        )
    except (aiohttp.ClientError, OSError) as error:
        came = f"the connection broke: {error or type(error).__name__}"
        advice = meanings.CLOSED
    return Finding(probe.name, outcome, probe.tried, came, time.monotonic() - before, advice)


def _masked(target: Target, finding: Finding) -> Finding:
    advice = finding.advice
    if advice:
        advice = Advice(target.mask(advice.means), target.mask(advice.do))
    return finding._replace(came=target.mask(finding.came), advice=advice)
