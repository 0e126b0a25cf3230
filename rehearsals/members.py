"""Clients that count what they hear, many in one process."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from rig.measure import resident_bytes

_HANDSHAKES_AT_ONCE = 50
_SECONDS_TO_END = 30.0


class Member(WSListener):
    """One connection of a client."""

    def __init__(self, topic: str, peer: str) -> None:
        """Belong to the room `topic` as `peer`, once it has entered."""
        super().__init__()
        self.topic = topic
        self.peer = peer
        self.heard: Counter[str] = Counter()
        """How often each text of a publish arrived."""
        self.errors: Counter[str] = Counter()
        """How often each code of an error frame arrived; API Gateway's own has none."""
        self.pongs = 0
        self.close_code: int | None = None
        self.is_open = False
        self.arrived: Callable[[dict[str, Any]], None] = _ignore
        """Called with each publish."""
        self.lost: Callable[[], None] = lambda: None
        """Called when the connection has ended."""
        self._transport: WSTransport

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Keep the transport."""
        self._transport = transport
        self.is_open = True

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Note how it ended."""
        self.is_open = False
        self.lost()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Note what the frame says."""
        if frame.msg_type == WSMsgType.CLOSE:
            self.close_code = frame.get_close_code().value
            transport.disconnect()
        elif frame.msg_type == WSMsgType.TEXT:
            message = json.loads(frame.get_payload_as_bytes())
            kind = message.get("type")
            if kind == "publish":
                data = message["data"]
                self.heard[data.get("text", f"{data['type']} {data.get('from')}")] += 1
                self.arrived(message)
            elif kind == "pong":
                self.pongs += 1
            else:
                self.errors[message.get("code", message.get("message"))] += 1

    def send(self, message: dict[str, Any]) -> None:
        """Send a message as JSON, if the connection is open."""
        if self.is_open:
            self._transport.send(WSMsgType.TEXT, json.dumps(message).encode())

    def subscribe(self) -> None:
        """Enter the room."""
        self.send({"type": "subscribe", "topics": [self.topic]})

    def announce(self) -> None:
        """Say in the room who is here."""
        self.publish({"type": "announce", "from": self.peer})

    def say(self, text: str, to: str | None = None, kind: str = "") -> None:
        """Send `text` to all others of the room, or in a signal of a `kind` to the peer `to`."""
        more = {} if to is None else {"to": to, "signal": {"type": kind}}
        self.publish({"type": "signal", "from": self.peer, "text": text, **more})

    def publish(self, data: dict[str, Any]) -> None:
        """Pass `data` to the room."""
        self.send({"type": "publish", "topic": self.topic, "data": data})

    def hears_of(self, other: "Member") -> bool:
        """Tell whether an announce of `other` arrived."""
        return f"announce {other.peer}" in self.heard

    def vanish(self) -> None:
        """Drop the TCP connection, if there is one, without a close frame."""
        if self.is_open:
            self._transport.disconnect(graceful=False)


async def connect(url: str, members: Iterable[Member]) -> list[Member]:
    """Connect each of `members`, some at once."""
    connected: list[Member] = []
    waiting = list(members)
    while waiting:
        some, waiting = waiting[:_HANDSHAKES_AT_ONCE], waiting[_HANDSHAKES_AT_ONCE:]
        await asyncio.gather(*(ws_connect(lambda each=each: each, url) for each in some))
        connected += some
    return connected


async def rooms(url: str, number: int, size: int, name: str = "room") -> list[list[Member]]:
    """Connect and subscribe the members of `number` rooms, who have all been answered."""
    made = [
        [Member(f"{name}-{room}", f"{name}-{room}-{peer}") for peer in range(size)]
        for room in range(number)
    ]
    await connect(url, (each for members in made for each in members))
    for member in (each for members in made for each in members):
        member.subscribe()
    return made


async def leave(members: Iterable[Member]) -> None:
    """Drop the connections of all `members`, and wait until they have ended."""
    leaving = [member for member in members if member.is_open]
    for member in leaving:
        member.vanish()
    await until(lambda: not any(member.is_open for member in leaving), _SECONDS_TO_END)


async def until(condition: Callable[[], object], seconds: float) -> bool:
    """Wait until `condition` holds, and return whether it does within `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.05)
    return True


async def settled_bytes(process: int, seconds: float) -> int:
    """Return the memory of `process` after it had `seconds` to itself."""
    await asyncio.sleep(seconds)
    return resident_bytes(process)


def _ignore(message: dict[str, Any]) -> None:
    pass
