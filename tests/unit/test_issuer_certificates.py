"""Whose certificates are believed when an issuer's keys are fetched."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rig.issuer import DISCOVERY, SigningKey
from signaling.authorizer import https_json
from signaling.authorizer.keys import KeysError, issuer_keys
from tests.support.authority import Authority
from tests.support.stub import Received, Reply, Stub, reply


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """The one authority that this machine trusts."""
    authority = Authority(tmp_path / "trusted", "trusted")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nothing"))
    https_json.tls_context.cache_clear()
    yield authority
    https_json.tls_context.cache_clear()


def issuer_of(authority: Authority) -> closing[Stub]:
    """Return an issuer on localhost with a certificate of the authority."""

    def answer(request: Received) -> Reply:
        about = {"issuer": stub.url, "jwks_uri": f"{stub.url}/keys"}
        keys = {"keys": [SigningKey("ES256", "1").jwk]}
        return reply(body=json.dumps(about if request.path == DISCOVERY else keys).encode())

    stub = Stub(answer, authority.server_context("localhost"))
    return closing(stub)


def test_the_authorities_are_read_once(trusted: Authority) -> None:
    with issuer_of(trusted) as stub:
        for _ in range(2):
            assert [key.id for key in issuer_keys(stub.url, None)] == ["1"]
    assert len(stub.requests) == 4
    assert https_json.tls_context.cache_info().misses == 1


def test_a_certificate_of_another_authority_is_refused(tmp_path: Path, trusted: Authority) -> None:
    stranger = issuer_of(Authority(tmp_path / "unknown", "unknown"))
    with stranger as stub, pytest.raises(KeysError, match="CERTIFICATE_VERIFY_FAILED"):
        issuer_keys(stub.url, None)
    assert stub.requests == []
