"""Meeting in a room, and delivery to the right clients."""

import asyncio
import secrets
from collections.abc import Sequence
from itertools import combinations

from check import meanings
from check.client import PATIENCE, QUIET, clients, until
from check.findings import Advice, Fault, Untried
from check.target import Target
from rig.clients import Client

_LOST = Advice(
    "messages get lost: the message function failed, was throttled or may not post",
    "look for errors and throttles on the dashboard, and for `failed` in the log",
)
_BY_ADDRESS = Advice(
    "the server delivers by address (Delivery=addressed), or messages get lost",
    "check it with EXPECT=addressed",
)
SECONDS_BETWEEN_PEERS = 0.3
_SECONDS_TO_MISS = 10.0
_SECONDS_BETWEEN_PUBLISHES = 0.5


async def meet_in_turn(target: Target) -> str:
    """Enter a room where another client is."""
    room = target.room()
    async with clients(target, 1) as (first,):
        await first.come(room)
        await asyncio.sleep(SECONDS_BETWEEN_PEERS)
        async with clients(target, 1) as (second,):
            sent = await second.come(room)
            pair = [first, second]

            def met() -> bool:
                heard_back = second.heard_of(first) and not target.is_broadcast
                return first.heard_of(second) or heard_back

            if not await until(met):
                raise missed(pair, "the newcomer's announce did not come")
            await asyncio.sleep(QUIET)
            refuse_crossing(target, pair)
            arrived = min(each.at for client in pair for each in client.introductions)
    return f"introduced after {max(arrived - sent, 0) * 1000:.0f} ms"


async def deliver(target: Target) -> str:
    """Send a signal to one of the two others in a room."""
    room, mark = target.room(), {"id": secrets.token_hex(4), "sdp": "v=0\r\n \u20ac\U0001f600"}
    async with clients(target, 4) as (bystander, *everyone):
        sender, receiver, _ = everyone
        await enter(target, [bystander], target.room())
        await enter(target, everyone, room)
        await sender.signal(room, receiver, signal=mark)
        awaited = everyone if target.is_broadcast else [receiver]
        if not await until(lambda: all(client.got(mark) for client in awaited)):
            if receiver.got(mark):
                raise Fault("its addressee got it, and not everybody", *_BY_ADDRESS)
            raise missed(everyone, "its addressee did not get it as it was sent")
        await asyncio.sleep(QUIET)
        _refuse_leaks(bystander, everyone, room)
        others = [each for each in everyone if each not in awaited and each.got(mark)]
        if others == [sender]:
            raise Fault(
                "its sender got it, too",
                "the server sends what a client says back to it, and y-webrtc offers itself to "
                "itself",
                "see how the server picks the receivers of a message",
            )
        if others:
            raise Fault(
                f"{len(others)} more got it than its addressee",
                "signals go to everybody: Delivery=broadcast, or a server like y-webrtc's own",
                "check it with EXPECT=broadcast, or deploy with Delivery=addressed",
            )
        if any(len(client.got(mark)) > 1 for client in awaited):
            raise Fault(
                "it came more than once",
                "the message function runs more than once for a message",
                "look for retries and for two routes to it",
            )
        number = receiver.got(mark)[0].frame.get("clients")
    if number != len(everyone):
        raise Fault(
            f"`clients` says {number}, {len(everyone)} are in the room",
            "the server counts other clients than those that are there",
            "see the rows of the room in the table",
        )
    return "everybody got it" if target.is_broadcast else "its addressee got it, nobody else"


def _refuse_leaks(bystander: Client, everyone: Sequence[Client], room: str) -> None:
    """Raise a Fault if clients in `room` and a client in another one hear of each other."""
    hears = any(frame.get("topic") == room for frame in bystander.received)
    if hears or any(client.heard_of(bystander) for client in everyone):
        raise Fault(
            "what is said in a room gets into another one",
            "the server does not look at the topic: everybody hears everything of all rooms",
            "do not use it for rooms that strangers must not hear",
        )


