"""Whose certificates the lean AWS client believes, of which servers."""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signaling.aws import http1, lean, trust
from tests.support.authority import Authority, unread_authorities
from tests.support.lean import ID, MakeService, StartStub, post, query
from tests.support.stub import Stub, reply

Refusals = Callable[[], list[dict[str, Any]]]

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
        self, folder: Path, start: StartStub, services: MakeService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.amazons = Authority(folder / "amazons", "amazons")
        """Of which the built bundle holds the certificate."""
        self.other = Authority(folder / "other", "other")
        """Which the machine trusts, as it does Amazon's."""
        self.unknown = Authority(folder / "unknown", "unknown")
        self._start, self._services, self._monkeypatch = start, services, monkeypatch
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


@pytest.fixture
def aws(
    tmp_path: Path, start: StartStub, services: MakeService, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Aws]:
    with unread_authorities():
        yield Aws(tmp_path, start, services, monkeypatch)


@pytest.fixture
def refusals(capsys: pytest.CaptureFixture[str]) -> Refusals:
    """Returns what the log says since the last call."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("name", [DYNAMODB, API])
def test_for_a_host_of_aws_amazons_authorities_are_enough(
    name: str, aws: Aws, refusals: Refusals
) -> None:
    assert_believed_at_once(aws, aws.amazons, name, refusals)
    assert trust._all_authorities.cache_info().currsize == 0  # the whole store was not read


@pytest.mark.usefixtures("no_backoff")
def test_a_host_of_aws_with_a_certificate_of_another_authority_is_refused_then_tried_once_with_all(
    aws: Aws, refusals: Refusals
) -> None:
    stub = aws.serve(aws.other, DYNAMODB)
    service = aws.service(DYNAMODB)
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
    aws: Aws, refusals: Refusals
) -> None:
    stub = aws.serve(aws.other, API)
    everyone = [str(number) for number in range(100)]
    assert post(aws.service(f"{API}/dev"), *everyone).delivered == everyone
    assert stub.connections == 2 * lean.connections_for(100, idle=0)
    assert len(refusals()) == 1


def test_a_host_of_aws_that_nobody_vouches_for_gets_nothing(aws: Aws, refusals: Refusals) -> None:
    stub = aws.serve(aws.unknown, DYNAMODB)
    service = aws.service(DYNAMODB)
    for _ in range(2):
        assert query(service).code == "SSLCertVerificationError"
    assert stub.requests == []
    assert len(refusals()) == 1


def test_a_host_of_aws_with_the_certificate_of_another_name_gets_nothing(aws: Aws) -> None:
    for authority in (aws.amazons, aws.other):
        stub = aws.serve(authority, API)
        assert query(aws.service(DYNAMODB)).code == "SSLCertVerificationError"
        assert post(aws.service(f"{DYNAMODB}/dev")).failed == [ID]
        assert stub.requests == []


def assert_believed_at_once(aws: Aws, authority: Authority, name: str, refusals: Refusals) -> None:
    stub = aws.serve(authority, name)
    assert query(aws.service(name)) == {}
    assert stub.connections == 1
    assert refusals() == []


@pytest.mark.parametrize("name", ELSEWHERE)
def test_for_other_hosts_and_partitions_all_authorities_are_believed_at_once(
    name: str, aws: Aws, refusals: Refusals
) -> None:
    assert_believed_at_once(aws, aws.other, name, refusals)


def test_a_bundle_of_the_owners_own_is_believed_alone(
    aws: Aws, refusals: Refusals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(aws.unknown.bundle))
    assert_believed_at_once(aws, aws.unknown, DYNAMODB, refusals)
    stub = aws.serve(aws.amazons, API)
    assert query(aws.service(API)).code == "SSLCertVerificationError"
    assert (stub.requests, refusals()) == ([], [])


@pytest.mark.parametrize("content", [None, "", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_without_a_bundle_that_can_be_read_all_authorities_are_believed(
    content: str | None,
    aws: Aws,
    refusals: Refusals,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle = tmp_path / "built.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.setattr(trust, "BUNDLE", str(bundle))
    assert_believed_at_once(aws, aws.other, DYNAMODB, refusals)


def test_a_chain_that_goes_on_beyond_amazons_root_ends_there(aws: Aws, refusals: Refusals) -> None:
    """AWS sends Amazon Root CA 1 as Starfield signed it, and once as an older root signed that."""
    aws.amazons.chain = aws.unknown.cross_signed(aws.amazons)
    assert_believed_at_once(aws, aws.amazons, DYNAMODB, refusals)
