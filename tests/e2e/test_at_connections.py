"""@connections over HTTP: who may ask, for what, and what the answer is."""

import asyncio
from typing import Any
from urllib.parse import quote

import aiohttp
import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from yarl import URL

from local.options import options
from rig.clients import clients
from rig.processes import wait_until
from rig.raw import HANDSHAKE, connect, frame
from rig.servers import LocalServer, StartLocalServer

GONE = "L0SM9cOFvHcCIhw="


async def connection_of(server: LocalServer) -> str:
    """Return the id of the only connection to `server`."""
    await asyncio.to_thread(wait_until, lambda: server.log)
    return str(server.log[0]["connection"])


def signed(
    method: str, url: str, body: bytes = b"", service: str = "execute-api"
) -> dict[str, str]:
    """Return the headers of a request that is signed by credentials that nobody knows."""
    request = AWSRequest(method, url, data=body)
    SigV4Auth(Credentials("any", "secret"), service, "us-east-1").add_auth(request)
    return dict(request.headers)


async def ask(
    method: str, url: str, headers: dict[str, str], body: bytes | None = None
) -> tuple[int, str | None]:
    """Return status and exception of the answer."""
    as_it_is = URL(url, encoded=True)
    async with aiohttp.request(method, as_it_is, headers=headers, data=body) as answer:
        return answer.status, answer.headers.get("x-amzn-ErrorType")


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
async def test_nobody_without_a_signature_for_this_service_reaches_a_client(
    local_server: StartLocalServer, method: str, host: str
) -> None:
    server = local_server("--host", host)
    body = b"x" if method == "POST" else None
    async with clients(server.websocket_url, "A") as (a,):
        url = f"{server.http_url}/dev/@connections/{quote(await connection_of(server))}"
        for headers, error in (
            ({}, "MissingAuthenticationTokenException"),
            ({"Authorization": "Bearer x"}, "MissingAuthenticationTokenException"),
            ({"Authorization": "AWS4-HMAC-SHA256 x"}, "IncompleteSignatureException"),
            (signed(method, url, service="dynamodb"), "InvalidSignatureException"),
        ):
            assert (await ask(method, url, headers, body)) == (403, error)
        await a.settled()
        assert [frame["type"] for frame in a.received] == ["error"]  # that of `settled`


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
async def test_an_id_that_cannot_be_one_is_a_400_and_one_that_is_gone_a_410(
    local_server: StartLocalServer, method: str
) -> None:
    stage = f"{local_server('--unsigned').http_url}/dev"
    at = f"{stage}/@connections"
    body = b"x" if method == "POST" else None
    for id in ("", "x", "gone=", "..", "a/b", quote("{}"), quote("é" * 15 + "="), "x" * 2000):
        assert (await ask(method, f"{at}/{id}", {}, body)) == (400, "BadRequestException"), id
    for url in (f"{at}/{GONE}", f"{at}/{quote(GONE)}", f"{stage}/%40connections/{GONE}"):
        assert (await ask(method, url, {}, body)) == (410, "GoneException")


def test_unsigned_requests_are_taken_from_here_alone(capsys: pytest.CaptureFixture[str]) -> None:
    for host in ("127.0.0.1", "::1", "localhost"):
        assert options(["--unsigned", "--host", host]).unsigned
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.com"):
        with pytest.raises(SystemExit):
            options(["--unsigned", "--host", host])
        assert f"--unsigned with --host {host}" in capsys.readouterr().err


@pytest.mark.parametrize("latency", [(), ("--latency", "0:1")], ids=["at once", "latency"])
async def test_a_post_to_whoever_does_not_read_is_a_429_in_every_mode(
    any_server: StartLocalServer, latency: tuple[str, ...]
) -> None:
    server = any_server(*latency)
    management: Any = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=f"{server.http_url}/dev",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with connect(server, HANDSHAKE) as deaf:
        id = await connection_of(server)
        deaf.sendall(frame(0x81, b'{"type":"subscribe","topics":["deaf"]}'))
        wait_until(lambda: server.logged(type="subscribe"))
        with pytest.raises(ClientError) as refused:
            for _ in range(1_000):
                management.post_to_connection(ConnectionId=id, Data=b"x" * 100_000)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert refused.value.response["Error"]["Code"] == "LimitExceededException"
        async with clients(server.websocket_url, "B") as (reader,):
            await reader.publish("deaf", "x")  # the functions' own posts meet it too
            await reader.settled()
        wait_until(lambda: sum(line.get("failed", 0) for line in server.log) >= 1)
