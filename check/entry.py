"""How clients get in, and that others do not."""

import asyncio
import base64
import secrets
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import aiohttp

from check import meanings
from check.client import SECONDS_TO_CONNECT, clients, connect
from check.findings import Fault, Untried
from check.target import Target, claims_of
from rig.clients import connector

_SECONDS_BETWEEN_PINGS = 1.0
_SECONDS_A_DAY = 24 * 60 * 60


async def find_name(target: Target) -> str:
    """Look the host's name up."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(
            target.url.raw_host, target.url.port, type=socket.SOCK_STREAM
        )
    except socket.gaierror as error:
        raise Fault(
            f"not found: {error.strerror}",
            "the URL has a typo, or its domain is not set up yet",
            "compare it with the output SignalingUrl; with DomainName, see the zone's records",
        ) from None
    return ", ".join(dict.fromkeys(str(address[0]) for *_, address in found))


async def open_connection(target: Target) -> str:
    """Open a TCP connection, with TLS for wss."""
    context = ssl.create_default_context() if target.url.scheme == "wss" else None
    try:
        async with asyncio.timeout(SECONDS_TO_CONNECT):
            _, writer = await asyncio.open_connection(
                target.url.raw_host, target.url.port, ssl=context, happy_eyeballs_delay=0.25
            )
    except ssl.SSLCertVerificationError as error:
        raise Fault(
            f"its certificate is invalid: {error.verify_message}",
            "the certificate is for another name or has expired, or a proxy intercepts TLS",
            "see CertificateArn and DomainName; try from another network",
        ) from None
    except ssl.SSLError as error:
        raise Fault(
            f"no TLS: {error.reason}",
            "what listens there does not speak TLS",
            "try ws:// if it is a server without a certificate",
        ) from None
    except TimeoutError:
        raise Fault(
            f"no answer within {SECONDS_TO_CONNECT:.0f} s",
            "a firewall drops the packets, or what listens there does not expect TLS",
            "try from another network, and compare the port and ws:// or wss://",
        ) from None
    except OSError as error:
        raise Fault(
            f"no connection: {error.strerror or error}",
            "nothing listens there, or a firewall blocks it",
            "check that the server is running, and compare the port",
        ) from None
    described = _described(writer.get_extra_info("ssl_object"))
    writer.close()
    return described


def _described(tls: ssl.SSLObject | None) -> str:
    if tls is None:
        return "open, without TLS"
    certificate = tls.getpeercert() or {}
    expiry = ssl.cert_time_to_seconds(str(certificate.get("notAfter")))
    return f"{tls.version()}, certificate for {(expiry - time.time()) / _SECONDS_A_DAY:.0f} days"


async def shake_hands(target: Target) -> str:
    """Open a WebSocket as a page does."""
    await _refuse_what_browsers_refuse(target)
    status = await _status(target, target.tokens)
    if status != 101:
        has_expired = _has_expired(target.claims)
        raise Fault(f"{status}", *meanings.of_status(status, target.token is not None, has_expired))
    return f"{status}"


async def _refuse_what_browsers_refuse(target: Target) -> None:
    """Raise a Fault if a browser would reject the answer to a handshake that aiohttp accepts.

    https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    """
    asked = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(secrets.token_bytes(16)).decode(),
        **({"Origin": target.origin} if target.origin else {}),
    }
    scheme = {"ws": "http", "wss": "https"}[target.url.scheme]
    url = target.address(*target.tokens).with_scheme(scheme)
    async with (
        asyncio.timeout(SECONDS_TO_CONNECT),
        connector() as session,
        session.get(url, headers=asked, allow_redirects=False) as answer,
    ):
        headers = answer.headers
        answer.close()
    if 300 <= answer.status < 400:
        raise Fault(
            f"{answer.status}, a redirect to {headers.get('Location', 'nowhere')}",
            "browsers do not follow redirects of WebSockets",
            "use the address that it leads to in your app",
        )
    for name in ("Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"):
        if answer.status == 101 and name in headers:
            raise Fault(
                f"101 with {name}: {headers[name]}, which was not requested",
                "the server, or a proxy before it, sends headers that were not requested, and "
                "browsers close the connection at once",
                "see the headers that $connect, or the proxy, adds",
            )


async def be_refused_without_a_token(target: Target) -> str:
    """Connect without a token."""
    if target.token is None:
        raise Untried("no TOKEN")
    return await _refused(target, [], "clients without a token are let in")


async def stay_open(target: Target) -> str:
    """Keep a connection open during all other probes, with a ping each second."""
    assert target.ended
    started = time.monotonic()
    async with clients(target, 1) as (client,):
        while not (target.ended.is_set() or client.closed):
            await client.send({"type": "ping"})
            with suppress(TimeoutError):
                await asyncio.wait_for(target.ended.wait(), _SECONDS_BETWEEN_PINGS)
        lasted = time.monotonic() - started
        if client.closed:
            raise Fault(
                f"closed with {client.closed} after {lasted:.1f} s",
                "the server, or a proxy before it, ends connections after some seconds; y-webrtc "
                "reconnects each time, and messages sent in between are lost",
                "see the timeouts of what is in between, and the server's log",
            )
        return f"open for {lasted:.1f} s"


async def be_refused_with_a_changed_token(target: Target) -> str:
    """Connect with the token, but another signature."""
    changed = target.changed_token()
    if changed is None:
        raise Untried("no TOKEN")
    return await _refused(target, [changed], "a token with a wrong signature is accepted")


async def be_refused_with_two_tokens(target: Target) -> str:
    """Connect with the token twice in the URL."""
    if target.token is None:
        raise Untried("no TOKEN")
    return await _refused(target, [target.token] * 2, "a second token in the URL is not checked")


async def be_refused_with_an_expired_token(target: Target) -> str:
    """Connect with an expired token."""
    token = target.expired_token
    if token is None:
        raise Untried("no EXPIRED_TOKEN")
    if not _has_expired(claims_of(token)):
        raise Untried("EXPIRED_TOKEN has not expired")
    return await _refused(target, [token], "a token's expiry is not checked")


async def be_refused_with_a_foreign_token(target: Target) -> str:
    """Connect with a token from another issuer, or for another server."""
    if target.foreign_token is None:
        raise Untried("no FOREIGN_TOKEN")
    return await _refused(target, [target.foreign_token], "tokens of other issuers are accepted")


def _has_expired(claims: dict[str, Any]) -> bool:
    expiry = claims.get("exp")
    return isinstance(expiry, int | float) and expiry < time.time()


async def _refused(target: Target, tokens: Sequence[str], means: str) -> str:
    status = await _status(target, tokens)
    if status == 101:
        raise Fault(
            "101, let in",
            f"{means}: tokens are not switched on, or not checked",
            "see the parameters JwtIssuer and JwtSecretArn of the stack",
        )
    if status not in (401, 403):
        raise Fault(f"{status}, not 403", *meanings.of_status(status, True))
    return f"{status}"


async def _status(target: Target, tokens: Sequence[str]) -> int:
    async with connector() as session:
        try:
            client = await connect(session, target, tokens)
        except aiohttp.WSServerHandshakeError as refusal:
            return refusal.status
        await client.close()
        return 101
