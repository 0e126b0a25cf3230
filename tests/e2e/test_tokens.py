"""Who gets in: tokens, their topics and origins, through the local server."""

import asyncio
import time

import aiohttp
import jwt

from rig.aws import dynamodb_client
from rig.clients import Client, clients
from rig.introductions import until_introduced
from rig.issuer import Issuer, SigningKey
from rig.raw import HANDSHAKE, frame
from rig.servers import LocalServer, StartLocalServer, wait_until
from rig.tokens import LEEWAY, demands, refusals, url_with
from tests.support.handshakes import status_of
from tests.support.secrets_manager import SECRET, SecretsManager
from tests.support.table import rows_of

ROOM = "of whom no token lets in"


def assert_unseen(server: LocalServer, *tokens: str) -> None:
    """Check that no part of a token is in the server's output."""
    for token in tokens:
        for part in token.split("."):
            assert len(part) < 9 or part[:9] not in server.output


async def knock(server: LocalServer, query: str, headers: str = "") -> bytes:
    """Ask for a WebSocket, send a frame without waiting for it, and return all that comes back."""
    asked = HANDSHAKE.replace(b"/", f"/{query}".encode(), 1)
    asked = asked.replace(b"Upgrade: ", f"{headers}Upgrade: ".encode(), 1)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(asked + frame(0x81, b'{"type":"subscribe","topics":["%s"]}' % ROOM.encode()))
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    return answer


