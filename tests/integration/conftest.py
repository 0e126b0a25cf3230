"""Fixtures for the lean AWS client."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signaling.aws import http1, lean
from tests.support.authority import Authority
from tests.support.lean import MakeService, StartStub
from tests.support.stub import Reply, Stub, in_turn


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
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails a test in which an attempt is used up."""

    def delay_after(attempt: int) -> float:
        raise AssertionError("an attempt was used up")

    monkeypatch.setattr(lean, "delay_after", delay_after)


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    authority = Authority(tmp_path)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))
    http1.tls_context.cache_clear()
    yield authority
    http1.tls_context.cache_clear()
