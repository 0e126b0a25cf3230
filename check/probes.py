"""What is tried, and in which order."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import aiohttp

from check import entry, frames, latency, meanings, rooms
from check.findings import Advice, Fault, Finding, Outcome, Untried
from check.report import Report
from check.target import Target

_SECONDS_IN_ALL = 55.0


class Probe(NamedTuple):
    """One thing to try."""

    name: str
    tried: str
    run: Callable[[Target], Awaitable[str]]
    """Returns what came back; raises Fault or Untried."""
    is_entry: bool = False
    """Whether nothing else can work if this does not."""
    is_bounded: bool = True
    """Whether it counts in the time that all probes may take; if not, it bounds itself."""


PROBES = (
    Probe("name", "look the host up", entry.find_name, is_entry=True),
    Probe("connection", "open one", entry.open_connection, is_entry=True),
    Probe("handshake", "ask for a WebSocket", entry.shake_hands, is_entry=True),
    Probe("announce", "join a room where another client is", rooms.meet_in_turn),
    Probe("delivery", "signal one of two others", rooms.deliver),
    Probe("at once", "2 to 8 announce themselves at the same moment", rooms.meet_at_once),
    Probe("ping", "send pings", latency.ping),
    Probe("errors", "send a type that does not exist", frames.be_told_of_errors),
    Probe("malformed", "send what is not JSON", frames.send_malformed),
    Probe("oversized", "send 40 KB in one frame", frames.send_oversized),
    Probe("binary", "send a binary frame", frames.send_binary),
    Probe("outside", "enter a room that the token does not open", frames.stay_outside),
    Probe("forged", "change the token's signature", entry.be_refused_with_a_changed_token),
    Probe("two tokens", "bring the token twice", entry.be_refused_with_two_tokens),
    Probe("expired", "bring a token of yesterday", entry.be_refused_with_an_expired_token),
    Probe("foreign", "bring a token of somebody else", entry.be_refused_with_a_foreign_token),
    Probe("vanishing", "reset a client's TCP connection", rooms.miss_who_vanished),
    Probe("latency", "let 20 pairs meet, four at a time", latency.measure),
)


async def run(target: Target, probes: Sequence[Probe], report: Report) -> bool:
    """Try all that can be tried, report each, and tell whether nothing failed."""
    end = asyncio.get_running_loop().time() + _SECONDS_IN_ALL
    passed = True
    for probe in probes:
        report.progress(f"{probe.name}: {probe.tried}")
        finding = await _find(target, probe, end if probe.is_bounded else None)
        report.tell(_masked(target, finding))
        if finding.outcome == Outcome.FAILED:
            passed = False
            if probe.is_entry:
                break
    return passed


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
            f"the server is slow, or does not answer; all may take {_SECONDS_IN_ALL:.0f} s",
            "try again; if this stays, look at the times on the dashboard",
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
