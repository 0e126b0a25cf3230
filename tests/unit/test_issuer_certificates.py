"""Whose certificates are believed when an issuer's keys are fetched."""

import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rig.issuer import DISCOVERY, SigningKey
from signaling.authorizer import https_json
from signaling.authorizer.keys import KeysError, issuer_keys
from tests.support.authority import Authority
from tests.support.stub import Received, Reply, Stub, reply

Serve = Callable[[Authority], Stub]


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """The one authority that this machine trusts."""
    authority = Authority(tmp_path / "trusted", "trusted")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nothing"))
    https_json.tls_context.cache_clear()
    yield authority
    https_json.tls_context.cache_clear()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts an issuer on localhost with a certificate of an authority."""
    key, stubs = SigningKey("ES256", "1").jwk, list[Stub]()

    def start(authority: Authority) -> Stub:
        def answer(request: Received) -> Reply:
            about = {"issuer": stub.url, "jwks_uri": f"{stub.url}/keys"}
            return reply(
                body=json.dumps(about if request.path == DISCOVERY else {"keys": [key]}).encode()
            )

        stub = Stub(answer, authority.server_context("localhost"))
        stubs.append(stub)
        return stub

    yield start
    for each in stubs:
        each.close()


def test_the_authorities_are_read_once(
    trusted: Authority, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, create = [], ssl.create_default_context

    def counted(*arguments: Any, **named: Any) -> ssl.SSLContext:
        read.append(arguments)
        return create(*arguments, **named)

    monkeypatch.setattr(ssl, "create_default_context", counted)
    stub = serve(trusted)
    for _ in range(2):
        (key,) = issuer_keys(stub.url, None)
        assert key.id == "1"
    assert len(stub.requests) == 4
    assert len(read) == 1


def test_a_certificate_of_another_authority_is_refused(
    tmp_path: Path, trusted: Authority, serve: Serve
) -> None:
    stub = serve(Authority(tmp_path / "unknown", "unknown"))
    with pytest.raises(KeysError, match="CERTIFICATE_VERIFY_FAILED"):
        issuer_keys(stub.url, None)
    assert stub.requests == []
