"""Clients that put a load on a signaling server, from a process of their own."""

import asyncio
import json
import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from rig.measure import Clock, cpu_seconds, resident_bytes
from rig.members import Socket, connect
from rig.servers import LocalServer, ReferenceServer
from traffic.conversation import Step, filling, message_to_all

_LONGEST_SECONDS = 60
_PUBLISHES_AT_ONCE = 4
"""Publishes under way in each room: enough that the server never waits for the clients."""


class Load(NamedTuple):
    """What clients do."""

    rooms: int
    peers: int
    publishes: int | None
    """Publishes to all of each room, whose members have entered before; None has the peers meet."""


class Done(NamedTuple):
    """What came of a load."""

    deliveries: int
    seconds: float
    cpu_seconds: float
    """CPU time that the server used."""
    connect_cpu_seconds: float
    """CPU time that the server used for the handshakes."""
    earlier_cpu_seconds: float
    """CPU time that the server had used before: if it is new, to start."""
    bytes_a_connection: float
    """Memory by which the server grew, for each connection that entered a room."""


def put(load: Load, server: LocalServer | ReferenceServer, delivery: str) -> Done:
    """Put `load` on the server, which delivers addressed or broadcasts."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as own:
        done = own.submit(_run, load, server.websocket_url, server.pid, delivery)
        return done.result()


def _run(load: Load, url: str, process: int, delivery: str) -> Done:
    return asyncio.run(_put(load, url, process, delivery))


class _Conversation:
    """What the clients of one room say, in bursts that each have so many deliveries."""

    def __init__(
        self, clients: list[Socket], bursts: Iterable[list[Step]], delivery: str, at_once: int = 1
    ) -> None:
        """Have `at_once` bursts under way, which are of one size if these are several."""
        self.deliveries = 0
        self._clients = clients
        self._bursts = iter(bursts)
        self._delivery = delivery
        self._others_at_once = at_once - 1
        self._awaited = self._awaited_of_others = 0
        self._ended = asyncio.Event()

    async def go_on(self) -> None:
        """Say all of it, and wait until it has reached everyone."""
        for client in self._clients:
            client.heard = self._heard
        self._send()
        async with asyncio.timeout(_LONGEST_SECONDS):
            await self._ended.wait()

    def _send(self) -> None:
        """Send bursts until enough are under way."""
        while self._awaited <= self._awaited_of_others:
            burst = next(self._bursts, None)
            if burst is None:
                if not self._awaited:
                    self._ended.set()
                return
            for step in burst:
                self._clients[step.sender].send_text(step.text)
            due = sum(step.deliveries(self._delivery) for step in burst)
            self.deliveries += due
            self._awaited_of_others = self._others_at_once * due
            if burst and not due:
                # Nobody gets it, but it has to be handled before anyone says more.
                self._clients[burst[0].sender].send({"type": "ping"})
                due = 1
            self._awaited += due

    def _heard(self, text: bytes) -> None:
        self._awaited -= 1
        self._send()


async def _put(load: Load, url: str, process: int, delivery: str) -> Done:
    """Connect, converse and disconnect."""
    memory, cpu_at_first = resident_bytes(process), cpu_seconds(process)
    clients = list(await connect(url, (Socket() for _ in range(load.rooms * load.peers))))
    connect_cpu = cpu_seconds(process) - cpu_at_first
    conversations = []
    for number in range(load.rooms):
        room = f"room-{number}"
        members = clients[number * load.peers : (number + 1) * load.peers]
        if load.publishes is None:
            said = _Conversation(members, filling(room, load.peers), delivery)
        else:
            await _Conversation(members, _entering(room, load.peers), delivery).go_on()
            publishes = _publishing(room, load.peers, load.publishes)
            said = _Conversation(members, publishes, delivery, _PUBLISHES_AT_ONCE)
        conversations.append(said)
    memory, cpu_before = resident_bytes(process) - memory, cpu_seconds(process)
    with Clock() as clock:
        await asyncio.gather(*(each.go_on() for each in conversations))
    cpu = cpu_seconds(process) - cpu_before
    for client in clients:
        client.vanish()
    deliveries = sum(each.deliveries for each in conversations)
    grown_by = memory / len(clients)
    return Done(deliveries, clock.seconds, cpu, connect_cpu, cpu_at_first, grown_by)


def _entering(room: str, peers: int) -> Iterator[list[Step]]:
    text = json.dumps({"type": "subscribe", "topics": [room]})
    return ([Step(peer, text, peers, False, False)] for peer in range(peers))


def _publishing(room: str, peers: int, publishes: int) -> Iterator[list[Step]]:
    senders = (number % peers for number in range(publishes))
    return ([Step(each, message_to_all(room, each), peers, True, False)] for each in senders)