async def miss_who_left(target: Target) -> str:
    """Close one client's WebSocket, reset another's, and measure how long they are counted."""
    room = target.room()
    async with clients(target, 4) as everyone:
        stays, watches, leaves, vanishes = everyone
        await enter(target, everyone, room)
        await leaves.close()
        if await _seconds_until_counted(room, stays, watches, 3) is None:
            raise Fault(
                f"a client that closed its WebSocket is still counted after {_SECONDS_TO_MISS:.0f} "
                "s",
                "the rows of those who leave stay: $disconnect runs no function, or it fails",
                "see that function's log, and its right to delete rows",
            )
        await vanishes.vanish()
        seconds = await _seconds_until_counted(room, stays, watches, 2)
    if seconds is None:
        raise Untried(
            f"still counted after {_SECONDS_TO_MISS:.0f} s, so this cannot tell: the server may "
            "not have noticed yet"
        )
    return f"not counted any more after {seconds:.1f} s"


async def _seconds_until_counted(
    room: str, sender: Client, receiver: Client, expected: int
) -> float | None:
    """Return the time until `expected` clients are counted, None if never."""
    for number in range(int(_SECONDS_TO_MISS / _SECONDS_BETWEEN_PUBLISHES)):
        if await _count(room, sender, receiver, f"{expected} {number}") == expected:
            return number * _SECONDS_BETWEEN_PUBLISHES
        await asyncio.sleep(_SECONDS_BETWEEN_PUBLISHES)
    return None


async def _count(room: str, sender: Client, receiver: Client, mark: str) -> object:
    """Return the number of clients in the room that `receiver` gets."""
    await sender.signal(room, receiver, signal=mark)
    if not await until(lambda: receiver.got(mark)):
        raise missed([sender, receiver], "those who stay do not get signals")
    return receiver.got(mark)[0].frame.get("clients")


async def enter(target: Target, everyone: Sequence[Client], room: str, where: str = "") -> None:
    """Let clients join a room, and wait until all are known there.

    Raises:
        Fault: they do not meet.
    """
    if target.is_broadcast:
        await _enter_unheard(everyone, room)
        return
    await asyncio.gather(*(client.come(room) for client in everyone))
    if not await until(lambda: not _strangers(everyone)):
        raise missed(everyone, f"{where}{_strangers(everyone)} of the pairs missed each other")


def missed(everyone: Sequence[Client], came: str, otherwise: Advice = _LOST) -> Fault:
    """Return the fault that a frame is missing, explained by the frames that came instead."""
    advice = meanings.of_frames([frame for client in everyone for frame in client.received])
    closed = next((client.closed for client in everyone if client.closed), None)
    if advice is None and closed:
        came = f"{came}; a connection was closed with {closed}"
        advice = meanings.CLOSED
    return Fault(came, *(advice or otherwise))


async def _enter_unheard(everyone: Sequence[Client], room: str) -> None:
    """Join a room where clients get their own messages, and wait until each has one."""
    for client in everyone:
        await client.subscribe(room)
    for _ in range(int(PATIENCE)):  # if messages overtake each other, one may come too early
        for client in everyone:
            if not client.got(client.peer):
                await client.signal(room, client, signal=client.peer)
        if await until(lambda: all(client.got(client.peer) for client in everyone), 1):
            return
    raise missed(everyone, "they do not get their own messages", _BY_ADDRESS)


def _strangers(everyone: Sequence[Client]) -> int:
    return sum(
        not (one.heard_of(other) or other.heard_of(one)) for one, other in combinations(everyone, 2)
    )


def refuse_crossing(target: Target, everyone: Sequence[Client], where: str = "") -> None:
    """Raise a Fault if two of `everyone` heard of each other where only one should."""
    crossed = sum(
        one.heard_of(other) and other.heard_of(one) for one, other in combinations(everyone, 2)
    )
    if crossed and not target.is_broadcast:
        raise Fault(
            f"{where}{crossed} of the pairs heard of each other in both directions",
            "announces cross, which breaks y-webrtc's connections: announces go to everybody",
            "check it with EXPECT=broadcast if it is such a server; else report it as a bug",
        )
