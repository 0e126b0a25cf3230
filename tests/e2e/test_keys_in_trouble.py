"""Who has the keys hangs, drips or is down: it holds up nobody whose key is known."""

import asyncio
import time
from collections.abc import Callable
from io import BufferedIOBase

import aiohttp
import jwt
import pytest

from rig.clients import Client, clients
from rig.introductions import until_introduced
from rig.issuer import Issuer, SigningKey, drip_body, hang
from rig.servers import LocalServer, StartLocalServer, wait_until
from rig.tokens import demands, refusals, url_with
from tests.support.secrets_manager import SecretsManager

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


async def knock(server: LocalServer, token: str) -> tuple[int, float]:
    """Return the status of an attempt to connect, and the seconds that it took."""
    began = time.monotonic()
    async with aiohttp.ClientSession() as session:
        try:
            async with session.ws_connect(url_with(server, token)):
                status = 101
        except aiohttp.WSServerHandshakeError as refused:
            status = refused.status
    return status, time.monotonic() - began


async def knock_together(server: LocalServer, tokens: list[str]) -> tuple[set[int], float]:
    """Return the statuses of attempts made at once, and the seconds of the longest."""
    outcomes = await asyncio.gather(*(knock(server, token) for token in tokens))
    return {status for status, _ in outcomes}, max(seconds for _, seconds in outcomes)


async def seconds_to_signal(a: Client, b: Client) -> float:
    began, before = time.monotonic(), len(b.received)
    await a.signal("room", b, signal={"type": "offer"})
    await b.until_received(before + 1)
    return time.monotonic() - began


@pytest.mark.parametrize("trouble", [hang, drip_body])
def test_an_issuer_in_trouble_holds_up_nobody_whose_key_is_known(
    local_server: StartLocalServer, trouble: Callable[[BufferedIOBase], None]
) -> None:
    issuer = Issuer()
    issuer.start()
    server = local_server(*demands(issuer), program=IMPATIENT)
    known = issuer.mint(aud="demo")
    strangers = [SigningKey("ES256", f"stranger {number}") for number in range(60)]
    unknown = [each.sign(issuer.claims(aud="demo")) for each in strangers]

    async def talk() -> None:
        async with clients(url_with(server, known), "A", "B") as (a, b):
            for client in (a, b):
                await client.subscribe("room")
                await client.announce("room")
            await until_introduced(a, b)
            issuer.trouble = trouble
            await asyncio.sleep(SECONDS_UNTIL_OLD)
            refused = asyncio.create_task(knock_together(server, unknown))
            await asyncio.sleep(0.1)
            assert await seconds_to_signal(a, b) < 1
            statuses, seconds = await knock_together(server, [known] * 20)
            assert statuses == {101}
            assert seconds < 2
            statuses, seconds = await refused
            assert statuses == {403}
            assert seconds < 8
            assert await seconds_to_signal(a, b) < 1
            assert (await knock(server, known))[0] == 101

    asyncio.run(talk())
    assert set(refusals(server)) == {"keys"}
    assert any(issuer.url in line.get("old_keys", "") for line in server.log)
    assert len(issuer.requests) < 12  # one load a second
    issuer.trouble = None
    issuer.rotate()
    new = issuer.mint(aud="demo")
    wait_until(lambda: asyncio.run(knock(server, new))[0] == 101, seconds=10)
    assert asyncio.run(knock(server, known))[0] == 403
    issuer.stop()


def test_secrets_manager_in_trouble_holds_up_nobody(local_server: StartLocalServer) -> None:
    secret = "correct horse battery staple, and then some"
    with SecretsManager(secret) as manager:
        server = local_server(
            "--parameter-overrides",
            "JwtSecretArn=arn:aws:secretsmanager:us-east-1:123456789012:secret:jwt-AbCdEf",
            environment={"AWS_ENDPOINT_URL_SECRETS_MANAGER": manager.url},
            program=IMPATIENT,
        )
        token = jwt.encode({"exp": int(time.time()) + 60}, secret, "HS256")
        assert asyncio.run(knock(server, token))[0] == 101
        manager.trouble = drip_body
        time.sleep(SECONDS_UNTIL_OLD)
        for _ in range(3):
            statuses, seconds = asyncio.run(knock_together(server, [token] * 20))
            assert statuses == {101}
            assert seconds < 2
        assert len(manager.regions) <= 6
