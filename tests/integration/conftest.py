"""Fixtures for the lean AWS client and for subscriptions."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from moto import mock_aws

from local.sam.template import Stack
from local.table.dynamodb import make_table
from local.table.in_memory import MemorySubscriptions
from rig.aws import dynamodb_client
from signaling.aws import lean, sdk
from signaling.ports import Subscriptions
from tests.support.authority import Authority, unread_authorities
from tests.support.lean import MakeService, Served, StartStub
from tests.support.stub import Reply, Stub, in_turn
from tests.support.subscriptions import NOW, of_table


@pytest.fixture
def start() -> Iterator[StartStub]:
    """Starts servers that end with the test."""
    stubs: list[Stub] = []

    def start(*replies: Reply, **keywords: Any) -> Stub:
        stubs.append(Stub(keywords.pop("answer", None) or in_turn(*replies), **keywords))
        return stubs[-1]

    yield start
    for stub in stubs:
        stub.close()


@pytest.fixture
def services() -> Iterator[MakeService]:
    """Makes services whose connections are closed with the test."""
    made: list[lean.Service] = []

    def make(url: str) -> lean.Service:
        made.append(lean.Service(url, "execute-api"))
        return made[-1]

    yield make
    for service in made:
        service.host.close()


@pytest.fixture
def served(start: StartStub, services: MakeService) -> Served:
    """Starts a server and makes the service that is asked there, at a path."""

    def serve(*replies: Reply, path: str = "", **keywords: Any) -> tuple[Stub, lean.Service]:
        stub = start(*replies, **keywords)
        return stub, services(stub.url + path)

    return serve


@pytest.fixture
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails a test in which an attempt is used up."""

    def delay_after(attempt: int) -> float:
        raise AssertionError("an attempt was used up")

    monkeypatch.setattr(lean, "delay_after", delay_after)


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    authority = Authority(tmp_path)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))
    with unread_authorities():
        yield authority


@pytest.fixture(scope="module")
def lean_dynamodb(dynamodb_local: str) -> Iterator[lean.LeanDynamoDB]:
    service = lean.Service(dynamodb_local, "dynamodb")
    yield lean.LeanDynamoDB(service)
    service.host.close()


@cache
def client(endpoint: str | None = None) -> Any:
    """Return the client for `endpoint` that tests share, because to make one takes 50 ms of CPU."""
    return dynamodb_client(endpoint)


@pytest.fixture(scope="session")
def sdk_dynamodb() -> sdk.SdkDynamoDB:
    return sdk.SdkDynamoDB(sdk.dynamodb())


@pytest.fixture(params=["memory", "moto through boto3", "DynamoDB Local through the lean client"])
def subscriptions(request: pytest.FixtureRequest, stack: Stack) -> Iterator[Subscriptions]:
    """An adapter with nothing in it, its clock standing at `NOW`."""
    table = {**stack.table, "TableName": f"table-{uuid4()}"}
    if request.param == "memory":
        yield MemorySubscriptions(now=lambda: NOW)
    elif request.param.startswith("moto"):
        with mock_aws():
            make_table(client(), table)
            yield of_table(request.getfixturevalue("sdk_dynamodb"), table["TableName"])
    else:
        make_table(client(request.getfixturevalue("dynamodb_local")), table)
        yield of_table(request.getfixturevalue("lean_dynamodb"), table["TableName"])
