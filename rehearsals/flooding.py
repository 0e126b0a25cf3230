"""A member that floods its own room: `python -m rehearsals.flooding URL RATE`.

It is a process of its own, says when it has begun, goes on until something comes on its standard
input, and prints what became of the flood as JSON.
"""

import asyncio
import json
import sys
import time
from typing import NamedTuple

from rig.members import leave, rooms

_BURSTS_A_SECOND = 50
_MOST_BYTES_UNSENT = 65_536


class Flooded(NamedTuple):
    """What became of a flood."""

    sent: int
    arrived: int
    """At the other members of the room, together."""
    seconds: float


async def flood(url: str, rate: int) -> Flooded:
    """Let one member send `rate` messages a second into a room of three."""
    ((hostile, *others),) = await rooms(url, 1, 3, "flooded")
    arrived: list[bytes] = []
    for other in others:
        other.heard = arrived.append
    message = json.dumps(
        {"type": "publish", "topic": "flooded-0", "data": {"type": "signal", "from": "m"}}
    )
    print("begun", flush=True)
    stopping = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    began = time.monotonic()
    sent = bursts = 0
    while not stopping.done():
        bursts += 1
        if hostile.transport.underlying_transport.get_write_buffer_size() < _MOST_BYTES_UNSENT:
            for _ in range(rate // _BURSTS_A_SECOND):
                hostile.send_text(message)
            sent += rate // _BURSTS_A_SECOND
        await asyncio.sleep(max(0.0, began + bursts / _BURSTS_A_SECOND - time.monotonic()))
    seconds = time.monotonic() - began
    await asyncio.sleep(0.5)  # what is on its way may arrive
    await leave([hostile, *others])
    return Flooded(sent, len(arrived), seconds)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(flood(sys.argv[1], int(sys.argv[2])))))
