"""Who gets in: tokens, their topics and origins, through the local server."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import jwt
import pytest
from playwright.sync_api import Browser, sync_playwright

from local import ROOT
from tests.clients import Client, clients
from tests.conftest import StartLocalServer, dynamodb_client
from tests.e2e.browsers import Peer, launch_chromium, peers, sync
from tests.issuer import Issuer, SigningKey
from tests.servers import LocalServer, wait_until

LEEWAY = 30
"""Seconds for which the authorizer takes a token that has expired."""


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    issuer.start()
    yield issuer
    issuer.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        yield browser
        browser.close()


def demands(issuer: Issuer, *more: str) -> tuple[str, str]:
    """Return the local server's options that ask for tokens of `issuer`."""
    return "--parameter-overrides", f"JwtIssuer={issuer.url} JwtAudience=demo {' '.join(more)}"


def url_with(server: LocalServer, token: str) -> str:
    return f"{server.websocket_url}/?token={token}"


def refusals(server: LocalServer) -> list[str]:
    return [line["refused"] for line in server.log if "refused" in line]


def assert_unseen(server: LocalServer, *tokens: str) -> None:
    """Check that no part of a token is in the server's output."""
    for token in tokens:
        for part in token.split("."):
            assert len(part) < 9 or part[:9] not in server.output


async def knock(server: LocalServer, query: str, *headers: str) -> bytes:
    """Ask for a WebSocket, send frames without waiting for it, and return all that comes back."""
    request = [
        f"GET /{query} HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *headers,
    ]
    body = b'{"type":"subscribe","topics":["room"]}'
    frame = bytes([0x81, 0x80 | len(body)]) + bytes(4) + body
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write("\r\n".join([*request, "", ""]).encode() + frame)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    return answer


