"""Who has the keys hangs, drips or is down: it holds up nobody whose key is known."""

import asyncio
import time
from collections.abc import Callable
from contextlib import closing
from io import BufferedIOBase

import jwt
import pytest

from rig.clients import Client, clients
from rig.introductions import until_introduced
from rig.issuer import Issuer, SigningKey, drip_body, hang
from rig.servers import LocalServer, StartLocalServer
from rig.tokens import demands, refusals, url_with
from tests.support.handshakes import status_of
from tests.support.secrets_manager import SECRET, SecretsManager
from tests.support.unseen import assert_unseen

IMPATIENT = """
import runpy
from local import LAYER
from signaling.authorizer import key_cache, tokens
key_cache.SECONDS_BETWEEN_LOADS = 1
tokens._SECONDS_OF_ISSUER_KEYS = tokens._SECONDS_OF_SECRET = 1
runpy.run_module("local", run_name="__main__")
"""
"""The local server, whose keys are old after a second."""

SECONDS_UNTIL_OLD = 1.1


async def knock(server: LocalServer, tokens: list[str], seconds: float) -> set[int]:
    """Return the statuses of attempts made at once, none of which takes `seconds`."""
    async with asyncio.timeout(seconds):
        return set(await asyncio.gather(*(status_of(url_with(server, each)) for each in tokens)))


async def signal_within_a_second(a: Client, b: Client) -> None:
    before = len(b.received)
    async with asyncio.timeout(1):
        await a.signal("room", b, signal={"type": "offer"})
        await b.until_received(before + 1)


@pytest.mark.parametrize("trouble", [hang, drip_body])
async def test_an_issuer_in_trouble_holds_up_nobody_whose_key_is_known(
    local_server: StartLocalServer, trouble: Callable[[BufferedIOBase], None]
) -> None:
    issuer = Issuer()
    issuer.start()
    server = local_server(*demands(issuer), program=IMPATIENT)
    known = issuer.mint(aud="demo")
    strangers = [SigningKey("ES256", f"stranger {number}") for number in range(60)]
    unknown = [each.sign(issuer.claims(aud="demo")) for each in strangers]
    async with clients(url_with(server, known), "A", "B") as (a, b):
        for client in (a, b):
            await client.subscribe("room")
            await client.announce("room")
        await until_introduced(a, b)
        issuer.trouble = trouble
        await asyncio.sleep(SECONDS_UNTIL_OLD)
        refused = asyncio.create_task(knock(server, unknown, seconds=8))
        await asyncio.sleep(0.1)
        await signal_within_a_second(a, b)
        assert await knock(server, [known] * 20, seconds=2) == {101}
        assert await refused == {403}
        await signal_within_a_second(a, b)
        assert await status_of(url_with(server, known)) == 101
    assert set(refusals(server)) == {"keys"}
    assert any(issuer.url in line.get("old_keys", "") for line in server.log)
    assert len(issuer.requests) < 12  # one load a second
    issuer.trouble = None
    issuer.rotate()
    new = issuer.mint(aud="demo")
    async with asyncio.timeout(10):
        while await status_of(url_with(server, new)) != 101:
            await asyncio.sleep(0.1)
    assert await status_of(url_with(server, known)) == 403
    issuer.stop()


async def test_secrets_manager_in_trouble_holds_up_nobody(local_server: StartLocalServer) -> None:
    with closing(SecretsManager()) as manager:
        server = local_server(
            "--parameter-overrides",
            "JwtSecretArn=arn:aws:secretsmanager:eu-central-1:123456789012:secret:jwt-AbCdEf",
            environment={
                "AWS_ENDPOINT_URL_SECRETS_MANAGER": manager.url,
                "AWS_DEFAULT_REGION": "us-east-1",  # not that of the secret
            },
            program=IMPATIENT,
        )
        expiry = {"exp": int(time.time()) + 60}
        token, forged = (jwt.encode(expiry, key, "HS256") for key in (SECRET, SECRET[::-1]))
        assert await status_of(url_with(server, token)) == 101
        assert await status_of(url_with(server, forged)) == 403
        manager.drips = True
        await asyncio.sleep(SECONDS_UNTIL_OLD)
        for _ in range(3):
            assert await knock(server, [token] * 20, seconds=2) == {101}
        assert len(manager.requests) <= 6
        assert set(manager.regions()) == {"eu-central-1"}
    assert refusals(server) == ["signature"]
    assert_unseen(server.output, SECRET, token, forged)