def is_refusal(answer: bytes, status: int) -> bool:
    """Tell whether `answer` is nothing but `status`: no upgrade, no body, no frame."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    return head.startswith(f"HTTP/1.1 {status} ".encode()) and rest == b""


async def test_clients_with_good_tokens_talk(
    issuer: Issuer, local_server: StartLocalServer, any_table: tuple[str, ...]
) -> None:
    server = local_server(*any_table, *demands(issuer))
    token = issuer.mint(aud="demo")
    async with clients(url_with(server, token), "A", "B") as (a, b):
        for each in (a, b):
            await each.announce("room")
        await until_introduced(a, b)
        await a.signal("room", b, signal={"type": "offer"})
        await b.until(lambda frames: any("to" in frame["data"] for frame in frames))
    assert refusals(server) == []
    assert_unseen(server, token)


async def test_who_brings_no_good_token_gets_no_row_and_no_frame(
    issuer: Issuer, local_server: StartLocalServer, dynamodb_local: str
) -> None:
    server = local_server("--dynamodb", dynamodb_local, *demands(issuer))
    good = issuer.mint(aud="demo")
    stranger = SigningKey("ES256", "1").sign(issuer.claims(aud="demo"))
    unsigned = jwt.encode(issuer.claims(aud="demo"), "", "none")
    bad = {
        "expired": issuer.mint(aud="demo", exp=int(time.time()) - LEEWAY - 5),
        "audience": issuer.mint(aud="other"),
        "algorithm": unsigned,
        "signature": stranger,
        "malformed": good[:-20].replace(".", "", 1),
        "oversized": issuer.mint(aud="demo", padding="x" * 2700),
        "two_tokens": f"{good}&token={good}",
        "topics": issuer.mint(aud="demo", topics="room"),
    }
    elsewhere = f"Authorization: Bearer {good}\r\ntoken: {good}\r\n"
    for query in ("", "?", "?token=", f"?Token={good}", f"?access_token={good}"):
        assert is_refusal(await knock(server, query, elsewhere), 401)
    too_long = issuer.mint(aud="demo", padding="x" * 3000)
    assert is_refusal(await knock(server, f"?token={too_long}"), 414)
    assert server.log == []
    for reason, token in bad.items():
        assert is_refusal(await knock(server, f"?token={token}"), 403), reason
    assert refusals(server) == list(bad)
    assert {line["type"] for line in server.log} == {"authorize"}
    assert rows_of(dynamodb_client(dynamodb_local), ROOM) == []
    assert_unseen(server, good, *bad.values())


async def test_a_client_that_came_before_tokens_were_asked_for_is_told_to_come_again(
    local_server: StartLocalServer, any_table: tuple[str, ...]
) -> None:
    server = local_server(*any_table, environment={"TOKENS": "required"})
    async with clients(server.websocket_url, "A", "B") as (a, b):
        await a.subscribe("room")
        await b.subscribe("room")
        await a.announce("room")
        await a.until_received(2)
        await b.until_received(1)
        assert [frame["code"] for frame in a.received + b.received] == ["forbidden"] * 3
        assert "open it again" in a.received[0]["message"]

    def errors() -> list[str]:
        return [line["error"] for line in server.log if "error" in line]

    wait_until(lambda: errors() == ["forbidden"] * 3)  # the log is written at intervals


async def test_a_page_request_that_is_too_long_does_not_put_its_token_into_the_log(
    issuer: Issuer, local_server: StartLocalServer
) -> None:
    server = local_server(*demands(issuer))
    token = issuer.mint(aud="demo", padding="x" * 8192)
    async with aiohttp.request("GET", f"{server.http_url}/?token={token}") as answer:
        assert answer.status == 400
    assert_unseen(server, token)


async def test_an_issuer_that_is_away_lets_nobody_in_and_the_owner_reads_why(
    local_server: StartLocalServer,
) -> None:
    away = Issuer()
    token = away.mint(aud="demo")
    away._server.server_close()
    server = local_server(*demands(away))
    assert is_refusal(await knock(server, f"?token={token}"), 403)
    (line,) = server.log
    assert (line["level"], line["refused"]) == ("ERROR", "keys")
    assert away.url in line["error"]


async def test_a_secret_checks_tokens_as_well(local_server: StartLocalServer) -> None:
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:jwt-AbCdEf"
    with SecretsManager() as manager:
        server = local_server(
            "--parameter-overrides",
            f"JwtSecretArn={arn}",
            environment={
                "AWS_ENDPOINT_URL_SECRETS_MANAGER": manager.url,
                "AWS_DEFAULT_REGION": "us-east-1",  # not that of the secret
            },
        )
        expiry = {"exp": int(time.time()) + 60}
        good, bad = (jwt.encode(expiry, key, "HS256") for key in (SECRET, SECRET[::-1]))
        assert await status_of(url_with(server, good)) == 101
        assert is_refusal(await knock(server, f"?token={bad}"), 403)
    assert refusals(server) == ["signature"]
    assert manager.regions == ["eu-central-1"]
    assert SECRET not in server.output
    assert_unseen(server, good, bad)


async def test_a_page_of_another_origin_is_refused_and_the_log_says_why(
    issuer: Issuer, local_server: StartLocalServer
) -> None:
    allowed = "AllowedOrigins=https://app.example,https://*.team.example"
    server = local_server(*demands(issuer, allowed))
    good = issuer.mint(aud="demo")
    statuses = {
        "https://app.example": 101,
        "https://a.b.team.example": 101,
        "https://team.example": 403,
        "http://app.example": 403,
        "https://app.example.evil.example": 403,
        "null": 403,
        None: 403,
    }
    for origin, status in statuses.items():
        assert await status_of(url_with(server, good), origin) == status
    refused = [line for line in server.log if "refused" in line]
    assert [(line["refused"], line["origin"]) for line in refused] == [
        ("origin", origin or "") for origin, status in statuses.items() if status == 403
    ]
    assert_unseen(server, good)


async def test_a_token_opens_the_topics_that_it_names_and_no_others(
    issuer: Issuer, local_server: StartLocalServer, any_table: tuple[str, ...]
) -> None:
    server = local_server(*any_table, *demands(issuer))
    own = url_with(server, issuer.mint(aud="demo", topics=["own", "team/*"]))
    all_topics = url_with(server, issuer.mint(aud="demo"))
    async with clients(own, "A") as (a,), clients(all_topics, "B") as (b,):
        await b.subscribe("secret", "own")
        await b.settled()
        b.received.clear()
        await a.subscribe("secret", "own", "team/a", "team/a/b")
        await a.until_received(1)
        await a.announce("secret")
        await a.until_received(2)
        assert [frame["code"] for frame in a.received] == ["forbidden"] * 2
        for topic in ("secret", "team/a/b", "team/a"):
            await b.publish(topic, "for those who may be there")
        await b.settled()
        await b.publish("own", "here")
        await a.until(lambda frames: frames[-1].get("data") == "here")
        await a.publish("own", "hello")
        await b.until(lambda frames: any(f.get("data") == "hello" for f in frames))
        assert (topics_of(a), topics_of(b)) == ({"own", "team/a"}, {"own"})
        await a.send({"type": "unsubscribe", "topics": ["secret", "own"]})
        await a.settled()
        await b.settled()


def topics_of(client: Client) -> set[str]:
    return {frame["topic"] for frame in client.received if frame["type"] == "publish"}
