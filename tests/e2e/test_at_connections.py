"""@connections over HTTP: who may ask, for what, and what the answer is."""

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local.options import options
from rig.clients import clients
from rig.raw import HANDSHAKE, connect
from rig.servers import LocalServer, StartLocalServer, wait_until

GONE = "L0SM9cOFvHcCIhw="


def connections_of(server: LocalServer) -> list[str]:
    return [line["connection"] for line in server.log if line["route"] == "$connect"]


def signed(
    method: str, url: str, body: bytes = b"", service: str = "execute-api"
) -> dict[str, str]:
    """Return the headers of a request that is signed by credentials that nobody knows."""
    request = AWSRequest(method, url, data=body)
    SigV4Auth(Credentials("any", "secret"), service, "us-east-1").add_auth(request)
    return dict(request.headers)


def ask(
    method: str, url: str, headers: dict[str, str], body: bytes | None = None
) -> tuple[int, str, str]:
    """Return status, exception and message of the answer."""
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, "", answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            message = json.loads(error.read())["message"]
            return error.code, error.headers["x-amzn-ErrorType"], message


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_nobody_without_a_signature_for_this_service_reaches_a_client(
    local_server: StartLocalServer, method: str, host: str
) -> None:
    server = local_server("--host", host)
    body = b"x" if method == "POST" else None

    async def come() -> None:
        async with clients(server.websocket_url, "A") as (a,):
            await asyncio.to_thread(wait_until, lambda: connections_of(server))
            url = f"{server.http_url}/dev/@connections/{quote(connections_of(server)[0])}"
            elsewhere = signed(method, url, service="dynamodb")
            for headers, error in (
                ({}, "MissingAuthenticationTokenException"),
                ({"Authorization": "Bearer x"}, "MissingAuthenticationTokenException"),
                ({"Authorization": "AWS4-HMAC-SHA256 x"}, "IncompleteSignatureException"),
                (elsewhere, "InvalidSignatureException"),
            ):
                status, told, _ = await asyncio.to_thread(ask, method, url, headers, body)
                assert (status, told) == (403, error)
            await a.settled()
            assert [frame["type"] for frame in a.received] == ["error"]  # that of `settled`

    asyncio.run(come())


def test_whoever_signs_reaches_a_client(local_server: StartLocalServer) -> None:
    server = local_server()

    async def come() -> list[int]:
        async with clients(server.websocket_url, "A") as (a,):
            await asyncio.to_thread(wait_until, lambda: connections_of(server))
            id = connections_of(server)[0]
            at = f"{server.http_url}/dev"
            urls = [f"{at}/@connections/{quote(id)}", f"{at}/%40connections/{id}"]
            body = b'{"type":"news"}'
            statuses = [
                (await asyncio.to_thread(ask, "POST", url, signed("POST", url, body=body), body))[0]
                for url in urls
            ]
            await a.until(lambda frames: frames == [{"type": "news"}] * 2)
            described = await asyncio.to_thread(ask, "GET", urls[0], signed("GET", urls[0]))
            assert json.loads(described[2]).keys() == {"connectedAt", "identity", "lastActiveAt"}
            deleted = await asyncio.to_thread(ask, "DELETE", urls[0], signed("DELETE", urls[0]))
            await asyncio.wait_for(a.reader, 5)
            assert a.socket.close_code == 1000
            return [*statuses, described[0], deleted[0]]

    assert asyncio.run(come()) == [200, 200, 200, 204]


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_an_id_that_cannot_be_one_is_a_400_and_one_that_is_gone_a_410(
    local_server: StartLocalServer, method: str
) -> None:
    server = local_server("--unsigned")
    body = b"x" if method == "POST" else None

    def answer(id: str) -> tuple[int, str]:
        return ask(method, f"{server.http_url}/dev/@connections/{id}", {}, body)[:2]

    for id in ("", "x", "gone=", "..", "a/b", quote("{}"), quote("é" * 15 + "="), "x" * 2000):
        assert answer(id) == (400, "BadRequestException"), id
    assert answer(GONE) == answer(quote(GONE)) == (410, "GoneException")


def test_unsigned_requests_are_taken_on_request_and_from_this_machine_alone(
    local_server: StartLocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server = local_server("--unsigned")
    assert ask("POST", f"{server.http_url}/@connections/{GONE}", {}, b"x")[0] == 410
    for host in ("127.0.0.1", "::1", "localhost"):
        assert options(["--unsigned", "--host", host]).unsigned
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.com"):
        with pytest.raises(SystemExit):
            options(["--unsigned", "--host", host])
        assert f"--unsigned with --host {host}" in capsys.readouterr().err


@pytest.mark.parametrize("mode", ["memory", "latency", "dynamodb"])
def test_a_post_to_whoever_does_not_read_is_a_429_in_every_mode(
    local_server: StartLocalServer, dynamodb_local: str, mode: str
) -> None:
    modes = {
        "memory": (),
        "latency": ("--latency", "0:1"),
        "dynamodb": ("--dynamodb", dynamodb_local),
    }
    server = local_server(*modes[mode])
    management: Any = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=f"{server.http_url}/dev",
        config=Config(retries={"total_max_attempts": 1}),
    )

    async def publish() -> None:
        async with clients(server.websocket_url, "B") as (reader,):
            await reader.publish("deaf", "x")
            await reader.settled()

    with connect(server, HANDSHAKE) as deaf:
        wait_until(lambda: connections_of(server))
        (id,) = connections_of(server)
        text = b'{"type":"subscribe","topics":["deaf"]}'
        deaf.sendall(b"\x81" + bytes([0x80 | len(text)]) + bytes(4) + text)
        wait_until(lambda: any(line.get("type") == "subscribe" for line in server.log))
        with pytest.raises(ClientError) as refused:
            for _ in range(1_000):
                management.post_to_connection(ConnectionId=id, Data=b"x" * 100_000)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert refused.value.response["Error"]["Code"] == "LimitExceededException"
        asyncio.run(publish())  # the functions' own posts meet it too
        wait_until(lambda: sum(line.get("failed", 0) for line in server.log) >= 1)
