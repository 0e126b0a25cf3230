"""Fixtures of the unit tests."""

import time
from collections.abc import Iterator

import pytest

from rig.issuer import Issuer, SigningKey
from tests.support.authorizer import Clock, Refusals, configure


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refusals:
    return Refusals(capsys)


@pytest.fixture
def published(request: pytest.FixtureRequest) -> SigningKey:
    """The issuer's key, for ES256 where a test does not depend on the algorithm."""
    return SigningKey(getattr(request, "param", "ES256"), "1")


@pytest.fixture
def issuer(published: SigningKey, monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    issuer = Issuer()
    issuer.keys = [published]
    issuer.start()
    configure(monkeypatch, JWT_ISSUER=issuer.url, JWT_AUDIENCE="rooms")
    yield issuer
    issuer.stop()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", lambda: clock.now)
    return clock
