"""A hostile member, and a page of another site: what they can do, and what they cannot."""

import asyncio
import json
import os
from functools import partial
from http.client import HTTPConnection

import aiohttp

from rehearsals.report import Part, findings
from rig.issuer import Issuer
from rig.members import Member, connect, leave, until
from rig.places import DYNAMODB, MEMORY, running
from rig.report import Check, Report
from rig.servers import LocalServer
from rig.tokens import demands, url_with

_SECONDS, _SECONDS_TO_BE_HANDLED = 20.0, 1.0
_EVIL = "https://evil.example"
_FAR = (_EVIL, "null", "http://localhost.evil.example", "http://evil.example:4444")
_NEAR = ("http://localhost:3000", "http://127.0.0.1:5173", "http://192.168.1.5:8080")
_GRANTED = "team-1/*"
_FORBIDDEN = (
    *("team-1", "Team-1/notes", "team-1/notes/old", "team-10/notes", "team-2/notes"),
    *("../team-1/notes", "team-1/../team-2/notes", "team-1//notes", "team-1\\notes", " team-1/x"),
    *("team-1\u2215notes", "\uff54eam-1/notes", "team\u20101/notes", "team-1\u0000/notes"),
    *("*", "**", "team-*/notes", "/", "team-1%2Fnotes", "lobby", "\nteam-1/notes"),
)
"""Rooms that the token does not open, though some look like it."""


def rehearse(is_short: bool) -> Report:
    """Let a member take another's id and try other rooms, and a page of another site connect."""
    number = 20 if is_short else 1_000
    stolen = []
    for place, listeners in ((MEMORY, 0),) if is_short else ((MEMORY, 0), (DYNAMODB, 120)):
        with running(place) as here:
            stolen.append(asyncio.run(_take_peer_id(here.server, place, listeners, number)))
    with running(MEMORY) as here:
        posted = asyncio.run(_post(here.server, number))
        knocked = asyncio.run(_knock(here.server))
    with Issuer() as issuer, running(MEMORY, *demands(issuer)) as here:
        trespassed = asyncio.run(_trespass(here.server, issuer))
    return findings([*stolen, trespassed, posted, knocked])


async def _take_peer_id(server: LocalServer, place: str, listeners: int, number: int) -> Part:
    ada, bob, mallory = three = [Member("room", name) for name in ("ada", "bob", "bob")]
    others = [Member("room", f"listener {each}") for each in range(listeners)]
    for listener in await connect(server.websocket_url, others):
        listener.subscribe()
    for member in await connect(server.websocket_url, three):
        member.announce()
        await asyncio.sleep(_SECONDS_TO_BE_HANDLED)
    before, after = ({f"{when} {turn}" for turn in range(number)} for when in ("before", "after"))
    for half in (before, after):
        for text in half:
            ada.say(text, to="bob")
        await until(partial(half.issubset, bob.texts), _SECONDS)
        mallory.send({"type": "unsubscribe", "topics": ["room"]})
        await asyncio.sleep(_SECONDS_TO_BE_HANDLED)
    missed, stray = len((before | after) - bob.texts.keys()), len(after & mallory.texts.keys())
    await leave([*three, *others])
    return Part(
        f"Announces itself under another's peer id in a room of {3 + listeners}, in {place}",
        f"{number:,} signals to the id that two connections claim, and as many once one has left",
        f"{2 * number:,} at its owner",
        f"{2 * number - missed:,} at its owner",
        f"{len(before & mallory.texts.keys()):,} also at the hostile member: ids are neither "
        f"secret nor proof; {stray:,} once it has left",
        [
            Check("Signals that the owner of a peer id did not get", missed),
            Check("Signals to a member that has left", stray),
        ],
    )


