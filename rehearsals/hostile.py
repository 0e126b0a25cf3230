"""A hostile member, and a page of another site: what they can do, and what they cannot."""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import NamedTuple

import aiohttp

from rehearsals.members import Member, connect, leave, until
from rehearsals.places import DYNAMODB, MEMORY, Running, running
from rehearsals.report import Findings, Row
from rig.issuer import Issuer
from rig.report import Check
from rig.servers import LocalServer
from rig.tokens import demands, url_with

_SECONDS = 20.0
_LARGE, _THIEVES, _AHEAD = 110, 8, 20
_EVIL = "https://evil.example"
_GRANTED = "team-1/*"
_FORBIDDEN = (
    *("team-1", "Team-1/notes", "team-1/notes/old", "team-10/notes", "team-2/notes"),
    *("../team-1/notes", "team-1/../team-2/notes", "team-1//notes", "team-1\\notes", " team-1/x"),
    *("team-1\u2215notes", "\uff54eam-1/notes", "team\u20101/notes", "team-1\u0000/notes"),
    *("*", "**", "team-*/notes", "", "/", "team-1%2Fnotes", "lobby", "\nteam-1/notes"),
)
"""Rooms that the token does not open, though some look like it."""


class _Found(NamedTuple):
    row: Row
    wrong: int


def rehearse(is_short: bool) -> Findings:
    """Let a member take another's id and try other rooms, and a page of another site connect."""
    number = 20 if is_short else 1_000
    with running(MEMORY) as here:
        stolen = asyncio.run(_take_peer_id(here.server, number))
        posted = asyncio.run(_post(here.server, number))
        knocked = asyncio.run(_knock(here.server))
    listed = [] if is_short else [_in_a_large_room(number)]  # tests of the adapters have it, too
    with _issuer() as issuer, running(MEMORY, *demands(issuer)) as here:
        trespassed = asyncio.run(_trespass(here.server, issuer))
    return Findings(
        "A hostile member, and a page of another site",
        [stolen.row, *(each.row for each in listed), trespassed.row, posted.row, knocked.row],
        [
            Check("Signals that the owner of a peer id did not get", stolen.wrong, 0),
            *(
                Check("The same in a large room, twice, or at one that has left", each.wrong, 0)
                for each in listed
            ),
            Check("Rooms that were entered or heard without the right to", trespassed.wrong, 0),
            Check("Requests from a page to @connections that had an effect", posted.wrong, 0),
            Check("Handshakes from pages on the internet that were let in", knocked.wrong, 0),
        ],
        [],
        [
            "A client chooses its own peer id, here as with y-webrtc's own server, so a member of "
            "a room can listen under another member's id. What it hears are WebRTC's offers and "
            "answers; a room's `password` encrypts them. See [security](security.md)."
        ],
    )


async def _take_peer_id(server: LocalServer, number: int) -> _Found:
    ada, bob, mallory = (Member("room", name) for name in ("ada", "bob", "mallory"))
    await connect(server.websocket_url, [ada, bob, mallory])
    for member in (ada, bob, mallory):
        member.subscribe()
        member.announce()
    mallory.peer = "bob"
    mallory.announce()
    await _handled(mallory)
    for turn in range(number):
        ada.say(f"{turn}", to="bob")
    await _handled(ada)
    due = {f"{turn}" for turn in range(number)}
    missed = len(due - bob.heard.keys())
    await leave([ada, bob, mallory])
    row = Row(
        "Announces itself under another's peer id",
        f"{number:,} signals to the id that two connections claim",
        f"{number:,} at its owner",
        f"{number - missed:,} at its owner",
        f"{len(due & mallory.heard.keys()):,} also at the hostile member: ids are neither secret "
        "nor proof",
    )
    return _Found(row, missed)


def _in_a_large_room(number: int) -> _Found:
    with running(DYNAMODB, environment={"LOG_LEVEL": "INFO"}) as here:
        return asyncio.run(_take_peer_id_of_a_large_room(here, number))


