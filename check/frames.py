"""Checks the answers to frames that y-webrtc does not send, and that the server survives."""

import asyncio
from collections.abc import Sequence

import aiohttp

from check.client import PATIENCE, QUIET, clients, until
from check.findings import Fault, Untried
from check.meeting import enter
from check.target import Target
from rig.clients import Arrival, Client

_UNKNOWN = {"type": "check"}
_MALFORMED = '{"type":"publish",'
_BINARY = b'{"type":"ping"}'  # JSON, because y-webrtc's own server stops at anything else
_OVERSIZED_BYTES = 40_000
"""More than API Gateway's limit of a frame, 32 KB, and the default of MaxMessageBytes."""


async def be_told_of_errors(target: Target) -> str:
    """Send a frame of a type that does not exist."""
    async with clients(target, 1) as (client,):
        if await _is_told_of_errors(target, client):
            return _answer(client, client.got_of_type("error"))
    if target.is_broadcast:
        return "no answer, as from y-webrtc's own server"
    raise _unanswered()


async def send_malformed(target: Target) -> str:
    """Send text that is not JSON."""
    async with clients(target, 1) as (client,):
        if not await _is_told_of_errors(target, client):
            raise Untried("a server without error frames may end at it, as y-webrtc's own does")
    return await _answer_to(target, _MALFORMED)


async def send_oversized(target: Target) -> str:
    """Send one frame that is too large."""
    start, end = f'{{"type":"publish","topic":"{target.room()}","data":"', '"}'
    return await _answer_to(target, start + "v" * _OVERSIZED_BYTES + end)


async def send_binary(target: Target) -> str:
    """Send a binary frame."""
    return await _answer_to(target, _BINARY)


async def stay_outside(target: Target) -> str:
    """Enter a room that the token does not open."""
    room = target.room_outside()
    if target.token is None:
        raise Untried("no TOKEN")
    if room is None:
        raise Untried("this token opens every room: bring one that has `topics`")
    async with clients(target, 2) as pair:
        await asyncio.gather(*(client.come(room) for client in pair))
        refused = await until(lambda: all(_is_forbidden(client) for client in pair))
        if any(client.introductions for client in pair) or not refused:
            raise Fault(
                "no error frame `forbidden`: the room is open",
                "the authorizer's context is missing from the events, so that everything is "
                "granted, or the function does not look at it",
                "see that the stack's authorizer is the one of this project and deploy again; "
                "until then do not rely on `topics`",
            )
    return "error forbidden, nobody heard of anybody"


async def _answer_to(target: Target, frame: str | bytes) -> str:
    """Send `frame`, and return the answer once others are seen to be served still.

    Raises:
        Fault: there is no answer, or the others are no longer served.
    """
    room = target.room()
    async with clients(target, 3) as (sender, *others):
        await enter(target, others, room)
        before = len(sender.arrivals)  # from a server that greets its clients
        await sender.send(frame)
        answered = await until(
            lambda: sender.arrivals[before:] or sender.closed,
            QUIET if target.is_broadcast else PATIENCE,
        )
        came = _answer(sender, sender.arrivals[before:])
        await _serve_on(room, *others)
    if not answered and not target.is_broadcast:
        raise _unanswered()
    return f"{came}; others are served on"


async def _serve_on(room: str, one: Client, other: Client) -> None:
    try:
        await one.signal(room, other, signal="still there?")
    except (aiohttp.ClientError, OSError):
        served = False
    else:
        served = await until(lambda: other.got("still there?") or other.closed)
    if not served or other.closed:
        raise Fault(
            "the others are not served any more",
            "one client's frame ends the server, or its connections, for everybody",
            "do not run this server where others can reach it",
        )


async def _is_told_of_errors(target: Target, client: Client) -> bool:
    await client.send(_UNKNOWN)
    patience = 2 * QUIET if target.is_broadcast else PATIENCE
    return await until(lambda: client.got_of_type("error"), patience)


def _is_forbidden(client: Client) -> bool:
    return any(each.frame.get("code") == "forbidden" for each in client.got_of_type("error"))


def _answer(client: Client, arrivals: Sequence[Arrival]) -> str:
    if client.closed:
        return f"closed with {client.closed}"
    if not arrivals:
        return "no answer"
    frame = arrivals[0].frame
    if frame.get("type") == "error":
        return f"error {frame.get('code')}"
    return f"{frame.get('type') or frame.get('message')}"


def _unanswered() -> Fault:
    return Fault(
        "no answer",
        "error frames are swallowed: the function failed, or may not post to the sender",
        "see the message function's log, and its right to execute-api:ManageConnections",
    )
