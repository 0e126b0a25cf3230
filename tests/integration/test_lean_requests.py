"""What the lean AWS client sends and understands."""

import json
import time
from datetime import UTC, datetime
from email.utils import formatdate

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import Session

from signaling.aws import lean
from tests.support.authority import Authority
from tests.support.lean import ID, Served, post, query
from tests.support.stub import Received, Reply, reply


def test_a_large_answer_and_a_large_request_pass_whole(served: Served, tls: Authority) -> None:
    rows = [{"sk": {"S": "x" * 1000}}] * 1000
    for context in (None, tls.server_context("localhost")):
        stub, service = served(reply(body=json.dumps({"Items": rows}).encode()), context=context)
        assert query(service) == {"Items": rows}
        payload = "x" * 8_000_000  # more than the buffers of both ends hold
        assert post(service, payload=payload).delivered == [ID]
        assert stub.requests[1].body == payload.encode()


def test_an_error_is_told_by_its_code_and_status(served: Served) -> None:
    told = {
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message": "The conditional request failed",
    }
    stub, service = served(reply(400, json.dumps(told).encode()), reply(403, b"<html>"))
    refused, forbidden = query(service), query(service)
    assert (refused.code, refused.status) == ("ConditionalCheckFailedException", 400)
    assert (forbidden.code, forbidden.status) == ("403", 403)
    assert len(stub.requests) == 2


@pytest.mark.parametrize("body", [b"<html>", b"", b"[1]", b"\xff"])
def test_an_answer_that_is_no_json_object_is_an_error(served: Served, body: bytes) -> None:
    _, service = served(reply(200, body))
    answer = query(service)
    assert (answer.code, answer.status) == ("no JSON", 200)


def test_a_session_token_is_signed_too(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token/+=")
    stub, service = served(reply(), path="/dev/")
    assert post(service, payload='{"x":"é"}').delivered == [ID]
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
    ("region", "variables", "url"),
    [
        ("eu-west-1", {}, "https://dynamodb.eu-west-1.amazonaws.com"),
        ("cn-north-1", {}, "https://dynamodb.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", {}, "https://dynamodb.eusc-de-east-1.amazonaws.eu"),
        ("eu-west-1", {"_DYNAMODB": "http://127.0.0.1:8000"}, "http://127.0.0.1:8000"),
        ("eu-west-1", {"": "http://127.0.0.1:4566"}, "http://127.0.0.1:4566"),
        ("eu-west-1", {"_DYNAMODB": "http://table", "": "http://aws"}, "http://table"),
        ("eu-west-1", {"_DYNAMODB": "", "": "http://aws"}, "http://aws"),
    ],
)
def test_the_table_is_where_the_sdks_look_for_it(
    monkeypatch: pytest.MonkeyPatch, region: str, variables: dict[str, str], url: str
) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    for name, value in variables.items():
        monkeypatch.setenv(f"AWS_ENDPOINT_URL{name}", value)
    asked = []
    monkeypatch.setattr(lean, "Service", lambda url, *others: asked.append(url))
    lean.dynamodb()
    assert asked == [url]
    assert Session().create_client("dynamodb", region).meta.endpoint_url == url


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_a_wrong_clock_is_corrected_once(served: Served, status: int, seconds: int) -> None:
    def answer(request: Received) -> Reply:
        date = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
        now = time.time() + seconds
        is_right = abs(date.replace(tzinfo=UTC).timestamp() - now) < 60
        body = b'{"__type":"x#InvalidSignatureException"}'
        return reply(200 if is_right else status, body, Date=formatdate(now, usegmt=True))

    stub, service = served(answer=answer)
    everyone = [str(number) for number in range(20)]
    assert post(service, *everyone).delivered == everyone
    before = len(stub.requests)
    assert post(service, *everyone).delivered == everyone
    assert len(stub.requests) == before + 20


def test_a_request_refused_for_another_reason_than_the_clock_is_sent_once(served: Served) -> None:
    stub, service = served(reply(403, Date=formatdate(usegmt=True)))
    assert post(service).failed == [ID]
    assert len(stub.requests) == 1
