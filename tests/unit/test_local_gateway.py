"""The local gateway without sockets: routes and posts."""

import asyncio

import pytest

from local.functions.invoker import InlineInvoker, Invocation, TakeResult
from local.gateway.connection import Connection
from local.gateway.gateway import MOST_UNDER_WAY, SECONDS_TO_CATCH_UP, Gateway
from local.gateway.lambda_events import Handshake
from local.sam.template import Stack
from tests.support.sockets import RecordingSocket

PONG = b'{"type":"pong"}'


@pytest.fixture
def gateway(stack: Stack) -> Gateway:
    return Gateway(stack, InlineInvoker())


def connected(gateway: Gateway) -> tuple[Connection, RecordingSocket]:
    connection = asyncio.run(gateway.connect(Handshake("/", "", [], "192.0.2.1")))
    assert isinstance(connection, Connection)
    socket = RecordingSocket()
    gateway.opened(connection, socket)
    return connection, socket


@pytest.mark.parametrize(
    "frame", ['{"type":"ping"}', '{ "type" : "ping" }', r'{"type":"\u0070\u0069ng"}']
)
def test_a_route_is_found_however_its_key_is_written(gateway: Gateway, frame: str) -> None:
    connection, socket = connected(gateway)
    gateway.received(connection, frame)
    assert socket.frames == [PONG]


def test_a_route_key_elsewhere_in_a_message_chooses_no_route(gateway: Gateway) -> None:
    connection, socket = connected(gateway)
    gateway.received(connection, '{"type":"other","data":"ping"}')
    assert PONG not in socket.frames


def test_what_a_function_answers_goes_to_the_client_if_its_route_has_a_response(
    stack: Stack,
) -> None:
    def frames_after(answering: set[str], **result: object) -> list[bytes]:
        two_way = stack._replace(answering=frozenset(answering))
        gateway = Gateway(two_way, InlineInvoker(), load=lambda _: lambda event, context: result)
        connection, socket = connected(gateway)
        gateway.received(connection, "{}")
        return socket.frames

    assert frames_after({"$default"}, statusCode=200, body="an answer") == [b"an answer"]
    assert frames_after({"$default"}, statusCode=200) == []
    assert frames_after(set(), statusCode=200, body="an answer") == []


@pytest.mark.parametrize(
    ("is_behind", "more_seconds", "code"), [(True, 1, 1008), (False, 1, None), (True, -1, None)]
)
def test_whoever_does_not_catch_up_in_time_is_cut(
    gateway: Gateway, is_behind: bool, more_seconds: int, code: int | None
) -> None:
    connection, socket = connected(gateway)
    socket.is_behind = is_behind
    connection.last_kept_up -= SECONDS_TO_CATCH_UP + more_seconds
    gateway.close_overdue()
    assert socket.close_code == code


def test_a_client_with_many_messages_under_way_is_not_read_until_half_end(stack: Stack) -> None:
    held: list[TakeResult] = []

    class HeldInvoker(InlineInvoker):
        def invoke(self, invocation: Invocation, take_result: TakeResult) -> None:
            held.append(take_result)

    gateway, socket = Gateway(stack, HeldInvoker()), RecordingSocket()
    connection = Connection({"connectionId": "a="}, 0)
    gateway.opened(connection, socket)
    for _ in range(MOST_UNDER_WAY):
        assert not socket.is_paused
        gateway.received(connection, "{}")
    while socket.is_paused:
        held.pop()({})
    assert len(held) == MOST_UNDER_WAY // 2
