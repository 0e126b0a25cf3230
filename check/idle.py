"""Ten minutes without messages."""

import asyncio
import time
from collections.abc import Callable

from check.client import clients, until
from check.findings import Fault
from check.meeting import enter, missed
from check.target import Target

SECONDS = 10 * 60 + 20.0
"""API Gateway closes a connection after ten minutes without a frame."""
_SECONDS_BETWEEN_PINGS = 15.0  # y-webrtc's


async def sit_idle(
    target: Target,
    progress: Callable[[str], None],
    seconds: float = SECONDS,
    between_pings: float = _SECONDS_BETWEEN_PINGS,
) -> str:
    """Let one client send only pings and another one nothing; then a third one enters."""
    room = target.room()
    started = time.monotonic()
    silence_lasted = None
    async with clients(target, 2) as (pings, silent):
        await enter(target, [pings, silent], room)
        while (passed := time.monotonic() - started) < seconds:
            progress(f"idle for {passed:.0f} of {seconds:.0f} s")
            await pings.send({"type": "ping"})
            await asyncio.sleep(between_pings)
            if pings.closed:
                raise Fault(
                    f"a client that pings was closed with {pings.closed} after {passed:.0f} s",
                    "a proxy ends idle connections, or the ping route does not count as activity",
                    "see the timeouts of what stands between",
                )
            if silent.closed and silence_lasted is None:
                silence_lasted = time.monotonic() - started
        async with clients(target, 1) as (third,):
            await third.come(room)
            if not await until(lambda: pings.heard_of(third)):
                raise missed([pings, third], "a client that was idle heard of nobody new")
    if silence_lasted is None:
        return "who pings hears of newcomers; who is silent stays connected, too"
    return (
        "who pings hears of newcomers; "
        f"who is silent was closed with {silent.closed} after {silence_lasted:.0f} s"
    )
