"""`make check`: servers that pass, and one planted fault each that is found and named."""

import asyncio
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from check.client import clients
from check.idle import sit_idle
from check.probes import PROBES, run
from check.report import Report
from check.target import Target
from local import ROOT
from tests.support.issuer import Issuer
from tests.support.servers import LocalServer, ReferenceServer, StartLocalServer, free_port
from tests.support.tokens import demands, url_with

QUICK = {probe.name for probe in PROBES} - {"at once", "latency"}
SECONDS = 60

LOST_ANNOUNCE = """
from signaling.ports import Outcome
from signaling.rooms import Handled, Rooms

publish, announces = Rooms.publish, 0

def lose_some(self, sender, message):
    global announces
    announces += message.announce is not None
    if message.announce and announces % 4 == 0:
        return Handled(Outcome([], [], []))
    return publish(self, sender, message)

Rooms.publish = lose_some
"""

ANNOUNCES_TO_EVERYONE = """
from signaling import rooms

def introduce(subscribers, sender, announce):
    others = [each.connection for each in subscribers if each.connection != sender.connection]
    return rooms.Told(others, [])

rooms.introduce = introduce
"""

SIGNALS_TO_EVERYBODY = """
from signaling import rooms

def recipients(subscribers, sender, to, is_broadcast=False):
    return [each.connection for each in subscribers if each.connection != sender]

rooms.recipients = recipients
"""

DEAD_PING = """
from local.gateway import Gateway

received = Gateway.received

def swallow_pings(self, connection, body):
    if body != '{"type": "ping"}':
        received(self, connection, body)

Gateway.received = swallow_pings
"""

SWALLOWED_ERRORS = """
from signaling.ports import Outcome
from signaling.rooms import Rooms

Rooms.reply = lambda self, connection, frame: Outcome([connection], [], [])
"""

DROPPED_CONTEXT = """
from local import gateway

message_event = gateway.message_event

def without_context(context, *more):
    kept = {name: value for name, value in context.items() if name != "authorizer"}
    return message_event(kept, *more)

gateway.message_event = without_context
"""

EVERYTHING_GRANTED = """
from signaling.access.grants import EVERYTHING, Grants

Grants.from_context = classmethod(lambda cls, context: EVERYTHING)
"""

MESSAGES_FAIL = """
from signaling.rooms import Rooms

def fail(self, sender, message):
    raise SystemError("planted")

Rooms.publish = fail
"""

ENDS_AT_MALFORMED = """
from local.gateway import Gateway

received = Gateway.received

def end(self, connection, body):
    if body == '{"type":"publish",':
        for each in list(self.connections.values()):
            each.socket.close(1011)
    received(self, connection, body)

Gateway.received = end
"""


class Checked(NamedTuple):
    """What `python -m check` made of a server."""

    status: int
    findings: list[dict[str, Any]]
    output: str

    def of(self, outcome: str) -> list[str]:
        return [each["probe"] for each in self.findings if each["outcome"] == outcome]


def environment(token: str | None = None) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "TOKEN"}
    return {**kept, **({"TOKEN": token} if token else {})}


def check(url: str, *options: str, token: str | None = None) -> Checked:
    """Run the whole check as `make check FORMAT=json` does."""
    done = subprocess.run(
        [sys.executable, "-m", "check", url, "--format", "json", *options],
        cwd=ROOT,
        env=environment(token),
        capture_output=True,
        text=True,
        timeout=2 * SECONDS,
    )
    output = done.stdout + done.stderr
    assert "Traceback" not in output, output
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    return Checked(done.returncode, findings, output)


def faults(
    server: LocalServer, *only: str, token: str | None = None, delivery: str = "addressed"
) -> dict[str, str]:
    """Return by probe what failed, and what that means, of the probes `only` or of the quick."""
    target = Target.parse(server.websocket_url, token, None, delivery)
    probes = [each for each in PROBES if each.name in (only or QUICK)]
    output = io.StringIO()
    passed = asyncio.run(run(target, probes, Report(True, output, io.StringIO())))
    findings = [json.loads(line) for line in output.getvalue().splitlines()]
    failed = {each["probe"]: each["means"] for each in findings if each["outcome"] == "failed"}
    assert passed is not bool(failed)
    return failed


def planted(local_server: StartLocalServer, fault: str, *options: str) -> LocalServer:
    """Start a server with a fault."""
    return local_server(*options, program=program_with(fault))


def program_with(fault: str) -> str:
    """Return the source of a local server with a fault."""
    start = "import sys\nfrom local.__main__ import main\nsys.exit(main())\n"
    return f"import local\n{fault}\n{start}"


def test_the_local_server_passes_and_rooms_under_load_are_counted_and_priced(
    local_server: StartLocalServer,
) -> None:
    before = time.monotonic()
    checked = check(local_server().websocket_url, "--load", "6x4", "--rate", "6")
    assert time.monotonic() - before < SECONDS
    assert (checked.status, checked.of("failed")) == (0, []), checked.output
    assert checked.of("untried") == ["outside", "forged", "two tokens"]
    load = checked.findings[-1]["came"]
    assert load.startswith("6 of 6 rooms of 4; 0 of 252 deliveries lost; announce p50/p95/p99 ")
    assert re.search(r"; \$0\.00\d\d on AWS at the prices of ", load)


def test_a_server_whose_messages_overtake_each_other_passes(
    local_server: StartLocalServer, dynamodb_local: str
) -> None:
    server = local_server("--latency", "0:300", "--dynamodb", dynamodb_local)
    assert faults(server, *QUICK, "at once") == {}


