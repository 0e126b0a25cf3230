"""Whose certificates the lean AWS client believes, of which servers."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


class Aws:
    """Servers to which every name leads, and the authorities that may vouch for them."""

    def __init__(
        self,
        folder: Path,
        start: StartStub,
        services: MakeService,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.amazons = Authority(folder / "amazons", "amazons")
        """Of which the built bundle holds the certificate."""
        self.other = Authority(folder / "other", "other")
        """Which the machine trusts, as it does Amazon's."""
        self.unknown = Authority(folder / "unknown", "unknown")
        self._start, self._services = start, services
        self._monkeypatch, self._capsys = monkeypatch, capsys
        store = folder / "store.pem"
        store.write_text(self.amazons.bundle.read_text() + self.other.bundle.read_text())
        monkeypatch.setenv("SSL_CERT_FILE", str(store))
        monkeypatch.setenv("SSL_CERT_DIR", str(folder / "nothing"))
        monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
        monkeypatch.setattr(trust, "BUNDLE", str(self.amazons.bundle))

    def serve(self, authority: Authority, name: str) -> Stub:
        """Start a stub that proves to be `name` by a certificate of `authority`."""
        stub = self._start(reply(), context=authority.server_context(name))
        port = stub.url.rpartition(":")[2]
        addresses = socket.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM)
        self._monkeypatch.setattr(http1, "_addresses", lambda *_: addresses)
        return stub

    def service(self, name: str) -> lean.Service:
        return self._services(f"https://{name}")

    def refusals(self) -> list[dict[str, Any]]:
        """Return what the log says since the last call."""
        return [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]

    def assert_believed_at_once(self, authority: Authority, name: str) -> None:
        stub = self.serve(authority, name)
        assert query(self.service(name)) == {}
        assert stub.connections == 1
        assert self.refusals() == []


@pytest.fixture
def aws(
    tmp_path: Path,
    start: StartStub,
    services: MakeService,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Aws]:
    with unread_authorities():
        yield Aws(tmp_path, start, services, monkeypatch, capsys)


@pytest.mark.parametrize("name", [DYNAMODB, API])
def test_for_a_host_of_aws_amazons_authorities_are_enough(name: str, aws: Aws) -> None:
    aws.assert_believed_at_once(aws.amazons, name)
    assert trust._all_authorities.cache_info().currsize == 0  # the whole store was not read


@pytest.mark.usefixtures("no_backoff")
def test_a_host_of_aws_with_another_authority_is_refused_then_tried_with_all(aws: Aws) -> None:
    stub = aws.serve(aws.other, DYNAMODB)
    service = aws.service(DYNAMODB)
    assert query(service) == {}
    assert stub.connections == 2
    (refusal,) = aws.refusals()
    assert refusal == {
        "level": "WARNING",
        "error": "CertificateRefused",
        "host": DYNAMODB,
        "reason": "unable to get local issuer certificate",
    }
    service.host.close()
    assert query(service) == {}
    assert stub.connections == 3  # all authorities are believed from then on
    assert aws.refusals() == []


@pytest.mark.usefixtures("no_backoff")
def test_connections_that_are_refused_at_the_same_moment_are_all_tried_again(aws: Aws) -> None:
    stub = aws.serve(aws.other, API)
    everyone = [str(number) for number in range(100)]
    assert post(aws.service(f"{API}/dev"), *everyone).delivered == everyone
    assert stub.connections == 2 * lean.connections_for(100, idle=0)
    assert len(aws.refusals()) == 1


def test_a_host_of_aws_that_nobody_vouches_for_gets_nothing(aws: Aws) -> None:
    stub = aws.serve(aws.unknown, DYNAMODB)
    service = aws.service(DYNAMODB)
    for _ in range(2):
        assert query(service).code == "SSLCertVerificationError"
    assert stub.requests == []
    assert len(aws.refusals()) == 1


def test_a_host_of_aws_with_the_certificate_of_another_name_gets_nothing(aws: Aws) -> None:
    for authority in (aws.amazons, aws.other):
        stub = aws.serve(authority, API)
        assert query(aws.service(DYNAMODB)).code == "SSLCertVerificationError"
        assert post(aws.service(f"{DYNAMODB}/dev")).failed == [ID]
        assert stub.requests == []


@pytest.mark.parametrize("name", ELSEWHERE)
def test_for_other_hosts_and_partitions_all_authorities_are_believed(name: str, aws: Aws) -> None:
    aws.assert_believed_at_once(aws.other, name)


def test_a_bundle_of_the_owner_is_believed_alone(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(aws.unknown.bundle))
    aws.assert_believed_at_once(aws.unknown, DYNAMODB)
    stub = aws.serve(aws.amazons, API)
    assert query(aws.service(API)).code == "SSLCertVerificationError"
    assert (stub.requests, aws.refusals()) == ([], [])


@pytest.mark.parametrize("content", [None, "", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_without_a_bundle_that_can_be_read_all_authorities_are_believed(
    content: str | None, aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "built.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.setattr(trust, "BUNDLE", str(bundle))
    aws.assert_believed_at_once(aws.other, DYNAMODB)


def test_a_chain_that_goes_on_beyond_amazons_root_ends_there(aws: Aws) -> None:
    """AWS sends Amazon Root CA 1 as Starfield signed it, and once as an older root signed that."""
    aws.amazons.chain = aws.unknown.cross_signed(aws.amazons)
    aws.assert_believed_at_once(aws.amazons, DYNAMODB)
