"""`make check`: servers that pass, refusals that are explained, and how it ends."""

import asyncio
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from check.client import clients
from check.idle import sit_idle
from check.target import Target
from local import ROOT
from rig.issuer import Issuer
from rig.processes import free_port
from rig.servers import LocalServer, ReferenceServer, StartLocalServer
from rig.tokens import demands, url_with
from tests.support.authority import Authority
from tests.support.checking import check, environment, faults
from tests.support.unseen import assert_unseen

SECONDS = 60
NEED_TOKENS = ["outside", "no token", "forged", "two tokens", "expired", "foreign"]


def test_the_local_server_passes_and_rooms_under_load_are_counted_and_priced(
    local_server: StartLocalServer,
) -> None:
    before = time.monotonic()
    checked = check(local_server().websocket_url, "--load", "6x4", "--rate", "6")
    assert time.monotonic() - before < SECONDS
    assert (checked.status, checked.of("failed")) == (0, []), checked.output
    assert checked.of("untried") == NEED_TOKENS
    (load,) = (each["came"] for each in checked.findings if each["probe"] == "load")
    assert load.startswith("6 of 6 rooms of 4; 0 of 252 deliveries lost; announce p50/p95/p99 ")
    assert re.search(r"; \$0\.00\d\d on AWS at the prices of ", load)


def test_a_server_whose_messages_overtake_each_other_passes(
    local_server: StartLocalServer, dynamodb_local: str
) -> None:
    server = local_server("--latency", "0:300", "--dynamodb", dynamodb_local)
    assert faults(server, "announce", "delivery", "at once", "leaving") == {}


def test_a_server_that_broadcasts_passes_as_that(local_server: StartLocalServer) -> None:
    server = local_server(environment={"DELIVERY": "broadcast"})
    checked = check(server.websocket_url, "--expect", "broadcast", "--load", "3x4")
    assert (checked.status, checked.of("failed")) == (0, []), checked.output
    means = faults(server, "delivery")["delivery"]
    assert means.startswith("signals go to everybody: Delivery=broadcast")


def test_y_webrtcs_server_passes_as_broadcast_unharmed(reference_server: ReferenceServer) -> None:
    url = reference_server.websocket_url
    with ThreadPoolExecutor() as threads:
        unexpected = threads.submit(check, url)
        checked = check(url, "--expect", "broadcast", "--load", "3x4")
    assert (checked.status, checked.of("failed")) == (0, []), checked.output
    assert checked.of("untried") == [*NEED_TOKENS, "malformed"]
    assert unexpected.result().of("failed") == ["delivery", "errors", "at once", "oversized"]


def test_a_server_that_asks_for_tokens_passes_and_the_token_is_never_printed(
    issuer: Issuer, guarded: LocalServer
) -> None:
    token = issuer.mint(aud="demo", topics=["team-1/*"])
    others = {
        "EXPIRED_TOKEN": issuer.mint(aud="demo", exp=1),
        "FOREIGN_TOKEN": issuer.mint(aud="another"),
    }
    with ThreadPoolExecutor() as threads:
        in_variable = threads.submit(check, guarded.websocket_url, token=token, **others)
        in_url = threads.submit(check, url_with(guarded, token), **others)
    for checked in (in_variable.result(), in_url.result()):
        assert (checked.status, checked.of("failed")) == (0, []), checked.output
        assert checked.of("untried") == []
        assert_unseen(checked.output, token, *others.values())


def test_a_good_token_is_no_expired_one(issuer: Issuer, local_server: StartLocalServer) -> None:
    token = issuer.mint(aud="demo", topics=["team-1/*"])
    checked = check(local_server(*demands(issuer)).websocket_url, token=token, EXPIRED_TOKEN=token)
    assert checked.of("untried") == ["expired", "foreign"]


def test_tokens_pass_with_broadcast_as_well(issuer: Issuer, local_server: StartLocalServer) -> None:
    server = local_server(*demands(issuer, "Delivery=broadcast"))
    token = issuer.mint(aud="demo", topics=["team-1/*"])
    assert faults(server, token=token, delivery="broadcast") == {}


@pytest.mark.parametrize(
    ("claims", "came", "means"),
    [
        (None, "401", "the server wants a token"),
        ({"exp": 1}, "403", "the token has expired"),
        ({"aud": "another"}, "403", "the token is refused, or the origin"),
    ],
)
def test_a_refusal_is_explained_and_nothing_else_is_tried(
    issuer: Issuer, guarded: LocalServer, claims: dict[str, Any] | None, came: str, means: str
) -> None:
    token = None if claims is None else issuer.mint(**{"aud": "demo", **claims})
    checked = check(guarded.websocket_url, token=token)
    assert checked.status == 1
    last = checked.findings[-1]
    assert (last["probe"], last["outcome"], last["came"]) == ("handshake", "failed", came)
    assert last["means"].startswith(means)
    assert_unseen(checked.output, token or "")


async def test_an_origin_is_sent(local_server: StartLocalServer) -> None:
    server = local_server("--parameter-overrides", "AllowedOrigins=https://app.example")
    assert check(server.websocket_url).findings[-1]["came"] == "403"
    target = Target.parse(server.websocket_url, None, "https://app.example", "addressed")
    async with clients(target, 1):
        pass


async def test_who_pings_stays_while_all_are_idle(local_server: StartLocalServer) -> None:
    target = Target.parse(local_server().websocket_url, None, None, "addressed")
    notes: list[str] = []
    came = await sit_idle(target, notes.append, 6, 0.5)
    assert came.startswith("who pings hears of newcomers")
    assert notes[0] == "idle for 0 of 6 s"


def test_a_server_that_is_not_there_and_a_wrong_url_are_one_line() -> None:
    checked = check(f"ws://127.0.0.1:{free_port()}")
    assert checked.status == 1
    assert checked.findings[-1]["probe"] == "connection"
    wrong = check("https://example.com/?token=secret")
    assert (wrong.status, wrong.findings) == (1, [])
    assert wrong.output.startswith("error: ") and wrong.output.count("\n") == 1
    assert "secret" not in wrong.output


def test_ctrl_c_ends_it_at_once(local_server: StartLocalServer, tmp_path: Path) -> None:
    output = tmp_path / "output"
    with output.open("w") as file:
        command = [sys.executable, "-m", "check", local_server().websocket_url]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdout=file, stderr=subprocess.STDOUT
        )
        while "delivery" not in output.read_text():
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 130
    assert "Traceback" not in output.read_text()


@asynccontextmanager
async def tls_before(server: LocalServer, context: ssl.SSLContext) -> AsyncIterator[str]:
    """Yield a `wss` URL at which `server`, which speaks no TLS, is reached."""

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", server.port)
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))

    listener = await asyncio.start_server(forward, "127.0.0.1", 0, ssl=context)
    yield f"wss://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    listener.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, ssl.SSLError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def test_tls_is_told_and_a_certificate_that_is_not_good_is_named(
    local_server: StartLocalServer, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    async with tls_before(local_server(), authority.server_context("127.0.0.1")) as url:
        checked = await asyncio.to_thread(check, url, SSL_CERT_FILE=str(authority.bundle))
        assert (checked.status, checked.of("failed")) == (0, []), checked.output
        assert re.fullmatch(r"TLSv1\.3, certificate for [12] days", checked.findings[1]["came"])
        refused = (await asyncio.to_thread(check, url)).findings[-1]
    assert refused["probe"] == "connection"
    assert refused["came"] == "its certificate is invalid: unable to get local issuer certificate"