def test_a_server_that_broadcasts_passes_as_that(local_server: StartLocalServer) -> None:
    server = local_server(environment={"DELIVERY": "broadcast"})
    checked = check(server.websocket_url, "--expect", "broadcast", "--load", "3x4")
    assert (checked.status, checked.of("failed")) == (0, []), checked.output
    assert faults(server, "delivery")["delivery"].startswith(
        "signals go to everybody: Delivery=broadcast"
    )


def test_y_webrtcs_own_server_passes_as_broadcast_and_lives_on(
    reference_server: ReferenceServer,
) -> None:
    checked = check(reference_server.websocket_url, "--expect", "broadcast", "--load", "3x4")
    assert (checked.status, checked.of("failed")) == (0, []), checked.output
    assert checked.of("untried") == ["malformed", "outside", "forged", "two tokens"]
    failed = check(reference_server.websocket_url).of("failed")
    assert failed == ["delivery", "at once", "errors", "oversized"]


def test_a_server_that_asks_for_tokens_passes_and_the_token_is_never_printed(
    issuer: Issuer, local_server: StartLocalServer
) -> None:
    server = local_server(*demands(issuer))
    token = issuer.mint(aud="demo", topics=["team-1/*"])
    for url, variable in ((server.websocket_url, token), (url_with(server, token), None)):
        checked = check(url, token=variable)
        assert (checked.status, checked.of("failed")) == (0, []), checked.output
        assert checked.of("untried") == []
        assert_unseen(checked.output, token)


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
    issuer: Issuer,
    local_server: StartLocalServer,
    claims: dict[str, Any] | None,
    came: str,
    means: str,
) -> None:
    server = local_server(*demands(issuer))
    token = None if claims is None else issuer.mint(**{"aud": "demo", **claims})
    checked = check(server.websocket_url, token=token)
    assert checked.status == 1
    last = checked.findings[-1]
    assert (last["probe"], last["outcome"], last["came"]) == ("handshake", "failed", came)
    assert last["means"].startswith(means)
    assert_unseen(checked.output, token or "")


def test_an_origin_is_sent(local_server: StartLocalServer) -> None:
    server = local_server("--parameter-overrides", "AllowedOrigins=https://app.example")
    assert check(server.websocket_url).findings[-1]["came"] == "403"
    target = Target.parse(server.websocket_url, None, "https://app.example", "addressed")

    async def connect() -> None:
        async with clients(target, 1):
            pass

    asyncio.run(connect())


def test_a_server_that_ignores_tokens_is_named(
    issuer: Issuer, local_server: StartLocalServer
) -> None:
    failed = faults(local_server(), token=issuer.mint(topics=["team-1/*"]))
    assert failed.keys() == {"outside", "forged", "two tokens"}
    assert "tokens are not switched on" in failed["forged"]


def test_a_lost_announce_is_named(local_server: StartLocalServer) -> None:
    failed = faults(planted(local_server, LOST_ANNOUNCE), "at once")
    assert failed["at once"].startswith("announces get lost")


def test_announces_that_cross_are_named(local_server: StartLocalServer) -> None:
    server = planted(local_server, ANNOUNCES_TO_EVERYONE, "--latency", "0:300")
    assert faults(server, "at once")["at once"].startswith("announces cross")


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (SIGNALS_TO_EVERYBODY, {"delivery": "signals go to everybody"}),
        (DEAD_PING, {"ping": "the ping route is dead"}),
        (
            SWALLOWED_ERRORS,
            {"errors": "error frames are swallowed", "binary": "error frames are swallowed"},
        ),
        (ENDS_AT_MALFORMED, {"malformed": "one client's frame ends the server"}),
    ],
    ids=["signals to everybody", "dead ping", "swallowed errors", "ends at malformed"],
)
def test_a_planted_fault_is_named_and_nothing_else(
    local_server: StartLocalServer, fault: str, named: dict[str, str]
) -> None:
    failed = faults(planted(local_server, fault))
    assert failed.keys() == named.keys()
    for probe, means in named.items():
        assert failed[probe].startswith(means)


def test_a_function_that_fails_is_named() -> None:
    server = LocalServer(program=program_with(MESSAGES_FAIL))
    server.start()
    try:
        assert faults(server, "announce")["announce"] == "the message function failed"
    finally:
        server.stop()


def test_a_context_that_does_not_reach_the_function_is_named(
    issuer: Issuer, local_server: StartLocalServer
) -> None:
    token = issuer.mint(aud="demo", topics=["team-1/*"])
    failed = faults(planted(local_server, DROPPED_CONTEXT, *demands(issuer)), token=token)
    assert any("authorizer's" in means for means in failed.values())


def test_a_function_that_grants_everything_is_named(
    issuer: Issuer, local_server: StartLocalServer
) -> None:
    token = issuer.mint(aud="demo", topics=["team-1/*"])
    failed = faults(planted(local_server, EVERYTHING_GRANTED, *demands(issuer)), token=token)
    assert failed.keys() == {"outside"}
    assert failed["outside"].startswith("the authorizer's context is missing")


def test_who_pings_stays_while_all_are_idle(local_server: StartLocalServer) -> None:
    target = Target.parse(local_server().websocket_url, None, None, "addressed")
    notes: list[str] = []
    came = asyncio.run(sit_idle(target, notes.append, 6, 0.5))
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
        process = subprocess.Popen(
            [sys.executable, "-m", "check", local_server().websocket_url],
            cwd=ROOT,
            env=environment(),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        while "delivery" not in output.read_text():
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 130
    assert "Traceback" not in output.read_text()


def assert_unseen(output: str, token: str) -> None:
    for part in token.split("."):
        assert len(part) < 9 or part[:9] not in output