async def _trespass(server: LocalServer, issuer: Issuer) -> Part:
    owner, mallory = Member("", "owner"), Member("", "mallory")
    await connect(url_with(server, issuer.mint(aud="demo")), [owner])
    await connect(url_with(server, issuer.mint(aud="demo", topics=[_GRANTED])), [mallory])
    owner.subscribe(*_FORBIDDEN)
    await _handled(owner)
    for member in (mallory, owner):
        for topic in _FORBIDDEN:
            if member is mallory:
                mallory.subscribe(topic)
            member.publish({"type": "secret", "from": member.peer}, topic)
        await _handled(member)
    await _handled(mallory)
    await leave([owner, mallory])
    tried, refused = 2 * len(_FORBIDDEN), mallory.errors["forbidden"]
    heard = mallory.texts.total() + owner.texts.total()
    return Part(
        f"Has a token for `{_GRANTED}`, tries other rooms",
        f"{tried} messages for {len(_FORBIDDEN)} other rooms",
        f"{tried} refusals",
        f"{refused} refusals, {heard} messages got through",
        "each answered with `forbidden`, and the connection stays open",
        [Check("Rooms entered or heard without the right to", abs(tried - refused) + heard)],
    )


async def _post(server: LocalServer, number: int) -> Part:
    ada = Member("room", "ada")
    await connect(server.websocket_url, [ada])
    ada.subscribe()
    await _handled(ada)
    own = next(line["connection"] for line in server.log if line.get("type") == "subscribe")
    requests = [
        (method, connection, headers)
        for connection in (own, *(os.urandom(8).hex() for _ in range(number)))
        for method in ("GET", "POST", "DELETE")
        for headers in ({"Origin": _EVIL}, {"Host": "evil.example"})
    ]
    statuses = await asyncio.to_thread(lambda: [_status(server, *each) for each in requests])
    refused = statuses.count(403)
    await _handled(ada)
    await leave([ada])
    what = "Requests from a page to @connections that had an effect"
    return Part(
        "A page sends requests to `@connections`, with a known id and guessed ones",
        f"{len(requests):,} GET, POST and DELETE, from another site and by DNS rebinding",
        f"{len(requests):,} refusals",
        f"{refused:,} refusals",
        f"{ada.texts.total()} messages at the client, which is still connected",
        [Check(what, len(requests) - refused + ada.texts.total())],
    )


async def _knock(server: LocalServer) -> Part:
    async with aiohttp.ClientSession() as session:
        let_in = {each for each in _FAR + _NEAR if await _is_let_in(session, server, each)}
    wrong, near = let_in & set(_FAR), let_in & set(_NEAR)
    what = "Handshakes from pages on the internet that were let in"
    return Part(
        "A page opens a WebSocket to `localhost`, `AllowedOrigins` not set",
        f"handshakes from {len(_FAR)} pages on the internet, {len(_NEAR)} on this machine or "
        "network",
        f"{len(_FAR)} refusals",
        f"{len(_FAR) - len(wrong)} refusals, {len(near)} let in",
        "the server prints which site it refused, and how to let it in",
        [Check(what, len(wrong) + len(_NEAR) - len(near))],
    )


async def _is_let_in(session: aiohttp.ClientSession, server: LocalServer, origin: str) -> bool:
    try:
        async with session.ws_connect(server.websocket_url, origin=origin):
            return True
    except aiohttp.WSServerHandshakeError:
        return False


def _status(server: LocalServer, method: str, connection: str, headers: dict[str, str]) -> int:
    asking = HTTPConnection("127.0.0.1", server.port, timeout=_SECONDS)
    try:
        body = json.dumps({"type": "publish", "data": {"type": "forged"}})
        asking.request(method, f"/dev/@connections/{connection}", body, headers)
        return asking.getresponse().status
    finally:
        asking.close()


async def _handled(member: Member) -> None:
    """Wait until all that `member` has sent has been handled and delivered."""
    before = member.errors["unknown_type"]
    member.send({"type": "settled?"})
    await until(lambda: member.errors["unknown_type"] > before, _SECONDS)
    await asyncio.sleep(0.2)
