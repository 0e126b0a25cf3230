"""`make check`: one planted fault each is found and named."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from check.findings import Fault
from check.load import Load, form_rooms
from check.target import Target
from rig.issuer import Issuer
from rig.servers import LocalServer, StartLocalServer
from rig.tokens import demands
from tests.support import faults as broken
from tests.support.checking import check, faults
from tests.support.commands import run
from tests.support.planted import Plant, program_with
from tests.support.stub import Stub, reply


def test_a_server_ignoring_tokens_is_named(issuer: Issuer, local_server: StartLocalServer) -> None:
    failed = faults(
        local_server(),
        token=issuer.mint(topics=["team-1/*"]),
        expired_token=issuer.mint(exp=1),
        foreign_token=issuer.mint(aud="another"),
    )
    assert failed.keys() == {*("outside", "no token", "forged", "two tokens", "expired", "foreign")}
    assert failed["no token"].startswith("clients without a token are let in")
    assert "tokens are not switched on" in failed["forged"]
    assert failed["expired"].startswith("a token's expiry is not checked")
    assert failed["foreign"].startswith("tokens of other issuers are accepted")


def test_the_wrong_delivery_is_named(local_server: StartLocalServer) -> None:
    failed = faults(local_server(), "delivery", delivery="broadcast")
    assert failed["delivery"].startswith("the server delivers by address")


async def test_what_is_lost_under_load_is_counted(plant: Plant) -> None:
    target = Target.parse(plant(broken.LOST_ANNOUNCE).websocket_url, None, None, "addressed")
    with pytest.raises(Fault, match=r"2 of 2 rooms of 3; \d+ of 42 deliveries lost"):
        await form_rooms(target, Load(2, 3, 2), lambda note: None)


SEEN = {
    "a lost announce": (broken.LOST_ANNOUNCE, (), ["at once"], "messages get lost"),
    "announces that cross": (
        broken.ANNOUNCES_TO_EVERYONE,
        ("--latency", "0:300"),
        ["at once"],
        "announces cross",
    ),
    "rows that stay": (broken.NOBODY_LEAVES, (), ["leaving"], "the rows of those who leave stay"),
    "connections that end after some seconds": (
        broken.CLOSES_AFTER_1_S,
        (),
        ["leaving", "errors", "announce", "ping", "open"],
        "the server, or a proxy before it, ends connections",
    ),
}


@pytest.mark.parametrize(("fault", "options", "probes", "means"), SEEN.values(), ids=SEEN)
def test_what_the_last_of_some_probes_sees_is_named(
    plant: Plant, fault: str, options: tuple[str, ...], probes: list[str], means: str
) -> None:
    failed = faults(plant(fault, *options), *probes)
    assert failed[probes[-1]].startswith(means)


ALONE = {
    broken.SIGNALS_TO_EVERYBODY: {"delivery": "signals go to everybody"},
    broken.DEAD_PING: {"ping": "the ping route is dead"},
    broken.SWALLOWED_ERRORS: {"errors": "error frames are swallowed"},
    broken.ENDS_AT_MALFORMED: {
        "malformed": "one client's frame ends the server",
        "open": "the server, or a proxy before it, ends connections",
    },
    broken.ECHOES: {"delivery": "the server sends what a client says back to it"},
    broken.ADDS_A_SUBPROTOCOL: {
        "handshake": "the server, or a proxy before it, sends headers that were"
    },
}
"""Faults, with the one probe that finds each and the beginning of what it says."""


def test_a_planted_fault_is_named_and_nothing_else(plant: Plant) -> None:
    with ThreadPoolExecutor() as threads:
        found = list(threads.map(faults, [plant(fault) for fault in ALONE]))
    for failed, named in zip(found, ALONE.values(), strict=True):
        assert failed.keys() == named.keys()
        for probe, means in named.items():
            assert failed[probe].startswith(means)


def test_a_function_that_fails_is_named() -> None:
    with LocalServer(program=program_with(broken.MESSAGES_FAIL)) as server:
        assert faults(server, "announce")["announce"] == "the message function failed"


def test_a_context_that_does_not_reach_the_function_or_grants_everything_is_named(
    issuer: Issuer, plant: Plant
) -> None:
    token = issuer.mint(aud="demo", topics=["team-1/*"])
    server = plant(broken.DROPPED_CONTEXT, *demands(issuer))
    assert "authorizer's" in faults(server, "announce", token=token)["announce"]
    server = plant(broken.EVERYTHING_GRANTED, *demands(issuer))
    failed = faults(server, token=token)
    assert failed.keys() == {"outside"}
    assert failed["outside"].startswith("the authorizer's context is missing")


@pytest.mark.parametrize("delivery", ["addressed", "broadcast"])
def test_messages_to_other_rooms_are_named(local_server: StartLocalServer, delivery: str) -> None:
    server = local_server(program=program_with(broken.LEAKS), environment={"DELIVERY": delivery})
    failed = faults(server, "delivery", delivery=delivery)
    assert failed["delivery"].startswith("the server does not look at the topic")


def test_a_redirect_is_named(local_server: StartLocalServer) -> None:
    there = local_server().http_url

    stub = Stub(lambda request: reply(302, Location=f"{there}/"))
    finding = check(stub.url.replace("http", "ws", 1)).findings[-1]
    stub.close()
    assert (finding["probe"], finding["outcome"]) == ("handshake", "failed")
    assert finding["came"] == f"302, a redirect to {there}/"


def test_a_greeting_is_no_answer(plant: Plant) -> None:
    server = plant(broken.SWALLOWED_ERRORS + broken.GREETS)
    assert faults(server, "errors", "binary", "oversized", "malformed").keys() == {"errors"}
    server = plant(broken.GREETS)
    assert faults(server, "errors", "delivery") == {}


def test_whoever_pipes_it_into_head_sees_no_traceback(local_server: StartLocalServer) -> None:
    done = run("sh", "-c", f"{sys.executable} -m check {local_server().websocket_url} | head -n 2")
    assert done.stdout.count("\n") == 2
    assert done.stderr == ""
