"""The lean AWS client against servers that behave badly."""

import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from signaling import http1, lean
from tests.servers import ROOT, free_port, wait_until
from tests.stub import HANG_UP, SILENCE, Received, Reply, Stub, in_turn, reply

ID = "L0SM9cOFvHcCIhw="

StartStub = Callable[..., Stub]


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
def services() -> Iterator[Callable[[str], lean.Service]]:
    """Makes services whose connections are closed with the test."""
    made: list[lean.Service] = []

    def make(url: str) -> lean.Service:
        made.append(lean.Service(url, "execute-api"))
        return made[-1]

    yield make
    for service in made:
        service.host.close()


MakeService = Callable[[str], lean.Service]


def post(service: lean.Service, *ids: str, seconds: float = 5.0, payload: str = "{}") -> Any:
    connections = lean.LeanConnections(service, time.monotonic() + seconds)
    return connections.send(ids or [ID], payload)


def query(service: lean.Service, seconds: float = 5.0) -> Any:
    return lean.DynamoDB(service, time.monotonic() + seconds).query(TableName="table")


@pytest.fixture
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails a test in which an attempt is used up."""

    def delay_after(attempt: int) -> float:
        raise AssertionError("an attempt was used up")

    monkeypatch.setattr(lean, "delay_after", delay_after)


# --- Answers ------------------------------------------------------------------------------------


def test_a_chunked_answer_is_joined(start: StartStub, services: MakeService) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
    parts = (head, b'9;name=x\r\n{"Items":', b"\r\n4\r", b"\n []}\r\n0\r\nTrailer: x\r\n", b"\r\n")
    stub = start(Reply(parts))
    service = services(stub.url)
    assert query(service) == query(service) == {"Items": []}
    assert stub.connections == 1


@pytest.mark.parametrize(
    "empty", [reply(204, b""), reply(200, b""), Reply((b"HTTP/1.1 204 No Content\r\n\r\n",))]
)
def test_an_answer_without_a_body_is_an_answer(
    start: StartStub, services: MakeService, empty: Reply
) -> None:
    stub = start(empty)
    service = services(stub.url)
    assert post(service, "a", "b").delivered == ["a", "b"]
    assert post(service, "c").delivered == ["c"]


def test_a_large_answer_and_a_large_request_pass_whole(
    start: StartStub, services: MakeService, tls: "Authority"
) -> None:
    rows = [{"sk": {"S": "x" * 1000}}] * 1000
    for context in (None, tls.server_context("localhost")):
        stub = start(reply(body=json.dumps({"Items": rows}).encode()), context=context)
        service = services(stub.url)
        assert query(service) == {"Items": rows}
        payload = "x" * 8_000_000  # more than the buffers of both ends hold
        assert post(service, payload=payload).delivered == [ID]
        assert stub.requests[1].body == payload.encode()


def test_an_error_looks_like_that_of_the_sdk(start: StartStub, services: MakeService) -> None:
    told = {
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message": "The conditional request failed",
    }
    stub = start(reply(400, json.dumps(told).encode()), reply(403, b"<html>"))
    service = services(stub.url)
    with pytest.raises(lean.ServiceError) as error:
        query(service)
    assert error.value.response == {
        "Error": {
            "Code": "ConditionalCheckFailedException",
            "Message": "The conditional request failed",
        },
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    with pytest.raises(lean.ServiceError, match="403"):
        query(service)
    assert len(stub.requests) == 2


# --- Requests -----------------------------------------------------------------------------------


def test_a_request_is_signed_with_the_session_token(
    start: StartStub, services: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token/+=")
    stub = start(reply())
    assert post(services(stub.url + "/dev/"), payload='{"x":"é"}').delivered == [ID]
    (request,) = stub.requests
    assert request.path == "/dev/@connections/L0SM9cOFvHcCIhw%3D"
    assert request.body == '{"x":"é"}'.encode()
    assert request.headers["x-amz-security-token"] == "token/+="
    timestamp, authorization = request.headers["x-amz-date"], request.headers["authorization"]
    assert "SignedHeaders=host;x-amz-date;x-amz-security-token," in authorization
    signed = {name: request.headers[name] for name in ("host", "x-amz-date")}
    theirs = AWSRequest("POST", f"{stub.url}{request.path}", signed, request.body)
    theirs.headers["x-amz-security-token"] = "token/+="
    theirs.context["timestamp"] = timestamp
    signer = SigV4Auth(Credentials("local", "local", "token/+="), "execute-api", "us-east-1")
    text = signer.string_to_sign(theirs, signer.canonical_request(theirs))
    assert authorization.endswith(f"Signature={signer.signature(text, theirs)}")


@pytest.mark.parametrize(
    ("region", "endpoint", "url", "name"),
    [
        ("eu-west-1", None, "https", "dynamodb.eu-west-1.amazonaws.com"),
        ("cn-north-1", None, "https", "dynamodb.cn-north-1.amazonaws.com.cn"),
        ("eu-west-1", "http://127.0.0.1:8000", "http", "127.0.0.1:8000"),
    ],
)
def test_the_endpoint_is_that_of_the_region_and_its_partition(
    monkeypatch: pytest.MonkeyPatch, region: str, endpoint: str | None, url: str, name: str
) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
    asked = []
    monkeypatch.setattr(lean, "Service", lambda *arguments: asked.append(arguments))
    lean.dynamodb()
    assert asked == [(f"{url}://{name}", "dynamodb")]


# --- Connections --------------------------------------------------------------------------------


def test_a_connection_is_kept_and_used_again(start: StartStub, services: MakeService) -> None:
    stub = start(reply())
    service = services(stub.url)
    for _ in range(3):
        query(service)
    assert [request.connection for request in stub.requests] == [1, 1, 1]


def test_a_connection_that_the_server_will_close_is_not_used_again(
    start: StartStub, services: MakeService
) -> None:
    stub = start(reply(Connection="Close"))
    service = services(stub.url)
    assert post(service, "a").delivered + post(service, "b").delivered == ["a", "b"]
    assert stub.connections == 2
    assert service.host.idle == []


@pytest.mark.parametrize("last_words", [b"", b"HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n"])
@pytest.mark.usefixtures("no_backoff")
def test_a_connection_that_was_closed_while_idle_is_replaced(
    start: StartStub,
    services: MakeService,
    monkeypatch: pytest.MonkeyPatch,
    last_words: bytes,
) -> None:
    monkeypatch.setattr(http1, "_TRUSTED_SECONDS", 0)
    stub = start(reply())
    service = services(stub.url)
    post(service, "before")
    stub.hang_up(last_words)
    time.sleep(0.05)
    assert post(service, "after").delivered == ["after"]
    assert [request.path for request in stub.requests] == [
        "/@connections/before",
        "/@connections/after",
    ]


@pytest.mark.usefixtures("no_backoff")
def test_a_connection_that_is_closed_as_it_is_used_again_is_replaced(
    start: StartStub, services: MakeService
) -> None:
    stub = start(reply(), HANG_UP, reply())
    service = services(stub.url)
    post(service, "before")
    assert post(service, "after").delivered == ["after"]
    assert stub.connections == 2


def test_a_server_that_hangs_up_in_the_middle_of_an_answer_is_asked_again(
    start: StartStub, services: MakeService
) -> None:
    half = Reply((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",), closes=True)
    stub = start(half, HANG_UP, Reply((b"nonsense\r\n\r\n",)), reply())
    assert query(services(stub.url)) == {}
    assert len(stub.requests) == 4


def test_the_next_address_is_taken_when_one_does_not_answer(
    start: StartStub, services: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = start(reply())
    (right,) = socket.getaddrinfo("127.0.0.1", stub.url.rpartition(":")[2], type=1)
    wrong = (*right[:4], ("127.0.0.1", free_port()))
    monkeypatch.setattr(http1, "_addresses", lambda *_: [wrong, right])
    assert post(services(stub.url)).delivered == [ID]


@pytest.mark.usefixtures("no_backoff")
def test_connections_are_opened_ahead(start: StartStub, services: MakeService) -> None:
    stub = start(reply())
    service, unset, broken = services(stub.url), services(""), services("http://127.0.0.1:1")
    lean.warm(service, unset, broken)
    wait_until(lambda: stub.connections == 1)
    assert post(service).delivered == [ID]
    assert stub.connections == 1


# --- Trying again -------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_post_that_is_refused_for_now_is_sent_again(
    start: StartStub, services: MakeService, status: int
) -> None:
    stub = start(reply(status), reply(status), reply())
    assert post(services(stub.url)).delivered == [ID]
    assert len(stub.requests) == 3


@pytest.mark.parametrize("code", sorted(lean._THROTTLED))
def test_a_throttled_operation_is_sent_again(
    start: StartStub, services: MakeService, code: str
) -> None:
    stub = start(reply(400, json.dumps({"__type": f"x#{code}"}).encode()), reply())
    assert query(services(stub.url)) == {}


@pytest.mark.parametrize(("status", "kind"), [(410, "gone"), (403, "failed"), (413, "failed")])
def test_a_post_that_is_refused_for_good_is_sent_once(
    start: StartStub, services: MakeService, status: int, kind: str
) -> None:
    stub = start(reply(status))
    assert getattr(post(services(stub.url)), kind) == [ID]
    assert len(stub.requests) == 1


def test_what_stays_refused_is_reported_at_the_deadline(
    start: StartStub, services: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lean, "delay_after", lambda attempt: 0.2)
    stub = start(answer=lambda request: reply(503 if request.path.endswith("slow") else 200))
    started = time.monotonic()
    result = post(services(stub.url), "slow", "a", "b", seconds=0.5)
    assert time.monotonic() - started < 0.7
    assert (result.failed, sorted(result.delivered)) == (["slow"], ["a", "b"])
    with pytest.raises(lean.ServiceError):
        query(services(start(reply(503)).url), seconds=0.3)


def test_a_server_that_never_answers_is_given_up_at_the_deadline(
    start: StartStub, services: MakeService
) -> None:
    service = services(start(SILENCE).url)
    started = time.monotonic()
    assert post(service, "a", "b", "c", seconds=0.3).failed == ["a", "b", "c"]
    with pytest.raises(TimeoutError):
        query(service, seconds=0.3)
    assert time.monotonic() - started < 0.8
    assert service.host.idle == []


def test_a_server_that_is_slow_is_asked_again(
    start: StartStub, services: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http1, "READ_SECONDS", 0.1)
    stub = start(SILENCE, reply())
    assert post(services(stub.url)).delivered == [ID]
    assert stub.connections == 2


def test_a_fan_out_that_does_not_fit_the_deadline_reports_the_rest(
    start: StartStub, services: MakeService
) -> None:
    def answer(_: Received) -> Reply:
        time.sleep(0.02)
        return reply()

    everyone = [str(number) for number in range(10_000)]
    result = post(services(start(answer=answer).url), *everyone, seconds=1.0)
    assert result.delivered and result.failed
    assert sorted(result.delivered + result.failed) == sorted(everyone)


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_a_wrong_clock_is_corrected_once(
    start: StartStub, services: MakeService, status: int, seconds: int
) -> None:
    def answer(request: Received) -> Reply:
        date = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
        now = time.time() + seconds
        is_right = abs(date.replace(tzinfo=UTC).timestamp() - now) < 60
        body = b'{"__type":"x#InvalidSignatureException"}'
        return reply(200 if is_right else status, body, Date=formatdate(now, usegmt=True))

    stub = start(answer=answer)
    service = services(stub.url)
    everyone = [str(number) for number in range(20)]
    assert post(service, *everyone).delivered == everyone
    before = len(stub.requests)
    assert post(service, *everyone).delivered == everyone
    assert len(stub.requests) == before + 20


def test_a_request_that_is_refused_for_another_reason_than_the_clock_is_sent_once(
    start: StartStub, services: MakeService
) -> None:
    stub = start(reply(403, Date=formatdate(usegmt=True)))
    assert post(services(stub.url)).failed == [ID]
    assert len(stub.requests) == 1


# --- Many at once -------------------------------------------------------------------------------


def test_a_fan_out_uses_few_connections_and_all_of_them_at_once(
    start: StartStub, services: MakeService
) -> None:
    def answer(_: Received) -> Reply:
        time.sleep(0.02)
        return reply()

    stub = start(answer=answer)
    service = services(stub.url)
    everyone = [str(number) for number in range(100)]
    post(service, *everyone)  # opens the connections
    opened = stub.connections
    started = time.monotonic()
    assert post(service, *everyone).delivered == everyone
    assert time.monotonic() - started < 0.5  # one after the other they would take 2 s
    assert stub.connections == opened == 20
    assert post(service, *map(str, range(5000))).failed == []
    assert stub.connections == lean.IN_FLIGHT


def test_one_throttled_client_holds_up_nobody(
    start: StartStub, services: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lean, "delay_after", lambda attempt: 0.1)
    monkeypatch.setattr(lean, "IN_FLIGHT", 1)
    stub = start(answer=lambda request: reply(429 if request.path.endswith("slow") else 200))
    post(services(stub.url), "slow", "a", "b", seconds=1)
    paths = [request.path.rpartition("/")[2] for request in stub.requests]
    assert set(paths[:3]) == {"slow", "a", "b"}


def test_threads_may_share_a_service(start: StartStub, services: MakeService) -> None:
    stub = start(answer=lambda request: reply(body=json.dumps(request.body.decode()).encode()))
    service = services(stub.url)
    everyone = [str(number) for number in range(20)]

    def use(number: int) -> None:
        for round in range(10):
            assert post(service, *everyone).delivered == everyone
            name = f"{number}-{round}"
            dynamodb = lean.DynamoDB(service, time.monotonic() + 5)
            assert json.loads(dynamodb.query(TableName=name)) == {"TableName": name}

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(use, range(16)))
    idle = [connection for connection, _ in service.host.idle]
    assert len(idle) == len(set(idle)) == stub.connections


# --- TLS ----------------------------------------------------------------------------------------


class Authority:
    """A certificate authority that one test trusts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._certified("authority", self._key, is_authority=True)
        self.bundle = folder / "bundle.pem"
        self.bundle.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def server_context(self, name: str) -> ssl.SSLContext:
        """Return the context of a server that can prove to be `name`."""
        key = ec.generate_private_key(ec.SECP256R1())
        pem = self._certified(name, key).public_bytes(Encoding.PEM)
        file = self._folder / f"{name}.pem"
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _certified(
        self, name: str, key: ec.EllipticCurvePrivateKey, is_authority: bool = False
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        public = self._key.public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False)
        )
        if is_authority:
            usage = dict.fromkeys(
                [
                    "digital_signature",
                    "content_commitment",
                    "key_encipherment",
                    "data_encipherment",
                    "key_agreement",
                    "encipher_only",
                    "decipher_only",
                ],
                False,
            )
            builder = builder.add_extension(
                x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True
            )
        else:
            names = [x509.DNSName(name), x509.IPAddress(ip_address("192.0.2.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    authority = Authority(tmp_path)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.bundle))
    http1.tls_context.cache_clear()
    yield authority
    http1.tls_context.cache_clear()


@pytest.mark.usefixtures("no_backoff")
def test_tls_connections_are_kept_replaced_and_opened_ahead(
    start: StartStub, services: MakeService, tls: Authority
) -> None:
    stub = start(reply(), context=tls.server_context("localhost"))
    service = services(stub.url)
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


def test_a_server_that_nobody_vouches_for_gets_nothing(
    start: StartStub, services: MakeService, tls: Authority, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    stub = start(reply(), context=other.server_context("localhost"))
    with pytest.raises(ssl.SSLCertVerificationError):
        query(services(stub.url))
    assert stub.requests == []


def test_a_server_with_the_certificate_of_another_name_gets_nothing(
    start: StartStub, services: MakeService, tls: Authority
) -> None:
    stub = start(reply(), context=tls.server_context("example.com"))
    with pytest.raises(ssl.SSLCertVerificationError, match="localhost"):
        query(services(stub.url))
    assert post(services(stub.url)).failed == [ID]
    assert stub.requests == []


# --- Cold start ---------------------------------------------------------------------------------

HEAVY = {
    "boto3",
    "botocore",
    "urllib3",
    "asyncio",
    "aws_xray_sdk",
    "dataclasses",
    "http.client",
    "urllib.request",
    "email",
    "concurrent.futures",
    "logging",
}


def test_the_default_path_imports_nothing_heavy(start: StartStub) -> None:
    stub = start(reply(body=b'{"Items": []}'))
    program = """
import json, sys
from functions.message import app
from signaling import adapters
adapters.aws().warm()
class Context:
    def get_remaining_time_in_millis(self): return 10_000
app.lambda_handler(json.load(open("events/publish_announce.json")), Context())
print(json.dumps(sorted(sys.modules)))
"""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'layers/signaling/python'}",
        "AWS_ENDPOINT_URL_DYNAMODB": stub.url,
        "CONNECTIONS_ENDPOINT": f"{stub.url}/dev",
        "TABLE_NAME": "table",
    }
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    line, modules = done.stdout.splitlines()
    assert "error" not in json.loads(line)
    assert HEAVY.isdisjoint(json.loads(modules))
    assert [request.headers["x-amz-target"].partition(".")[2] for request in stub.requests] == [
        "UpdateItem",
        "Query",
    ]
    assert stub.connections == 2
