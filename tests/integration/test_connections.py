"""One contract for every adapter of the port `Connections`, and @connections as AWS answers."""

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local import ROOT
from local.functions.invoker import Invoker
from local.gateway.connection import Connection
from local.gateway.gateway import Gateway
from local.gateway.in_process import InProcessConnections
from local.gateway.lambda_events import Handshake, connection_context, new_id
from local.sam.template import Stack
from local.sockets.http import http_application
from local.sockets.server import Server
from rig.processes import wait_until
from signaling.aws import lean
from signaling.aws.sdk import SdkConnections
from signaling.ports import Connections, Introduction
from tests.support.sockets import RecordingSocket

Result = TypeVar("Result")

GONE = "L0SM9cOFvHcCIhw="


class RunningGateway:
    """A gateway that serves @connections from an event loop in a thread."""

    def __init__(self, stack: Stack) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.gateway = self._call(self._make_gateway(stack))
        self._server = Server(self.gateway, http_application(self.gateway, ROOT / "no demo"))
        self.port = self._call(self._server.start("127.0.0.1", 0))

    async def _make_gateway(self, stack: Stack) -> Gateway:
        return Gateway(stack, Invoker())

    def _call(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def open(self) -> tuple[str, RecordingSocket]:
        """Return the id of a new connection and its client's end."""
        handshake = Handshake("/", "", [("User-Agent", "test")], "192.0.2.1")
        now = time.time()
        context = connection_context(handshake, "dev", new_id(), int(now * 1000))
        connection = Connection(context, now)
        socket = RecordingSocket()
        self._loop.call_soon_threadsafe(self.gateway.opened, connection, socket)
        wait_until(lambda: connection.id in self.gateway.connections)
        return connection.id, socket

    def stop(self) -> None:
        self.gateway.connections.clear()
        self._call(self._server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def running(stack: Stack) -> Iterator[RunningGateway]:
    gateway = RunningGateway(stack)
    yield gateway
    gateway.stop()


@pytest.fixture
def management(running: RunningGateway) -> Any:
    """boto3's client of @connections."""
    return boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=f"http://127.0.0.1:{running.port}/dev",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=5),
    )


@pytest.fixture(params=["in process", "@connections, boto3", "@connections, lean client"])
def connections(request: pytest.FixtureRequest, running: RunningGateway) -> Iterator[Connections]:
    if request.param == "in process":
        yield InProcessConnections(running.gateway)
    elif request.param.endswith("boto3"):
        yield SdkConnections(request.getfixturevalue("management"), time.monotonic() + 20)
    else:
        service = lean.Service(f"http://127.0.0.1:{running.port}/dev", "execute-api")
        yield lean.LeanConnections(service, time.monotonic() + 20)
        service.host.close()


def test_send_reaches_every_connection(running: RunningGateway, connections: Connections) -> None:
    opened = [running.open() for _ in range(20)]
    result = connections.send([id for id, _ in opened], '{"x":"é"}')
    assert result.delivered == [id for id, _ in opened]
    expected = [['{"x":"é"}'.encode()]] * len(opened)
    wait_until(lambda: [socket.frames for _, socket in opened] == expected)


def test_a_payload_too_large_is_reported(running: RunningGateway, connections: Connections) -> None:
    alive, socket = running.open()
    assert connections.send([alive], "x" * (128 * 1024 + 1)).failed == [alive]
    assert socket.frames == []


def test_who_is_gone_or_deaf_is_reported(running: RunningGateway, connections: Connections) -> None:
    (slow, slow_socket), (alive, socket) = running.open(), running.open()
    slow_socket.is_behind = True
    assert connections.send([GONE, slow, alive], "{}")[:3] == ([alive], [GONE], [slow])
    wait_until(lambda: socket.frames == [b"{}"])


def test_an_introduction_reaches_its_receiver_if_who_it_tells_of_is_there(
    running: RunningGateway, connections: Connections
) -> None:
    (there, silent), (here, socket), (new, other) = running.open(), running.open(), running.open()
    introductions = [Introduction(there, here, "of there"), Introduction(GONE, here, "of gone")]
    assert connections.send([new], "hello", introductions)[:3] == ([new, here], [GONE], [])
    wait_until(lambda: socket.frames == [b"of there"])
    assert (other.frames, silent.frames) == ([b"hello"], [])


def test_a_gone_receiver_is_reported(running: RunningGateway, connections: Connections) -> None:
    there, _ = running.open()
    assert connections.send([], "", [Introduction(there, GONE, "x")])[:3] == ([], [GONE], [])


def test_connections_answers_as_api_gateway_does(running: RunningGateway, management: Any) -> None:
    id, socket = running.open()
    posted = management.post_to_connection(ConnectionId=id, Data=b"hello")
    assert socket.frames == [b"hello"]
    described = management.get_connection(ConnectionId=id)
    assert described["Identity"] == {"SourceIp": "192.0.2.1", "UserAgent": "test"}
    assert described["ConnectedAt"] <= described["LastActiveAt"]
    socket.is_behind = True
    for data, refused in (
        (b"x", (429, "LimitExceededException")),
        (b"x" * (128 * 1024 + 1), (413, "PayloadTooLargeException")),
    ):
        with pytest.raises(ClientError) as error:
            management.post_to_connection(ConnectionId=id, Data=data)
        told = error.value.response
        assert (told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Code"]) == refused
    deleted = management.delete_connection(ConnectionId=id)
    assert socket.close_code == 1000
    answers = [each["ResponseMetadata"]["HTTPStatusCode"] for each in (posted, described, deleted)]
    assert answers == [200, 200, 204]


def test_connections_that_api_gateway_would_end_are_closed(running: RunningGateway) -> None:
    idle, idle_socket = running.open()
    old, old_socket = running.open()
    _, socket = running.open()
    running.gateway.connections[idle].last_active -= 601
    running.gateway.connections[old].opened -= 7201
    wait_until(lambda: idle_socket.close_code == old_socket.close_code == 1001)
    assert socket.close_code is None
