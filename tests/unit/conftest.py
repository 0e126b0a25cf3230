"""Fixtures of the unit tests."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from local.sam.template import Stack
from local.table.dynamodb import make_table
from rig.aws import dynamodb_client
from rig.issuer import Issuer, SigningKey
from tests.support.authorizer import Refusals, configure
from tests.support.clock import Clock


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refusals:
    return Refusals(capsys)


@pytest.fixture
def published(request: pytest.FixtureRequest) -> SigningKey:
    """The issuer's key, for ES256 where a test does not depend on the algorithm."""
    return SigningKey(getattr(request, "param", "ES256"), "1")


@pytest.fixture
def issuer(published: SigningKey, monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    with Issuer() as issuer:
        issuer.keys = [published]
        configure(monkeypatch, JWT_ISSUER=issuer.url, JWT_AUDIENCE="rooms")
        yield issuer


@pytest.fixture
def table(stack: Stack) -> Iterator[tuple[Any, str]]:
    """A client of boto3 with an empty table in its memory, and the table's name."""
    with mock_aws():
        client = dynamodb_client()
        make_table(client, stack.table)
        yield client, stack.table["TableName"]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock
