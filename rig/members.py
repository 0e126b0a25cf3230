"""Clients that count what they hear, thousands in one process."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

_HANDSHAKES_AT_ONCE = 50
_SECONDS_TO_END = 30.0


class Socket(WSListener):
    """One connection of a client, which is told of each text by `heard`."""

    def __init__(self) -> None:
        """Connect with nothing yet."""
        super().__init__()
        self.is_open = False
        self.heard: Callable[[bytes], None] = lambda text: None
        self.lost: Callable[[], None] = lambda: None
        """Called when the connection has ended."""
        self.transport: WSTransport

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Keep the transport."""
        self.transport = transport
        self.is_open = True

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Note that it has ended."""
        self.is_open = False
        self.lost()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Tell what a text frame says, and end if the server wants it."""
        if frame.msg_type == WSMsgType.TEXT:
            self.heard(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()

    def send_text(self, text: str) -> None:
        """Send a text frame, if the connection is open."""
        if self.is_open:
            self.transport.send(WSMsgType.TEXT, text.encode())

    def send(self, message: dict[str, Any]) -> None:
        """Send a message as JSON, if the connection is open."""
        self.send_text(json.dumps(message))

    def vanish(self) -> None:
        """Drop the TCP connection, if there is one, without a close frame."""
        if self.is_open:
            self.transport.disconnect(graceful=False)


class Member(Socket):
    """A client of one room, which counts what it hears."""

    def __init__(self, topic: str, peer: str) -> None:
        """Belong to the room `topic` as `peer`, once it has entered."""
        super().__init__()
        self.topic = topic
        self.peer = peer
        self.texts: Counter[str] = Counter()
        """How often each text of a publish arrived."""
        self.errors: Counter[str] = Counter()
        """How often each code of an error frame arrived; API Gateway's own has none."""
        self.pongs = 0
        self.arrived: Callable[[dict[str, Any]], None] = lambda message: None
        """Called with each publish."""
        self.heard = self._count

    def _count(self, text: bytes) -> None:
        message = json.loads(text)
        kind = message.get("type")
        if kind == "publish":
            data = message["data"]
            self.texts[data.get("text", f"{data['type']} {data.get('from')}")] += 1
            self.arrived(message)
        elif kind == "pong":
            self.pongs += 1
        else:
            self.errors[message.get("code", message.get("message"))] += 1

    def subscribe(self, *topics: str) -> None:
        """Enter `topics`, or its room."""
        self.send({"type": "subscribe", "topics": topics or [self.topic]})

    def announce(self) -> None:
        """Say in the room who is here."""
        self.publish({"type": "announce", "from": self.peer})

    def say(self, text: str, to: str | None = None, kind: str = "") -> None:
        """Send `text` to all others of the room, or in a signal of a `kind` to the peer `to`."""
        more = {} if to is None else {"to": to, "signal": {"type": kind}}
        self.publish({"type": "signal", "from": self.peer, "text": text, **more})

    def publish(self, data: dict[str, Any], topic: str | None = None) -> None:
        """Pass `data` to `topic`, or to its room."""
        topic = self.topic if topic is None else topic
        self.send({"type": "publish", "topic": topic, "data": data})

    def hears_of(self, other: "Member") -> bool:
        """Tell whether an announce of `other` arrived."""
        return f"announce {other.peer}" in self.texts


def have_met(one: Member, other: Member) -> bool:
    """Tell whether one of the two has heard of the other."""
    return one.hears_of(other) or other.hears_of(one)


_Client = TypeVar("_Client", bound=Socket)


async def connect(url: str, clients: Iterable[_Client]) -> Sequence[_Client]:
    """Connect each of `clients`, some at once."""
    clients = list(clients)
    for first in range(0, len(clients), _HANDSHAKES_AT_ONCE):
        some = clients[first : first + _HANDSHAKES_AT_ONCE]
        await asyncio.gather(*(ws_connect(lambda each=each: each, url) for each in some))
    return clients


async def rooms(url: str, number: int, size: int, name: str = "room") -> list[list[Member]]:
    """Connect the members of `number` rooms and let them subscribe."""
    made = [
        [Member(f"{name}-{room}", f"{name}-{room}-{peer}") for peer in range(size)]
        for room in range(number)
    ]
    for member in await connect(url, (each for members in made for each in members)):
        member.subscribe()
    return made


async def leave(members: Iterable[Socket]) -> None:
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
