"""Who gets in: tokens and the topics that they open, through the local server."""

import asyncio
import time

import aiohttp
import jwt

from rig.aws import dynamodb_client
from rig.clients import Client, clients
from rig.issuer import Issuer, SigningKey
from rig.processes import wait_until
from rig.raw import HANDSHAKE, connect, frame
from rig.servers import LocalServer, StartLocalServer
from rig.tokens import LEEWAY, demands, refusals, url_with
from tests.support.table import rows_of
from tests.support.unseen import assert_unseen

CLOSED = "a room that no bad token opens"


def knock(server: LocalServer, query: str, headers: str = "") -> bytes:
    """Ask for a WebSocket, send a frame without waiting for it, and return all that comes back."""
    asked = HANDSHAKE.replace(b"/", f"/{query}".encode(), 1)
    asked = asked.replace(b"Upgrade: ", f"{headers}Upgrade: ".encode(), 1)
    entering = frame(0x81, b'{"type":"subscribe","topics":["%s"]}' % CLOSED.encode())
    with connect(server, asked + entering) as client:
        return b"".join(iter(lambda: client.recv(65536), b""))


def is_refusal(answer: bytes, status: int) -> bool:
    """Tell whether `answer` is nothing but `status`: no upgrade, no body, no frame."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    return head.startswith(f"HTTP/1.1 {status} ".encode()) and rest == b""


def test_who_brings_no_good_token_gets_no_row_and_no_frame(
    issuer: Issuer, local_server: StartLocalServer, dynamodb_local: str
) -> None:
    server = local_server("--dynamodb", dynamodb_local, *demands(issuer))
    good = issuer.mint(aud="demo")
    bad = {
        "expired": issuer.mint(aud="demo", exp=int(time.time()) - LEEWAY - 5),
        "audience": issuer.mint(aud="other"),
        "algorithm": jwt.encode(issuer.claims(aud="demo"), "", "none"),
        "signature": SigningKey("ES256", "1").sign(issuer.claims(aud="demo")),
        "malformed": good[:-20].replace(".", "", 1),
        "oversized": issuer.mint(aud="demo", padding="x" * 2700),
        "two_tokens": f"{good}&token={good}",
        "topics": issuer.mint(aud="demo", topics="room"),
    }
    elsewhere = f"Authorization: Bearer {good}\r\ntoken: {good}\r\n"
    for query in ("", "?", "?token=", f"?Token={good}", f"?access_token={good}"):
        assert is_refusal(knock(server, query, elsewhere), 401)
    too_long = issuer.mint(aud="demo", padding="x" * 3000)
    assert is_refusal(knock(server, f"?token={too_long}"), 414)
    assert server.log == []
    for reason, token in bad.items():
        assert is_refusal(knock(server, f"?token={token}"), 403), reason
    assert refusals(server) == list(bad)
    assert {line["type"] for line in server.log} == {"authorize"}
    assert rows_of(dynamodb_client(dynamodb_local), CLOSED) == []
    assert_unseen(server.output, good, *bad.values())


async def test_a_page_request_that_is_too_long_does_not_put_its_token_into_the_log(
    issuer: Issuer, guarded: LocalServer
) -> None:
    token = issuer.mint(aud="demo", padding="x" * 8192)
    async with aiohttp.request("GET", f"{guarded.http_url}/?token={token}") as answer:
        assert answer.status == 400
    assert_unseen(guarded.output, token)


async def test_a_token_opens_its_topics_only(issuer: Issuer, any_server: StartLocalServer) -> None:
    server = any_server(*demands(issuer))
    own = url_with(server, issuer.mint(aud="demo", topics=["own", "team/*"]))
    all_topics = url_with(server, issuer.mint(aud="demo"))
    async with clients(own, "A") as (a,), clients(all_topics, "B") as (b,):
        await b.subscribe("secret", "own")
        wait_until(lambda: server.logged(type="subscribe"))
        await a.subscribe("secret", "own", "team/a", "team/a/b")
        await a.until_received(1)
        await a.announce("secret")
        await a.until_received(2)
        assert [frame["code"] for frame in a.received] == ["forbidden"] * 2
        for topic in ("secret", "team/a/b", "team/a", "own"):
            await b.publish(topic, "for those who may be there")
        await a.publish("own", "hello")
        wait_until(lambda: len(server.logged(type="publish")) == 6)
        await asyncio.gather(a.until_received(4), b.until(lambda _: topics_of(b)))
        assert (topics_of(a), topics_of(b)) == ({"own", "team/a"}, {"own"})
        await a.send({"type": "unsubscribe", "topics": ["secret", "own"]})
        await a.settled()
        await b.settled()


def topics_of(client: Client) -> set[str]:
    return {frame["topic"] for frame in client.received if frame["type"] == "publish"}
