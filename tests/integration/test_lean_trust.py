"""Whose certificates the lean AWS client believes, of which servers."""

import json
import socket
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from signaling.aws import http1, lean, trust
from tests.support.authority import Authority, unread_authorities
from tests.support.lean import ID, MakeService, StartStub, post, query
from tests.support.stub import Stub, reply

DYNAMODB = "dynamodb.eu-central-1.amazonaws.com"
API = "f3n2k1.execute-api.eu-central-1.amazonaws.com"
ELSEWHERE = [
    "dynamodb.us-gov-west-1.amazonaws.com",
    "dynamodb.cn-north-1.amazonaws.com.cn",
    "dynamodb.eusc-de-east-1.amazonaws.eu",
    "dynamodb.us-iso-east-1.c2s.ic.gov",
    "amazonaws.com.example.org",
    "example-amazonaws.com",
    "localhost",
]


class Authorities(NamedTuple):
    amazons: Authority
    """Of which the built bundle holds the certificate."""
    other: Authority
    """Which the machine trusts, as it does Amazon's."""
    unknown: Authority


@pytest.fixture
def authorities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = Authorities(*(Authority(tmp_path / each, each) for each in Authorities._fields))
    store = tmp_path / "store.pem"
    store.write_text(made.amazons.bundle.read_text() + made.other.bundle.read_text())
    monkeypatch.setenv("SSL_CERT_FILE", str(store))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nothing"))
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    monkeypatch.setattr(trust, "BUNDLE", str(made.amazons.bundle))
    with unread_authorities():
        yield made


@pytest.fixture
def refusals(capsys: pytest.CaptureFixture[str]) -> Any:
    """Returns what the log says since the last call."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def serve(start: StartStub, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Starts a stub to which every name leads, as `name` with a certificate of `authority`."""

    def serve(authority: Authority, name: str) -> Stub:
        stub = start(reply(), context=authority.server_context(name))
        port = stub.url.rpartition(":")[2]
        addresses = socket.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM)
        monkeypatch.setattr(http1, "_addresses", lambda *_: addresses)
        return stub

    return serve


def whole_store_was_read() -> bool:
    return trust._all_authorities.cache_info().currsize == 1


@pytest.mark.parametrize("name", [DYNAMODB, API])
def test_for_a_host_of_aws_amazons_authorities_are_enough(
    name: str, serve: Any, services: MakeService, authorities: Authorities, refusals: Any
) -> None:
    stub = serve(authorities.amazons, name)
    assert post(services(f"https://{name}/dev")).delivered == [ID]
    assert stub.connections == 1
    assert refusals() == []
    assert not whole_store_was_read()


@pytest.mark.usefixtures("no_backoff")
def test_a_host_of_aws_with_a_certificate_of_another_authority_is_refused_then_tried_once_with_all(
    serve: Any, services: MakeService, authorities: Authorities, refusals: Any
) -> None:
    stub = serve(authorities.other, DYNAMODB)
    service = services(f"https://{DYNAMODB}")
    assert query(service) == {}
    assert stub.connections == 2
    (refusal,) = refusals()
    assert refusal == {
        "level": "WARNING",
        "error": "CertificateRefused",
        "host": DYNAMODB,
        "reason": "unable to get local issuer certificate",
    }
    service.host.close()
    assert query(service) == {}
    assert stub.connections == 3  # all authorities are believed from then on
    assert refusals() == []


@pytest.mark.usefixtures("no_backoff")
def test_connections_that_are_refused_at_the_same_moment_are_all_tried_again(
    serve: Any, services: MakeService, authorities: Authorities, refusals: Any
) -> None:
    stub = serve(authorities.other, API)
    everyone = [str(number) for number in range(100)]
    assert post(services(f"https://{API}/dev"), *everyone).delivered == everyone
    assert stub.connections == 2 * lean.connections_for(100, idle=0)
    assert len(refusals()) == 1


def test_a_host_of_aws_that_nobody_vouches_for_gets_nothing(
    serve: Any, services: MakeService, authorities: Authorities, refusals: Any
) -> None:
    stub = serve(authorities.unknown, DYNAMODB)
    service = services(f"https://{DYNAMODB}")
    for _ in range(2):
        assert query(service).code == "SSLCertVerificationError"
    assert stub.requests == []
    assert len(refusals()) == 1


def test_a_host_of_aws_with_the_certificate_of_another_name_gets_nothing(
    serve: Any, services: MakeService, authorities: Authorities
) -> None:
    for authority in (authorities.amazons, authorities.other):
        stub = serve(authority, API)
        assert query(services(f"https://{DYNAMODB}")).code == "SSLCertVerificationError"
        assert stub.requests == []


@pytest.mark.parametrize("name", ELSEWHERE)
def test_for_other_hosts_and_partitions_all_authorities_are_believed_at_once(
    name: str, serve: Any, services: MakeService, authorities: Authorities, refusals: Any
) -> None:
    stub = serve(authorities.other, name)
    assert query(services(f"https://{name}")) == {}
    assert stub.connections == 1
    assert refusals() == []


def test_a_bundle_of_the_owners_own_is_believed_alone(
    serve: Any,
    services: MakeService,
    authorities: Authorities,
    refusals: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authorities.unknown.bundle))
    stub = serve(authorities.unknown, DYNAMODB)
    assert query(services(f"https://{DYNAMODB}")) == {}
    assert stub.connections == 1
    stub = serve(authorities.amazons, API)
    assert query(services(f"https://{API}")).code == "SSLCertVerificationError"
    assert stub.requests == refusals() == []


@pytest.mark.parametrize("content", [None, "", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_without_a_bundle_that_can_be_read_all_authorities_are_believed(
    content: str | None,
    serve: Any,
    services: MakeService,
    authorities: Authorities,
    refusals: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle = tmp_path / "built.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.setattr(trust, "BUNDLE", str(bundle))
    stub = serve(authorities.other, DYNAMODB)
    assert query(services(f"https://{DYNAMODB}")) == {}
    assert stub.connections == 1
    assert refusals() == []


def test_a_chain_that_goes_on_beyond_amazons_root_ends_there(
    serve: Any, services: MakeService, authorities: Authorities, refusals: Any
) -> None:
    """AWS sends Amazon Root CA 1 as Starfield signed it, and once as an older root signed that."""
    authorities.amazons.chain = authorities.unknown.cross_signed(authorities.amazons)
    stub = serve(authorities.amazons, DYNAMODB)
    assert query(services(f"https://{DYNAMODB}")) == {}
    assert stub.connections == 1
    assert refusals() == []