def is_refusal(answer: bytes, status: int) -> bool:
    """Tell whether `answer` is nothing but `status`: no upgrade, no body, no frame."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    return head.startswith(f"HTTP/1.1 {status} ".encode()) and rest == b""


def rows(endpoint: str) -> list[Any]:
    found: list[Any] = dynamodb_client(endpoint).scan(TableName="SubscriptionsTable")["Items"]
    return found


def test_clients_with_good_tokens_talk(
    issuer: Issuer, local_server: StartLocalServer, any_table: tuple[str, ...]
) -> None:
    server = local_server(*any_table, *demands(issuer))
    token = issuer.mint(aud="demo")

    async def talk() -> None:
        async with clients(url_with(server, token), "A", "B") as (a, b):
            await a.subscribe("room")
            await a.announce("room")
            await a.settled()
            await b.subscribe("room")
            await b.announce("room")
            await a.until_heard_from(b)
            await a.signal("room", b, signal={"type": "offer"})
            await b.until(lambda frames: any(f["data"]["from"] == "A" for f in frames))

    asyncio.run(talk())
    assert refusals(server) == []
    assert_unseen(server, token)


def test_who_brings_no_good_token_gets_no_row_and_no_frame(
    issuer: Issuer, local_server: StartLocalServer, dynamodb_local: str
) -> None:
    server = local_server("--dynamodb", dynamodb_local, *demands(issuer))
    left_by_others = rows(dynamodb_local)
    now = int(time.time())
    good = issuer.mint(aud="demo")
    stranger = SigningKey("ES256", "1").sign(issuer.claims(aud="demo"))
    unsigned = jwt.encode(issuer.claims(aud="demo"), "", "none")
    bad = {
        "expired": issuer.mint(aud="demo", exp=now - LEEWAY - 5),
        "not_yet_valid": issuer.mint(aud="demo", nbf=now + 3600),
        "audience": issuer.mint(aud="other"),
        "no_aud": issuer.mint(),
        "issuer": issuer.mint(aud="demo", iss="https://other.example"),
        "no_exp": issuer.mint(aud="demo", exp=None),
        "algorithm": unsigned,
        "signature": stranger,
        "malformed": good[:-20].replace(".", "", 1),
        "oversized": issuer.mint(aud="demo", padding="x" * 8192),
        "two_tokens": f"{good}&token={good}",
        "topics": issuer.mint(aud="demo", topics="room"),
    }

    async def knock_with_each() -> None:
        for query in ("", "?", "?token=", f"?Token={good}", f"?access_token={good}"):
            answer = await knock(server, query, f"Authorization: Bearer {good}", f"token: {good}")
            assert is_refusal(answer, 401)
        assert server.log == []
        for reason, token in bad.items():
            assert is_refusal(await knock(server, f"?token={token}"), 403), reason

    asyncio.run(knock_with_each())
    assert refusals(server) == list(bad)
    assert {line["type"] for line in server.log} == {"authorize"}
    assert rows(dynamodb_local) == left_by_others
    assert_unseen(server, good, *bad.values())


def test_a_page_request_that_is_too_long_does_not_put_its_token_into_the_log(
    issuer: Issuer, local_server: StartLocalServer
) -> None:
    server = local_server(*demands(issuer))
    token = issuer.mint(aud="demo", padding="x" * 8192)

    async def get() -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{server.http_url}/?token={token}") as answer,
        ):
            return answer.status

    assert asyncio.run(get()) == 400
    assert_unseen(server, token)


def test_an_issuer_that_is_away_lets_nobody_in_and_the_owner_reads_why(
    local_server: StartLocalServer,
) -> None:
    away = Issuer()
    token = away.mint(aud="demo")
    away._server.server_close()
    server = local_server(*demands(away))
    assert is_refusal(asyncio.run(knock(server, f"?token={token}")), 403)
    (line,) = server.log
    assert (line["level"], line["refused"]) == ("ERROR", "keys")
    assert away.url in line["error"]


def test_a_token_opens_the_topics_that_it_names_and_no_others(
    issuer: Issuer, local_server: StartLocalServer, any_table: tuple[str, ...]
) -> None:
    server = local_server(*any_table, *demands(issuer))
    own = url_with(server, issuer.mint(aud="demo", topics=["own"]))
    all_topics = url_with(server, issuer.mint(aud="demo"))

    async def meet() -> None:
        async with clients(own, "A") as (a,), clients(all_topics, "B") as (b,):
            await b.subscribe("secret", "own")
            await b.settled()
            b.received.clear()
            await a.subscribe("secret", "own")
            await a.until_received(1)
            assert [frame["code"] for frame in a.received] == ["forbidden"]
            await a.announce("secret")
            await a.until_received(2)
            assert [frame["code"] for frame in a.received] == ["forbidden"] * 2
            await b.publish("secret", "for B's friends alone")
            await b.settled()
            await b.announce("own")
            await a.until_heard_from(b)
            await a.publish("own", "hello")
            await b.until(lambda frames: any(f.get("data") == "hello" for f in frames))
            assert topics_of(a) == topics_of(b) == {"own"}
            await a.send({"type": "unsubscribe", "topics": ["secret", "own"]})
            await a.settled()
            await b.settled()

    asyncio.run(meet())


def topics_of(client: Client) -> set[str]:
    return {frame["topic"] for frame in client.received if frame["type"] == "publish"}


def test_one_star_stays_in_its_segment_and_two_do_not(
    issuer: Issuer, local_server: StartLocalServer
) -> None:
    server = local_server(*demands(issuer))
    patterned = issuer.mint(aud="demo", topics=["team/*", "all/**", "x*z"])
    opened = ["team/a", "team/", "all/a", "all/a/b", "xyz", "xz"]
    closed = ["team/a/b", "team", "team2/a", "all", "x/z", "room"]

    async def listen() -> None:
        async with (
            clients(url_with(server, patterned), "A") as (a,),
            clients(url_with(server, issuer.mint(aud="demo")), "B") as (b,),
        ):
            await a.subscribe(*closed, *opened)
            await a.settled()
            for topic in closed + opened:
                await b.announce(topic)
            await b.settled()
            await a.until(lambda frames: topics_of(a) >= set(opened))
            assert topics_of(a) == set(opened)
            errors = [frame for frame in a.received if frame.get("code") == "forbidden"]
            assert len(errors) == 1

    asyncio.run(listen())


def test_a_page_of_another_origin_is_refused_and_the_log_says_why(
    issuer: Issuer, local_server: StartLocalServer
) -> None:
    allowed = "AllowedOrigins=https://app.example,https://*.team.example"
    server = local_server(*demands(issuer, allowed))
    good = issuer.mint(aud="demo")

    async def knock_from(origin: str | None) -> int:
        async with aiohttp.ClientSession() as session:
            try:
                async with session.ws_connect(url_with(server, good), origin=origin):
                    return 101
            except aiohttp.WSServerHandshakeError as refused:
                return refused.status

    statuses = {
        "https://app.example": 101,
        "https://a.b.team.example": 101,
        "https://team.example": 403,
        "http://app.example": 403,
        "https://app.example.evil.example": 403,
        "null": 403,
        None: 403,
    }
    assert {origin: asyncio.run(knock_from(origin)) for origin in statuses} == statuses
    refused = [line for line in server.log if "refused" in line]
    assert [(line["refused"], line["origin"]) for line in refused] == [
        ("origin", origin or "") for origin, status in statuses.items() if status == 403
    ]
    assert_unseen(server, good)


def test_browsers_with_good_tokens_sync_and_others_neither_read_nor_write(
    issuer: Issuer, local_server: StartLocalServer, chromium: Browser
) -> None:
    server = local_server(*demands(issuer))
    good = url_with(server, issuer.mint(aud="demo", topics=["room"]))
    expired = url_with(server, issuer.mint(aud="demo", exp=int(time.time()) - LEEWAY - 5))
    elsewhere = url_with(server, issuer.mint(aud="demo", topics=["another room"]))
    with peers(chromium, server, 2, "room", signaling=good) as everyone:
        outside = Peer(chromium, server.http_url, "room", signaling=expired)
        beside = Peer(chromium, server.http_url, "room", signaling=elsewhere)
        outside.expect_signaling("offline")
        beside.expect_signaling("connected")
        outside.type("from outside")
        beside.type("from beside")
        sync(everyone)
        assert "from" not in everyone[0].text()
        assert outside.text() == "from outside\n"
        assert beside.text() == "from beside\n"
        assert outside.frames == []
        wait_until(lambda: len(beside.frames) >= 2)  # of its subscribe and of its announce
        assert {json.loads(frame).get("code") for frame in beside.frames} == {"forbidden"}
        assert set(refusals(server)) == {"expired"}
        outside.leave()
        beside.leave()


def test_a_page_outlives_its_token_and_a_renewed_url_brings_it_back(
    issuer: Issuer, local_server: StartLocalServer, chromium: Browser
) -> None:
    server = local_server(*demands(issuer))
    refused_from = int(time.time()) + 12
    old = url_with(server, issuer.mint(aud="demo", exp=refused_from - LEEWAY))
    with peers(chromium, server, 2, "room", signaling=old) as everyone:
        renewing, idle = everyone
        sync(everyone)
        wait_until(lambda: time.time() > refused_from + 1)
        for peer in everyone:
            peer.expect_signaling("connected")
        server.stop()
        server.start()
        wait_until(lambda: refusals(server).count("expired") >= 4)
        idle.expect_signaling("offline")
        renewing.expect_signaling("offline")
        renewing.type("written offline")
        idle.expect_lines("written offline")

        new = url_with(server, issuer.mint(aud="demo"))
        renewing.page.evaluate(renewal(), new)
        renewing.expect_signaling("connected")
        renewing.expect_connected(1)
        newcomer = Peer(chromium, server.http_url, "room", signaling=new)
        newcomer.expect_lines("written offline")
        so_far = len(refusals(server))
        wait_until(lambda: len(refusals(server)) > so_far)
        idle.expect_signaling("offline")

        renewing.page.evaluate("demo.provider.disconnect(); demo.provider.connect()")
        renewing.expect_signaling("connected")
        newcomer.type("welcome back")
        renewing.expect_lines("welcome back")
        newcomer.leave()


def renewal() -> str:
    """Return the page's renewal as the docs have it, as a function of the new URL."""
    text = (ROOT / "docs" / "tokens.md").read_text()
    (code,) = re.findall(r"```js\n(async function renew .*?)^```", text, re.DOTALL | re.MULTILINE)
    named = "const provider = demo.provider; const signalingUrl = async () => url;"
    return f"async (url) => {{ {named}\n{code.partition('setInterval')[0]}\nawait renew() }}"
