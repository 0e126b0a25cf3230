"""A member that floods its own room, from a process of its own."""

import multiprocessing
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import NamedTuple

from rig.raw import HANDSHAKE, frame

TOPIC = "flooded"

_SUBSCRIBE = frame(0x81, b'{"type":"subscribe","topics":["flooded"]}')
_MESSAGE = frame(0x81, b'{"type":"publish","topic":"flooded","data":{"type":"signal","from":"m"}}')
_ARRIVED = b'"clients":'
_BURSTS_A_SECOND = 50
_OTHERS = 2


class Flooded(NamedTuple):
    """What became of a flood."""

    sent: int
    arrived: int
    """At the other members of the room, together."""
    seconds: float


class Flood:
    """A flood that is under way, or was."""

    result = Flooded(0, 0, 1)


@contextmanager
def flooding(port: int, rate: int) -> Iterator[Flood]:
    """Let one member send `rate` messages a second into a room of three, until the block ends."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_flood, args=(port, rate, theirs))
    process.start()
    theirs.close()  # or its end would not be noticed
    flood = Flood()
    try:
        ours.recv()  # it has begun
        yield flood
    finally:
        ours.send("stop")
        flood.result = ours.recv()
        process.join()


def _flood(port: int, rate: int, parent: Connection) -> None:
    hostile, *others = (_member(port) for _ in range(1 + _OTHERS))
    arrived = [0] * _OTHERS
    readers = [
        threading.Thread(target=_count, args=(each, arrived, index), daemon=True)
        for index, each in enumerate(others)
    ]
    for reader in readers:
        reader.start()
    hostile.settimeout(0.1)
    burst = _MESSAGE * (rate // _BURSTS_A_SECOND)
    parent.send("begun")
    began = time.monotonic()
    sent = bursts = 0
    while not parent.poll():
        bursts += 1
        sent += _send(hostile, burst) // len(_MESSAGE)
        time.sleep(max(0.0, began + bursts / _BURSTS_A_SECOND - time.monotonic()))
    seconds = time.monotonic() - began
    time.sleep(0.5)  # what is on its way may arrive
    parent.send(Flooded(sent, sum(arrived), seconds))


def _member(port: int) -> socket.socket:
    member = socket.create_connection(("127.0.0.1", port))
    member.sendall(HANDSHAKE)
    while b"\r\n\r\n" not in member.recv(4096):
        pass
    member.sendall(_SUBSCRIBE)
    return member


def _send(member: socket.socket, data: bytes) -> int:
    """Send what the server takes now, to the end of a message, and return how much it was."""
    sent = 0
    while sent < len(data):
        try:
            sent += member.send(data[sent:])
        except TimeoutError:
            if sent % len(_MESSAGE) == 0:
                break
    return sent


def _count(member: socket.socket, arrived: list[int], index: int) -> None:
    kept = b""
    while data := member.recv(1 << 16):
        kept += data
        arrived[index] += kept.count(_ARRIVED)
        kept = kept[-(len(_ARRIVED) - 1) :]
