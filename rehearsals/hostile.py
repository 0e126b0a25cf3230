"""A hostile member, and a page of another site: what they can do, and what they cannot."""

import asyncio
import json
import os
from functools import partial
from http.client import HTTPConnection
from typing import NamedTuple

import aiohttp

from rehearsals.places import DYNAMODB, MEMORY, Running, running
from rehearsals.report import Row, findings
from rig.issuer import Issuer
from rig.members import Member, connect, leave, until
from rig.report import Check, Report
from rig.servers import LocalServer
from rig.tokens import demands, url_with

_SECONDS = 20.0
_LARGE, _THIEVES, _AHEAD = 110, 8, 20
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


class _Found(NamedTuple):
    row: Row
    check: Check


def rehearse(is_short: bool) -> Report:
    """Let a member take another's id and try other rooms, and a page of another site connect."""
    number = 20 if is_short else 1_000
    with running(MEMORY) as here:
        stolen = asyncio.run(_take_peer_id(here.server, number))
        posted = asyncio.run(_post(here.server, number))
        knocked = asyncio.run(_knock(here.server))
    found = [stolen]
    if not is_short:  # tests of the adapters have it, too
        with running(DYNAMODB, environment={"LOG_LEVEL": "INFO"}) as here:
            found.append(asyncio.run(_take_peer_id_in_a_large_room(here, number)))
    issuer = Issuer()
    issuer.start()
    try:
        with running(MEMORY, *demands(issuer)) as here:
            found.append(asyncio.run(_trespass(here.server, issuer)))
    finally:
        issuer.stop()
    found += [posted, knocked]
    return findings([each.row for each in found], [each.check for each in found])


async def _take_peer_id(server: LocalServer, number: int) -> _Found:
    everyone = ada, bob, mallory = [Member("room", name) for name in ("ada", "bob", "mallory")]
    for member in await connect(server.websocket_url, everyone):
        member.subscribe()
        member.announce()
    mallory.peer = "bob"
    mallory.announce()
    await _handled(mallory)
    due = {f"{turn}" for turn in range(number)}
    for text in due:
        ada.say(text, to="bob")
    await _handled(ada)
    missed = len(due - bob.texts.keys())
    await leave(everyone)
    row = Row(
        "Announces itself under another's peer id",
        f"{number:,} signals to the id that two connections claim",
        f"{number:,} at its owner",
        f"{number - missed:,} at its owner",
        f"{len(due & mallory.texts.keys()):,} also at the hostile member: ids are no secret and no "
        "proof",
    )
    return _Found(row, Check("Signals that the owner of a peer id did not get", missed, 0))


async def _take_peer_id_in_a_large_room(here: Running, number: int) -> _Found:
    crowd = [Member("room", f"member-{each}") for each in range(_LARGE)]
    ada, bob, carol = (Member("room", name) for name in ("ada", "bob", "carol"))
    thieves = [Member("room", "bob") for _ in range(_THIEVES)]
    everyone = [*crowd, ada, bob, carol, *thieves]
    await connect(here.server.websocket_url, everyone)
    for some in (crowd, [ada, bob, carol], thieves, thieves, thieves):
        lines = here.logged("publish") + len(some)
        for member in some:
            member.announce()
        await until(partial(here.has_logged, "publish", lines), _SECONDS)
    carol.send({"type": "unsubscribe", "topics": ["room"]})
    await until(lambda: here.logged("unsubscribe") == 1, _SECONDS)
    due = {f"{turn}" for turn in range(number)}
    for turn in range(number):
        ada.say(f"{turn}", to="bob")
        ada.say(f"to carol {turn}", to="carol")
        while turn - len(due & bob.texts.keys()) > _AHEAD:
            await asyncio.sleep(0.01)
    await until(lambda: due <= bob.texts.keys(), _SECONDS)
    missed, twice = len(due - bob.texts.keys()), sum(bob.texts[text] > 1 for text in due)
    overheard = sum(text.startswith("to carol") for text in carol.texts)
    most = max(len(due & thief.texts.keys()) for thief in thieves)
    await leave(everyone)
    row = Row(
        f"{_THIEVES} do the same in a room of {len(everyone)}, on DynamoDB",
        f"{number:,} signals to that id, and {number:,} to one that has left",
        f"{number:,} at its owner, once each, none at the one that has left",
        f"{number - missed:,} at its owner, {twice} of them twice, {overheard} at the one that has left",
        f"{most:,} at one of the hostile members: the owner claimed its id first",
    )
    what = "The same in a large room, twice, or at one that has left"
    return _Found(row, Check(what, missed + twice + overheard, 0))


async def _trespass(server: LocalServer, issuer: Issuer) -> _Found:
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
    row = Row(
        f"Has a token for `{_GRANTED}`, tries other rooms",
        f"{tried} messages for {len(_FORBIDDEN)} other rooms",
        f"{tried} refusals",
        f"{refused} refusals, {heard} messages got through",
        "each answered with `forbidden`, and the connection stays open",
    )
    what = "Rooms that were entered or heard without the right to"
    return _Found(row, Check(what, abs(tried - refused) + heard, 0))


async def _post(server: LocalServer, number: int) -> _Found:
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
    row = Row(
        "A page sends requests to `@connections`, with a known id and guessed ones",
        f"{len(requests):,} GET, POST and DELETE, from another site and by DNS rebinding",
        f"{len(requests):,} refusals",
        f"{refused:,} refusals",
        f"{ada.texts.total()} messages at the client, which is still connected",
    )
    what = "Requests from a page to @connections that had an effect"
    return _Found(row, Check(what, len(requests) - refused + ada.texts.total(), 0))


async def _knock(server: LocalServer) -> _Found:
    async with aiohttp.ClientSession() as session:
        let_in = {each for each in _FAR + _NEAR if await _is_let_in(session, server, each)}
    wrong, near = let_in & set(_FAR), let_in & set(_NEAR)
    row = Row(
        "A page opens a WebSocket to `localhost`, `AllowedOrigins` not set",
        f"handshakes from {len(_FAR)} pages on the internet, {len(_NEAR)} on this machine or network",
        f"{len(_FAR)} refusals",
        f"{len(_FAR) - len(wrong)} refusals, {len(near)} let in",
        "the server prints which site it refused, and how to let it in",
    )
    what = "Handshakes from pages on the internet that were let in"
    return _Found(row, Check(what, len(wrong) + len(_NEAR) - len(near), 0))


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