async def _take_peer_id_of_a_large_room(here: Running, number: int) -> _Found:
    crowd = [Member("room", f"member-{each}") for each in range(_LARGE)]
    ada, bob, carol = (Member("room", name) for name in ("ada", "bob", "carol"))
    thieves = [Member("room", "bob") for _ in range(_THIEVES)]
    await connect(here.server.websocket_url, [*crowd, ada, bob, carol, *thieves])

    async def announce(*members: Member) -> None:
        before = here.logged("publish")
        for member in members:
            member.announce()
        await until(lambda: here.logged("publish") == before + len(members), _SECONDS)

    await announce(*crowd)
    await announce(ada, bob, carol)
    for _ in range(3):
        await announce(*thieves)
    carol.send({"type": "unsubscribe", "topics": ["room"]})
    await until(lambda: here.logged("unsubscribe") == 1, _SECONDS)
    due = {f"{turn}" for turn in range(number)}
    for turn in range(number):
        ada.say(f"{turn}", to="bob")
        ada.say(f"to carol {turn}", to="carol")
        while turn - len(due & bob.heard.keys()) > _AHEAD:
            await asyncio.sleep(0.01)
    await until(lambda: due <= bob.heard.keys(), _SECONDS)
    missed, twice = len(due - bob.heard.keys()), sum(bob.heard[text] > 1 for text in due)
    overheard = sum(text.startswith("to carol") for text in carol.heard)
    most = max(len(due & thief.heard.keys()) for thief in thieves)
    await leave([*crowd, ada, bob, carol, *thieves])
    row = Row(
        f"{_THIEVES} do the same in a room of {_LARGE + 3 + _THIEVES}, on DynamoDB",
        f"{number:,} signals to that id, and {number:,} to one that has left",
        f"{number:,} at its owner, once each, none at the one that has left",
        f"{number - missed:,} at its owner, {twice} of them twice, {overheard} at the one that "
        "has left",
        f"{most:,} at one of the hostile members: the owner claimed its id first",
    )
    return _Found(row, missed + twice + overheard)


async def _trespass(server: LocalServer, issuer: Issuer) -> _Found:
    owner, mallory = Member("", "owner"), Member("", "mallory")
    await connect(url_with(server, issuer.mint(aud="demo")), [owner])
    await connect(url_with(server, issuer.mint(aud="demo", topics=[_GRANTED])), [mallory])
    rooms = [topic for topic in _FORBIDDEN if topic]
    owner.send({"type": "subscribe", "topics": rooms})
    await _handled(owner)
    for topic in rooms:
        mallory.send({"type": "subscribe", "topics": [topic]})
        mallory.send({"type": "publish", "topic": topic, "data": {"type": "x", "from": "m"}})
    await _handled(mallory)
    for topic in rooms:
        owner.send({"type": "publish", "topic": topic, "data": {"type": "secret", "from": "o"}})
    await _handled(owner)
    await _handled(mallory)
    await leave([owner, mallory])
    tried, refused = 2 * len(rooms), mallory.errors["forbidden"]
    heard = mallory.heard.total() + owner.heard.total()
    row = Row(
        f"Has a token for `{_GRANTED}`, tries other rooms",
        f"{tried} messages for {len(rooms)} other rooms",
        f"{tried} refusals",
        f"{refused} refusals, {heard} messages got through",
        "each answered with `forbidden`, and the connection stays open",
    )
    return _Found(row, abs(tried - refused) + heard)


async def _post(server: LocalServer, number: int) -> _Found:
    ada = Member("room", "ada")
    await connect(server.websocket_url, [ada])
    ada.subscribe()
    await _handled(ada)
    own = next(line["connection"] for line in server.log if line.get("type") == "subscribe")
    guesses = [os.urandom(8).hex() for _ in range(number)]
    requests = [
        (method, connection, headers)
        for connection in (own, *guesses)
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
        f"{ada.heard.total()} messages at the client, which is still connected",
    )
    return _Found(row, len(requests) - refused + ada.heard.total())


async def _knock(server: LocalServer) -> _Found:
    far = (_EVIL, "null", "http://localhost.evil.example", "http://evil.example:4444")
    near = ("http://localhost:3000", "http://127.0.0.1:5173", "http://192.168.1.5:8080")
    async with aiohttp.ClientSession() as session:
        let_in = [origin for origin in far + near if await _is_let_in(session, server, origin)]
    row = Row(
        "A page opens a WebSocket to `localhost`, `AllowedOrigins` not set",
        f"handshakes from {len(far)} pages on the internet, {len(near)} on this machine or network",
        f"{len(far)} refusals",
        f"{len(far) - len(set(far) & set(let_in))} refusals, {len(set(near) & set(let_in))} let in",
        "the server prints which site it refused, and how to let it in",
    )
    return _Found(row, len(set(far) & set(let_in)) + len(set(near) - set(let_in)))


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


@contextmanager
def _issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    issuer.start()
    try:
        yield issuer
    finally:
        issuer.stop()
