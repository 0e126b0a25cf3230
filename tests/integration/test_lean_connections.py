"""How the lean AWS client opens, keeps and replaces connections."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from rig.processes import free_port, wait_until
from signaling.aws import http1, lean
from tests.support.authority import Authority
from tests.support.lean import ID, MakeService, Served, post, query
from tests.support.stub import HANG_UP, Received, Reply, reply


def test_a_connection_that_the_server_will_close_is_not_used_again(served: Served) -> None:
    stub, service = served(reply(Connection="Close"))
    assert post(service, "a").delivered + post(service, "b").delivered == ["a", "b"]
    assert stub.connections == 2
    assert service.host.idle == []


@pytest.mark.parametrize("last_words", [b"", b"HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n"])
@pytest.mark.usefixtures("no_backoff")
def test_a_connection_closed_while_idle_is_replaced(served: Served, last_words: bytes) -> None:
    stub, service = served(reply())
    post(service, "before")
    stub.hang_up(last_words)
    time.sleep(0.05)
    assert post(service, "after").delivered == ["after"]
    assert [request.path for request in stub.requests] == [
        "/@connections/before",
        "/@connections/after",
    ]


@pytest.mark.usefixtures("no_backoff")
def test_a_connection_that_is_closed_as_it_is_used_again_is_replaced(served: Served) -> None:
    stub, service = served(reply(), HANG_UP, reply())
    post(service, "before")
    assert post(service, "after").delivered == ["after"]
    assert stub.connections == 2


def test_a_server_that_hangs_up_in_the_middle_of_an_answer_is_asked_again(served: Served) -> None:
    half = Reply((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",), closes=True)
    stub, service = served(half, HANG_UP, Reply((b"nonsense\r\n\r\n",)), reply())
    assert query(service) == {}
    assert len(stub.requests) == 4


def test_a_dead_address_is_passed_over(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    stub, service = served(reply())
    (right,) = socket.getaddrinfo("127.0.0.1", stub.url.rpartition(":")[2], type=1)
    wrong = (*right[:4], ("127.0.0.1", free_port()))
    monkeypatch.setattr(http1, "_addresses", lambda *_: [wrong, right])
    assert post(service).delivered == [ID]


@pytest.mark.usefixtures("no_backoff")
def test_connections_are_opened_ahead(served: Served, services: MakeService) -> None:
    stub, service = served(reply())
    lean.warm(service, services(""), services("http://127.0.0.1:1"))
    wait_until(lambda: stub.connections == 1)
    assert post(service).delivered == [ID]
    assert stub.connections == 1


def test_a_fan_out_uses_few_connections_and_all_of_them_at_once(served: Served) -> None:
    twenty = threading.Barrier(20)

    def answer(_: Received) -> Reply:
        if not twenty.broken:
            twenty.wait(timeout=20)  # until as many requests are here
        return reply()

    stub, service = served(answer=answer)
    everyone = [str(number) for number in range(100)]
    assert post(service, *everyone, seconds=20).delivered == everyone
    assert stub.connections == 20
    twenty.abort()
    assert post(service, *map(str, range(5000))).failed == []
    assert stub.connections == lean.IN_FLIGHT


def test_a_throttled_client_delays_nobody(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lean, "delay_after", lambda attempt: 0.1)
    monkeypatch.setattr(lean, "IN_FLIGHT", 1)
    stub, service = served(
        answer=lambda request: reply(429 if request.path.endswith("slow") else 200)
    )
    post(service, "slow", "a", "b", seconds=1)
    paths = [request.path.rpartition("/")[2] for request in stub.requests]
    assert set(paths[:3]) == {"slow", "a", "b"}


def test_another_thread_may_take_the_last_idle_connection_first(served: Served) -> None:
    class TakenFirst(list[socket.socket]):
        def __len__(self) -> int:
            return 1

    _, service = served(reply())
    service.host.idle = TakenFirst()
    assert post(service, "a").delivered == ["a"]


def test_threads_may_share_a_service(served: Served) -> None:
    stub, service = served(
        answer=lambda request: reply(body=json.dumps({"was": request.body.decode()}).encode())
    )
    everyone = [str(number) for number in range(20)]

    def use(number: int) -> None:
        for round in range(10):
            assert post(service, *everyone).delivered == everyone
            name = f"{number}-{round}"
            dynamodb, deadline = lean.LeanDynamoDB(service), time.monotonic() + 5
            (answer,) = dynamodb.query([{"TableName": name}], deadline)
            assert answer == {"was": json.dumps({"TableName": name})}

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(use, range(16)))
    assert len(service.host.idle) == len(set(service.host.idle)) == stub.connections


@pytest.mark.usefixtures("no_backoff")
def test_tls_connections_are_kept_replaced_and_opened_ahead(served: Served, tls: Authority) -> None:
    stub, service = served(reply(), context=tls.server_context("localhost"))
    lean.warm(service)
    time.sleep(0.05)  # TLS's session tickets come after the handshake
    assert query(service) == query(service) == {}
    assert stub.connections == 1
    stub.hang_up()
    time.sleep(0.05)
    assert post(service).delivered == [ID]
    assert stub.connections == 2
    everyone = [str(number) for number in range(100)]
    assert post(service, *everyone).delivered == everyone


def test_an_endpoint_may_be_an_ipv6_address(served: Served) -> None:
    _, service = served(reply(), address="::1", path="/dev")
    assert post(service).delivered == [ID]
