"""Clients for a signaling server, in a process of their own: `python -m benchmarks.load`.

Reads a `Job` as JSON from its arguments, does it, and prints a `Done` as JSON.
"""

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rig.measure import cpu_seconds
from rig.members import Socket, connect
from traffic.conversation import Step, filling, message_to_all

_LONGEST_SECONDS = 60
_PUBLISHES_AT_ONCE = 4
"""Publishes under way in each room, of which there are enough that the server never waits."""


class Job(NamedTuple):
    """What to do to the server at `url`, which runs as `process`."""

    url: str
    process: int
    delivery: str
    """How the server delivers: addressed or broadcast."""
    rooms: int
    peers: int
    publishes: int | None
    """Publishes to all of each room, whose members have met before; None has the peers meet."""


class Done(NamedTuple):
    """What came of a job."""

    deliveries: int
    cpu_seconds: float
    """CPU time that the server used, without that for the handshakes."""


class Talk:
    """Clients of a room that talk: each burst is sent when the one before it is everywhere."""

    def __init__(self, clients: list[Socket], bursts: Iterable[list[Step]], delivery: str) -> None:
        """Have `clients` say what `bursts` say."""
        self.deliveries = 0
        self.ended = asyncio.Event()
        self._clients = clients
        self._bursts = iter(bursts)
        self._delivery = delivery
        self._awaited = 0
        for client in clients:
            client.heard = self._heard

    def go_on(self) -> None:
        """Send bursts until one has to be waited for."""
        for burst in self._bursts:
            for step in burst:
                self._clients[step.sender].send_text(step.text)
            self._awaited = sum(step.deliveries(self._delivery) for step in burst)
            self.deliveries += self._awaited
            if burst and not self._awaited:
                # Nobody gets it, but it has to be handled before anyone else comes.
                self._clients[burst[0].sender].send({"type": "ping"})
                self._awaited = 1
            if self._awaited:
                return
        self.ended.set()

    def _heard(self, text: bytes) -> None:
        self._awaited -= 1
        if not self._awaited:
            self.go_on()


def publishes(topic: str, peers: int, number: int) -> Iterator[list[Step]]:
    """Yield publishes to all, `number` by number of `peers` that have met, some at once."""
    for first in range(0, number, _PUBLISHES_AT_ONCE):
        senders = [each % peers for each in range(first, first + _PUBLISHES_AT_ONCE)]
        yield [Step(each, message_to_all(topic, each), peers, True, False) for each in senders]


async def run(job: Job) -> Done:
    """Connect, do the job and disconnect."""
    clients = await connect(job.url, [Socket() for _ in range(job.rooms * job.peers)])
    talks = []
    for first in range(0, len(clients), job.peers):
        topic, members = f"room-{first}", list(clients[first : first + job.peers])
        bursts = filling(topic, job.peers)
        if job.publishes is not None:
            await _subscribe(topic, members)
            bursts = publishes(topic, job.peers, job.publishes)
        talks.append(Talk(members, bursts, job.delivery))
    before = cpu_seconds(job.process)
    for talk in talks:
        talk.go_on()
    async with asyncio.timeout(_LONGEST_SECONDS):
        await asyncio.gather(*(talk.ended.wait() for talk in talks))
    used = cpu_seconds(job.process) - before
    for client in clients:
        client.vanish()
    return Done(sum(talk.deliveries for talk in talks), used)


async def _subscribe(topic: str, clients: list[Socket]) -> None:
    """Subscribe every client, and wait for its pong."""
    pongs = asyncio.Semaphore(0)
    for client in clients:
        client.heard = lambda text: pongs.release()
        client.send({"type": "subscribe", "topics": [topic]})
        client.send({"type": "ping"})
    for _ in clients:
        await pongs.acquire()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(Job(*json.loads(sys.argv[1]))))))
