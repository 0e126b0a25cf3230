"""Where the keys that check tokens come from, and what is made of an answer that is none."""

import json
import time
from collections.abc import Callable
from io import BufferedIOBase
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from cryptography.hazmat.primitives.asymmetric import ec

from rig.issuer import DISCOVERY, JWKS, Issuer, SigningKey, drip_body, drip_head, flood, hang
from signaling.authorizer.keys import Key, KeysError, KeysWithdrawnError, issuer_keys, secret_key


def test_a_key_url_of_its_own_needs_no_discovery(issuer: Issuer) -> None:
    assert issuer_keys("https://elsewhere.example", f"{issuer.url}{JWKS}")
    assert issuer.requests == [JWKS]


def test_keys_that_no_token_may_be_checked_with_are_passed_over(issuer: Issuer) -> None:
    good = SigningKey("ES256", "good")
    unusable: list[Any] = [
        SigningKey("ES256", "another curve", ec.generate_private_key(ec.SECP384R1())).jwk,
        {**good.jwk, "use": "enc"},
        {**good.jwk, "alg": "ES384"},
        {**good.jwk, "kty": "oct", "k": "c2VjcmV0"},
        {"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"},
        {**good.jwk, "x": "AAAA"},
        {"kty": ["EC"], "crv": {"P-256": 1}},
        *({}, None, "key", []),
    ]
    publish(issuer, *unusable, good.jwk)
    assert [key.id for key in issuer_keys(issuer.url, None)] == ["good"]
    for entries in (unusable, []):
        publish(issuer, *entries)
        with pytest.raises(KeysWithdrawnError):
            issuer_keys(issuer.url, None)


def publish(issuer: Issuer, *entries: object) -> None:
    issuer.answers[JWKS] = (200, {}, json.dumps({"keys": entries}).encode())


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        *((status, b"<html>", KeysWithdrawnError) for status in (404, 410)),
        *((status, b"{}", KeysError) for status in (302, 403, 503)),
        *((200, body, KeysError) for body in (b"", b"[]", b"\xff", b"<html>", b'{"keys": {}}')),
        (200, b"[" * 100_000, KeysError),
        (200, b'{"padding": "' + b" " * 300_000 + b'"}', KeysError),
    ],
)
@pytest.mark.parametrize("path", [DISCOVERY, JWKS])
def test_only_an_answer_that_there_is_none_withdraws_the_keys(
    issuer: Issuer, path: str, status: int, body: bytes, kind: type[KeysError]
) -> None:
    issuer.answers[path] = (status, {}, body)
    with pytest.raises(KeysError) as raised:
        issuer_keys(issuer.url, None)
    assert type(raised.value) is kind


@pytest.mark.parametrize("trouble", [hang, drip_head, drip_body])
def test_an_issuer_that_gives_no_whole_answer_is_given_up_in_time(
    issuer: Issuer, trouble: Callable[[BufferedIOBase], None]
) -> None:
    issuer.trouble = trouble
    began = time.monotonic()
    with pytest.raises(KeysError, match="TimeoutError"):
        issuer_keys(issuer.url, None, seconds=0.5)
    assert 0.5 <= time.monotonic() - began < 2


def test_two_documents_share_the_time(issuer: Issuer) -> None:
    issuer.delay = 0.4
    began = time.monotonic()
    with pytest.raises(KeysError, match=f"{JWKS}: TimeoutError"):
        issuer_keys(issuer.url, None, seconds=0.6)
    assert time.monotonic() - began < 0.8


def test_of_an_answer_without_end_little_is_read(issuer: Issuer) -> None:
    issuer.trouble = flood
    with pytest.raises(KeysError, match="answered 200 with 262145 bytes"):
        issuer_keys(issuer.url, None)


def test_discovery_must_be_of_the_issuer_itself(issuer: Issuer) -> None:
    document = {"issuer": "https://other.example", "jwks_uri": f"{issuer.url}{JWKS}"}
    issuer.answers[DISCOVERY] = (200, {}, json.dumps(document).encode())
    with pytest.raises(KeysError, match="another issuer"):
        issuer_keys(issuer.url, None)


def test_a_redirect_is_not_followed(issuer: Issuer) -> None:
    issuer.answers[JWKS] = (307, {"Location": f"{issuer.url}/elsewhere"}, b"")
    with pytest.raises(KeysError, match="307"):
        issuer_keys(issuer.url, None)
    assert "/elsewhere" not in issuer.requests


NOT_ASKED = [
    *("http://example.com/keys", "http://127.0.0.1@example.com/keys", "http://10.0.0.1/keys"),
    *("http://localhost.example.com/", "ftp://127.0.0.1/", "file:///etc/passwd", "//127.0.0.1"),
    *("http://127.0.0.1.example.com", "http://169.254.169.254/", "", "https://", "keys", "None"),
]
NO_URLS = ["http://[::1", "https://127.0.0.1:port/", "http://127.0.0.1:1/a b\r\nHost: c"]


@pytest.mark.parametrize("url", [*NOT_ASKED, *NO_URLS])
def test_only_https_and_loopback_are_asked(url: str) -> None:
    error = "is not https" if url in NOT_ASKED else "ValueError|InvalidURL"
    with pytest.raises(KeysError, match=error):
        issuer_keys("https://issuer.example", url)


def test_a_server_that_is_not_there_is_an_error_for_the_log() -> None:
    issuer = Issuer()
    issuer.start()
    issuer.stop()
    with pytest.raises(KeysError, match="ConnectionRefusedError"):
        issuer_keys(issuer.url, None)


def secrets_manager(**more: Any) -> Any:
    return boto3.client("secretsmanager", region_name="us-east-1", **more)


@pytest.mark.parametrize("answer", [{"SecretString": "s" * 32}, {"SecretBinary": b"s" * 32}])
def test_a_secret_is_a_key_for_hs256_alone(answer: dict[str, Any]) -> None:
    client = secrets_manager()
    with Stubber(client) as stub:
        stub.add_response("get_secret_value", answer, {"SecretId": "arn"})
        assert secret_key(client, "arn") == [Key(None, b"s" * 32, "HS256")]


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AccessDeniedException", 400, KeysWithdrawnError),
        ("ResourceNotFoundException", 400, KeysWithdrawnError),
        ("ThrottlingException", 400, KeysError),
        ("InternalServiceError", 500, KeysError),
    ],
)
def test_an_unavailable_secret_is_an_error(code: str, status: int, kind: type[KeysError]) -> None:
    client = secrets_manager()
    with Stubber(client) as stub:
        stub.add_client_error("get_secret_value", code, http_status_code=status)
        with pytest.raises(KeysError, match=code) as raised:
            secret_key(client, "arn")
    assert type(raised.value) is kind


def test_secrets_manager_that_cannot_be_reached_withdraws_nothing() -> None:
    once = Config(retries={"total_max_attempts": 1})
    client = secrets_manager(endpoint_url="http://127.0.0.1:9", config=once)
    with pytest.raises(KeysError, match="Could not connect") as raised:
        secret_key(client, "arn")
    assert type(raised.value) is KeysError
