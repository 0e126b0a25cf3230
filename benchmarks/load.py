"""Clients for a signaling server, in a process of their own: `python -m benchmarks.load`.

Reads a `Job` as JSON from its arguments, does it, and prints a `Done` as JSON.
"""

import asyncio
import json
import sys
from typing import NamedTuple

from rig.measure import Clock, cpu_seconds, resident_bytes
from rig.members import Socket, connect
from signaling.settings import BROADCAST
from traffic.conversation import filling, message_to_all

_LONGEST_SECONDS = 60
_PUBLISHES_AT_ONCE = 4
"""Publishes under way in each room: enough that the server never waits for the clients."""


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
    seconds: float
    cpu_seconds: float
    """CPU time that the server used."""
    connect_cpu_seconds: float
    """CPU time that the server used for the handshakes."""
    bytes_a_connection: float
    """Memory by which the server grew, for each connection that subscribed."""


class Meeting:
    """Peers that meet: each burst is sent when the one before it has reached everyone."""

    def __init__(self, topic: str, clients: list[Socket], delivery: str) -> None:
        """Have `clients` meet in `topic`."""
        self.deliveries = 0
        self.ended = asyncio.Event()
        self._clients = clients
        self._bursts = filling(topic, len(clients))
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


class Publishes:
    """Peers that publish to all others in turn, some at once."""

    def __init__(self, topic: str, clients: list[Socket], delivery: str, number: int) -> None:
        """Have `clients`, which have met in `topic`, publish to it `number` times in all."""
        self._receivers = len(clients) - (delivery != BROADCAST)
        self.deliveries = number * self._receivers
        self.ended = asyncio.Event()
        self._clients = clients
        self._topic = topic
        self._left, self._unsent = self.deliveries, number
        for client in clients:
            client.heard = self._heard

    def go_on(self) -> None:
        """Send the first messages; each that has reached everyone is followed by another."""
        if not self._unsent:
            self.ended.set()
        for _ in range(_PUBLISHES_AT_ONCE):
            self._publish()

    def _publish(self) -> None:
        if self._unsent:
            self._unsent -= 1
            client = self._unsent % len(self._clients)
            self._clients[client].send_text(message_to_all(self._topic, client))

    def _heard(self, text: bytes) -> None:
        self._left -= 1
        if not self._left:
            self.ended.set()
        elif not self._left % self._receivers:
            self._publish()


async def run(job: Job) -> Done:
    """Connect, do the job and disconnect."""
    memory, cpu_before = resident_bytes(job.process), cpu_seconds(job.process)
    clients = list(await connect(job.url, (Socket() for _ in range(job.rooms * job.peers))))
    connect_cpu = cpu_seconds(job.process) - cpu_before
    rooms = {
        f"room-{number}": clients[number * job.peers : (number + 1) * job.peers]
        for number in range(job.rooms)
    }
    tasks: list[Meeting | Publishes]
    if job.publishes is None:
        tasks = [Meeting(topic, members, job.delivery) for topic, members in rooms.items()]
    else:
        for topic, members in rooms.items():
            await _subscribe(topic, members)
        memory = resident_bytes(job.process) - memory
        tasks = [
            Publishes(topic, members, job.delivery, job.publishes)
            for topic, members in rooms.items()
        ]
    cpu_before = cpu_seconds(job.process)
    with Clock() as clock:
        for task in tasks:
            task.go_on()
        async with asyncio.timeout(_LONGEST_SECONDS):
            await asyncio.gather(*(task.ended.wait() for task in tasks))
    cpu = cpu_seconds(job.process) - cpu_before
    for client in clients:
        client.vanish()
    deliveries = sum(task.deliveries for task in tasks)
    return Done(deliveries, clock.seconds, cpu, connect_cpu, memory / len(clients))


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
