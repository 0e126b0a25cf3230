"""`make check`: one planted fault each is found and named."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from check.findings import Fault
from check.load import Load, form_rooms
from check.target import Target
from tests.support.checking import faults
from tests.support.issuer import Issuer
from tests.support.planted import ANNOUNCES_TO_EVERYONE, planted, program_with
from tests.support.servers import LocalServer, StartLocalServer
from tests.support.tokens import demands

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

SIGNALS_TO_EVERYBODY = """
from signaling import rooms

def addressees(subscribers, sender, signal):
    return [each.connection for each in subscribers if each.connection != sender.connection]

rooms.addressees = addressees
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

Grants.from_context = classmethod(lambda cls, context, needs_token: EVERYTHING)
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


def test_a_server_that_ignores_tokens_is_named(
    issuer: Issuer, local_server: StartLocalServer
) -> None:
    failed = faults(
        local_server(),
        token=issuer.mint(topics=["team-1/*"]),
        expired_token=issuer.mint(exp=1),
        foreign_token=issuer.mint(aud="another"),
    )
    assert failed.keys() == {"outside", "forged", "two tokens", "expired", "foreign"}
    assert "tokens are not switched on" in failed["forged"]
    assert failed["expired"].startswith("the time of a token does not count")
    assert failed["foreign"].startswith("tokens of others are taken")


def test_the_wrong_delivery_is_named(local_server: StartLocalServer) -> None:
    failed = faults(local_server(), "delivery", delivery="broadcast")
    assert failed["delivery"].startswith("the server delivers by address")


def test_a_lost_announce_is_named(local_server: StartLocalServer) -> None:
    failed = faults(planted(local_server, LOST_ANNOUNCE), "at once")
    assert failed["at once"].startswith("messages get lost")


def test_what_is_lost_under_load_is_counted(local_server: StartLocalServer) -> None:
    target = Target.parse(
        planted(local_server, LOST_ANNOUNCE).websocket_url, None, None, "addressed"
    )
    with pytest.raises(Fault, match=r"2 of 2 rooms of 3; \d+ of 42 deliveries lost"):
        asyncio.run(form_rooms(target, Load(2, 3, 2), lambda note: None))


def test_announces_that_cross_are_named(local_server: StartLocalServer) -> None:
    server = planted(local_server, ANNOUNCES_TO_EVERYONE, "--latency", "0:300")
    assert faults(server, "at once")["at once"].startswith("announces cross")


ALONE = {
    SIGNALS_TO_EVERYBODY: {"delivery": "signals go to everybody"},
    DEAD_PING: {"ping": "the ping route is dead"},
    SWALLOWED_ERRORS: {"errors": "error frames are swallowed"},
    ENDS_AT_MALFORMED: {"malformed": "one client's frame ends the server"},
}
"""Faults, with the one probe that finds each and the beginning of what it says."""


def test_a_planted_fault_is_named_and_nothing_else(local_server: StartLocalServer) -> None:
    servers = [planted(local_server, fault) for fault in ALONE]
    with ThreadPoolExecutor() as threads:
        found = list(threads.map(faults, servers))
    for failed, named in zip(found, ALONE.values(), strict=True):
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
    server = planted(local_server, DROPPED_CONTEXT, *demands(issuer))
    assert "authorizer's" in faults(server, "announce", token=token)["announce"]


def test_a_function_that_grants_everything_is_named(
    issuer: Issuer, local_server: StartLocalServer
) -> None:
    token = issuer.mint(aud="demo", topics=["team-1/*"])
    server = planted(local_server, EVERYTHING_GRANTED, *demands(issuer))
    failed = faults(server, token=token)
    assert failed.keys() == {"outside"}
    assert failed["outside"].startswith("the authorizer's context is missing")
