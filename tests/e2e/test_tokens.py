"""Who gets in: tokens, their topics and origins, through the local server."""

import asyncio
import time
from typing import Any

import aiohttp
import jwt

from rig.aws import dynamodb_client
from rig.clients import clients
from rig.introductions import until_introduced
from rig.issuer import Issuer, SigningKey
from rig.raw import frame
from rig.servers import LocalServer, StartLocalServer, wait_until
from rig.tokens import LEEWAY, demands, refusals, url_with
from tests.support.secrets_manager import SecretsManager


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
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write("\r\n".join([*request, "", ""]).encode() + frame(0x81, body))
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
            await until_introduced(a, b)
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
        "oversized": issuer.mint(aud="demo", padding="x" * 2700),
        "two_tokens": f"{good}&token={good}",
        "topics": issuer.mint(aud="demo", topics="room"),
    }

    async def knock_with_each() -> None:
        for query in ("", "?", "?token=", f"?Token={good}", f"?access_token={good}"):
            answer = await knock(server, query, f"Authorization: Bearer {good}", f"token: {good}")
            assert is_refusal(answer, 401)
        too_long = issuer.mint(aud="demo", padding="x" * 3000)
        assert is_refusal(await knock(server, f"?token={too_long}"), 414)
        assert server.log == []
        for reason, token in bad.items():
            assert is_refusal(await knock(server, f"?token={token}"), 403), reason

    asyncio.run(knock_with_each())
    assert refusals(server) == list(bad)
    assert {line["type"] for line in server.log} == {"authorize"}
    assert rows(dynamodb_local) == left_by_others
    assert_unseen(server, good, *bad.values())


def test_a_client_that_came_before_tokens_were_asked_for_is_told_to_come_again(
    local_server: StartLocalServer, any_table: tuple[str, ...]
) -> None:
    server = local_server(*any_table, environment={"TOKENS": "required"})

    async def talk() -> None:
        async with clients(server.websocket_url, "A", "B") as (a, b):
            await a.subscribe("room")
            await b.subscribe("room")
            await a.announce("room")
            await a.until_received(2)
            await b.until_received(1)
            assert [frame["code"] for frame in a.received + b.received] == ["forbidden"] * 3
            assert "open it again" in a.received[0]["message"]

    asyncio.run(talk())

    def errors() -> list[str]:
        return [line["error"] for line in server.log if "error" in line]

    wait_until(lambda: errors() == ["forbidden"] * 3)  # the log is written at intervals


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


def test_a_secret_checks_tokens_as_well(local_server: StartLocalServer) -> None:
    secret = "correct horse battery staple, and then some"
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:jwt-AbCdEf"
    with SecretsManager(secret) as manager:
        server = local_server(
            "--parameter-overrides",
            f"JwtSecretArn={arn}",
            environment={
                "AWS_ENDPOINT_URL_SECRETS_MANAGER": manager.url,
                "AWS_DEFAULT_REGION": "us-east-1",  # not that of the secret
            },
        )
        expiry = {"exp": int(time.time()) + 60}
        good, bad = (jwt.encode(expiry, key, "HS256") for key in (secret, secret[::-1]))

        async def ping() -> None:
            async with clients(url_with(server, good), "A") as (a,):
                await a.send({"type": "ping"})
                await a.until_received(1)

        asyncio.run(ping())
        assert is_refusal(asyncio.run(knock(server, f"?token={bad}")), 403)
    assert refusals(server) == ["signature"]
    assert manager.regions == ["eu-central-1"]
    assert secret not in server.output
    assert_unseen(server, good, bad)


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
