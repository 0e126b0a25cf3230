"""Where the keys that check tokens come from, and how often."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from cryptography.hazmat.primitives.asymmetric import ec

from signaling.access.keys import (
    SECONDS_BETWEEN_LOADS,
    Key,
    KeyCache,
    KeysError,
    issuer_keys,
    secret_key,
)
from tests.support.issuer import DISCOVERY, JWKS, Issuer, SigningKey


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    issuer.start()
    yield issuer
    issuer.stop()


class Loader:
    """Loads keys with the given ids and counts how often; fails while there are none."""

    def __init__(self, *ids: str | None) -> None:
        self.ids = ids
        self.loads = 0
        self.now = 1000.0
        self.keys = KeyCache(self._load, lifetime=600, clock=lambda: self.now)

    def _load(self) -> list[Key]:
        self.loads += 1
        if not self.ids:
            raise KeysError("out of reach")
        return [Key(each, b"", "HS256") for each in self.ids]

    def find(self, key_id: str | None) -> str | None:
        key = self.keys.find(key_id)
        return key.id if key else "nothing"


def test_keys_are_loaded_once_and_kept_for_their_lifetime() -> None:
    loader = Loader("a", "b")
    for _ in range(3):
        assert loader.find("b") == "b"
        loader.now += 199
    assert loader.loads == 1
    loader.now += 3
    assert loader.find("b") == "b"
    assert loader.loads == 2


def test_a_new_key_is_found_by_one_load_more() -> None:
    loader = Loader("a")
    assert loader.find("a") == "a"
    loader.now += SECONDS_BETWEEN_LOADS
    loader.ids = ("a", "b")
    assert loader.find("b") == "b"
    assert loader.loads == 2


def test_strangers_with_unknown_keys_cause_few_loads() -> None:
    loader = Loader("a")
    for number in range(1000):
        assert loader.find(f"stranger {number}") == "nothing"
        loader.now += 0.1
    assert loader.loads == 1 + 100 // SECONDS_BETWEEN_LOADS


def test_a_key_that_its_issuer_withdrew_is_dropped() -> None:
    loader = Loader("a")
    assert loader.find("a") == "a"
    loader.ids = ("b",)
    loader.now += 600
    assert loader.find("a") == "nothing"


def test_an_issuer_out_of_reach_is_asked_again_after_a_while() -> None:
    loader = Loader()
    for _ in range(5):
        with pytest.raises(KeysError):
            loader.find("a")
        loader.now += 1
    assert loader.loads == 1
    loader.ids = ("a",)
    loader.now += SECONDS_BETWEEN_LOADS
    assert loader.find("a") == "a"


def test_old_keys_are_not_used_while_their_issuer_is_out_of_reach() -> None:
    loader = Loader("a")
    loader.find("a")
    loader.ids = ()
    loader.now += 600
    for _ in range(2):
        with pytest.raises(KeysError):
            loader.find("a")


@pytest.mark.parametrize(
    ("ids", "wanted", "found"),
    [
        (("a",), None, "a"),
        (("a", "b"), None, "nothing"),
        ((None,), "any", None),
        ((None, "a"), "a", "a"),
        ((None, "a"), "b", None),
        (("a", "a"), "a", "nothing"),
    ],
)
def test_a_token_means_one_key_or_none(
    ids: tuple[str | None, ...], wanted: str | None, found: str | None
) -> None:
    assert Loader(*ids).find(wanted) == found


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_the_kind_of_key_decides_the_algorithm(issuer: Issuer, algorithm: str) -> None:
    issuer.keys = [SigningKey(algorithm, "1")]
    ((key_id, _, pinned),) = issuer_keys(issuer.url, None)
    assert (key_id, pinned) == ("1", algorithm)
    assert issuer.requests == [DISCOVERY, JWKS]


def test_a_key_url_of_its_own_needs_no_discovery(issuer: Issuer) -> None:
    assert issuer_keys("https://elsewhere.example", f"{issuer.url}{JWKS}")
    assert issuer.requests == [JWKS]


def test_keys_that_no_token_may_be_checked_with_are_passed_over(issuer: Issuer) -> None:
    good = SigningKey("ES256", "good")
    other_curve = SigningKey("ES256", "curve", ec.generate_private_key(ec.SECP384R1()))
    unusable: list[Any] = [
        other_curve.jwk,
        {**good.jwk, "use": "enc"},
        {**good.jwk, "alg": "ES384"},
        {**good.jwk, "kty": "oct", "k": "c2VjcmV0"},
        {"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"},
        {**good.jwk, "x": "AAAA"},
        {"kty": ["EC"], "crv": {"P-256": 1}},
        *({}, None, "key", []),
    ]
    body = json.dumps({"keys": [*unusable, good.jwk]}).encode()
    issuer.answers[JWKS] = (200, {}, body)
    assert [key.id for key in issuer_keys(issuer.url, None)] == ["good"]
    issuer.answers[JWKS] = (200, {}, json.dumps({"keys": unusable}).encode())
    with pytest.raises(KeysError):
        issuer_keys(issuer.url, None)


@pytest.mark.parametrize(
    "answer",
    [
        (404, {}, b"{}"),
        (302, {"Location": "https://example.com"}, b""),
        (200, {}, b""),
        (200, {}, b"[]"),
        (200, {}, b"\xff"),
        (200, {}, b"[" * 100_000),
        (200, {}, b'{"keys": {}}'),
        (200, {}, b'{"padding": "' + b" " * 300_000 + b'"}'),
    ],
)
@pytest.mark.parametrize("path", [DISCOVERY, JWKS])
def test_a_strange_answer_is_an_error_for_the_log(
    issuer: Issuer, path: str, answer: tuple[int, dict[str, str], bytes]
) -> None:
    issuer.answers[path] = answer
    with pytest.raises(KeysError):
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


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/keys", "http://127.0.0.1@example.com/keys", "http://10.0.0.1/keys"),
        *("http://localhost.example.com/", "ftp://127.0.0.1/", "file:///etc/passwd", "//127.0.0.1"),
        *(
            "",
            "https://",
            "keys",
            "http://127.0.0.1.example.com",
            "http://169.254.169.254/",
            "None",
        ),
    ],
)
def test_only_https_and_loopback_are_asked(url: str) -> None:
    with pytest.raises(KeysError, match="is not https"):
        issuer_keys("https://issuer.example", url)


@pytest.mark.parametrize(
    "url", ["http://[::1", "https://127.0.0.1:port/", "http://127.0.0.1:1/a b\r\nHost: c"]
)
def test_a_url_that_is_none_is_an_error_for_the_log(url: str) -> None:
    with pytest.raises(KeysError, match=r"ValueError|InvalidURL"):
        issuer_keys("https://issuer.example", url)


def test_a_server_that_is_not_there_is_an_error_for_the_log() -> None:
    issuer = Issuer()
    issuer.start()
    issuer.stop()
    with pytest.raises(KeysError, match="ConnectionRefusedError"):
        issuer_keys(issuer.url, None)


@pytest.mark.parametrize("answer", [{"SecretString": "s" * 32}, {"SecretBinary": b"s" * 32}])
def test_a_secret_is_a_key_for_hs256_alone(answer: dict[str, Any]) -> None:
    client = boto3.client("secretsmanager", region_name="us-east-1")
    with Stubber(client) as stub:
        stub.add_response("get_secret_value", answer, {"SecretId": "arn"})
        assert secret_key(client, "arn") == [Key(None, b"s" * 32, "HS256")]


def test_a_secret_that_may_not_be_read_is_an_error_for_the_log() -> None:
    client = boto3.client("secretsmanager", region_name="us-east-1")
    with Stubber(client) as stub:
        stub.add_client_error("get_secret_value", "AccessDeniedException")
        with pytest.raises(KeysError, match="AccessDenied"):
            secret_key(client, "arn")
