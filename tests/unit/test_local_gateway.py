"""The local gateway without sockets: routes and posts."""

import asyncio
import json

import pytest

from local.functions.invoker import InlineInvoker, Invocation, TakeResult
from local.gateway.connection import Connection
from local.gateway.gateway import LARGEST_MESSAGE, MOST_UNDER_WAY, SECONDS_TO_CATCH_UP, Gateway
from local.gateway.lambda_events import Handshake
from local.sam.template import Stack
from tests.support.sockets import RecordingSocket

PONG = b'{"type":"pong"}'


@pytest.fixture
def gateway(stack: Stack) -> Gateway:
    return Gateway(stack, InlineInvoker())


def connected(gateway: Gateway, socket: RecordingSocket) -> Connection:
    connection = asyncio.run(gateway.connect(Handshake("/", "", [], "192.0.2.1")))
    assert isinstance(connection, Connection)
    gateway.opened(connection, socket)
    return connection


@pytest.mark.parametrize(
    "frame", ['{"type":"ping"}', '{ "type" : "ping" }', r'{"type":"\u0070\u0069ng"}']
)
def test_a_route_is_found_however_its_key_is_written(gateway: Gateway, frame: str) -> None:
    assert json.loads(frame) == {"type": "ping"}
    socket = RecordingSocket()
    gateway.received(connected(gateway, socket), frame)
    assert socket.frames == [PONG]


def test_a_route_key_elsewhere_in_a_message_chooses_no_route(gateway: Gateway) -> None:
    socket = RecordingSocket()
    gateway.received(connected(gateway, socket), '{"type":"other","data":"ping"}')
    assert PONG not in socket.frames


@pytest.mark.parametrize(
    ("result", "frames"),
    [
        ({"statusCode": 200, "body": "an answer"}, [b"an answer"]),
        ({"statusCode": 200}, []),
    ],
)
def test_what_a_function_answers_goes_to_the_client_if_its_route_has_a_response(
    stack: Stack, result: dict[str, object], frames: list[bytes]
) -> None:
    for answering in ({"$default"}, set[str]()):
        two_way = stack._replace(answering=frozenset(answering))
        gateway = Gateway(two_way, InlineInvoker(), load=lambda _: lambda event, context: result)
        socket = RecordingSocket()
        gateway.received(connected(gateway, socket), "{}")
        assert socket.frames == (frames if answering else [])


def test_a_connection_is_closed_when_its_life_is_over(stack: Stack) -> None:
    gateway = Gateway(stack, InlineInvoker(), life_seconds=30)
    old, young = RecordingSocket(), RecordingSocket()
    connected(gateway, old).opened -= 31
    connected(gateway, young).opened -= 29
    gateway.close_overdue()
    assert (old.close_code, young.close_code) == (1001, None)


def test_a_post_to_several_tells_what_became_of_each(gateway: Gateway) -> None:
    here, slow = RecordingSocket(), RecordingSocket()
    slow.is_behind = True
    ids = [connected(gateway, here).id, connected(gateway, slow).id, "gone="]
    assert [status for status, _ in gateway.post_to_each(ids, b"frame")] == [200, 429, 410]
    assert here.frames == [b"frame"]
    large = bytes(LARGEST_MESSAGE + 1)
    assert [status for status, _ in gateway.post_to_each(ids, large)] == [413, 413, 410]


def test_whoever_does_not_catch_up_in_time_is_cut(gateway: Gateway) -> None:
    deaf, slow, late = RecordingSocket(), RecordingSocket(), RecordingSocket()
    deaf.is_behind = late.is_behind = True
    for socket in (deaf, slow):
        connected(gateway, socket).last_kept_up -= SECONDS_TO_CATCH_UP + 1
    connected(gateway, late).last_kept_up -= SECONDS_TO_CATCH_UP - 1
    gateway.close_overdue()
    assert (deaf.close_code, slow.close_code, late.close_code) == (1008, None, None)


def test_a_client_with_many_messages_under_way_is_not_read_until_half_have_ended(
    stack: Stack,
) -> None:
    class HeldInvoker(InlineInvoker):
        def __init__(self) -> None:
            self.held: list[TakeResult] = []

        def invoke(self, invocation: Invocation, take_result: TakeResult) -> None:
            self.held.append(take_result)

    invoker, socket = HeldInvoker(), RecordingSocket()
    gateway = Gateway(stack, invoker)
    connection = Connection({"connectionId": "a="}, 0)
    gateway.opened(connection, socket)
    for _ in range(MOST_UNDER_WAY):
        assert not socket.is_paused
        gateway.received(connection, "{}")
    while socket.is_paused:
        invoker.held.pop()({})
    assert len(invoker.held) == MOST_UNDER_WAY // 2
