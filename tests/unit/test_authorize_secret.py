"""Who gets in with a token that is signed with a secret in Secrets Manager."""

import os
from collections.abc import Iterator
from typing import Any

import boto3
import jwt
import pytest
from moto import mock_aws

from rig.issuer import SigningKey
from signaling.authorizer.tokens import Rules
from tests.support.authorizer import SECRET, Refusals, configure, connect_with, effect_of, now
from tests.support.clock import Clock


class Secret:
    """A secret in Secrets Manager that signs tokens."""

    def __init__(self) -> None:
        self._client = boto3.client("secretsmanager", region_name="us-east-1")
        self.arn = self._client.create_secret(Name="jwt", SecretString=SECRET)["ARN"]

    def change(self, secret: str) -> None:
        self._client.put_secret_value(SecretId=self.arn, SecretString=secret)


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> Iterator[Secret]:
    with mock_aws():
        secret = Secret()
        configure(monkeypatch, JWT_SECRET_ARN=secret.arn)
        yield secret


def with_secret(key: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    return jwt.encode({"exp": now() + 60, **claims}, key, algorithm, headers={"kid": "any"})


def test_a_secret_checks_nothing_but_hs256(secret: Secret, refused: Refusals) -> None:
    assert refused.reason(with_secret("x" * 40)) == "signature"
    assert refused.reason(with_secret(SECRET * 2, "HS512")) == "algorithm"
    assert refused.reason(SigningKey("ES256", "1").sign({"exp": now() + 60})) == "algorithm"
    assert refused.reason(with_secret(exp=now() - 60)) == "expired"


def test_a_secret_with_an_issuer_and_an_audience(
    secret: Secret, refused: Refusals, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer = "https://app.example"
    configure(monkeypatch, JWT_SECRET_ARN=secret.arn, JWT_ISSUER=issuer, JWT_AUDIENCE="rooms")
    assert effect_of(connect_with(with_secret(iss=issuer, aud="rooms"))) == "Allow"
    assert refused.reason(with_secret(aud="rooms")) == "no_iss"
    assert refused.reason(with_secret(iss=issuer, aud="other")) == "audience"


def test_a_new_secret_is_read_in_a_minute(secret: Secret, refused: Refusals, clock: Clock) -> None:
    assert effect_of(connect_with(with_secret())) == "Allow"
    secret.change("y" * 40)
    assert refused.reason(with_secret("y" * 40)) == "signature"
    clock.now += 60
    assert effect_of(connect_with(with_secret("y" * 40))) == "Allow"
    assert refused.reason(with_secret()) == "signature"


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")  # of the token that is made
def test_a_secret_that_is_too_short_lets_nobody_in(secret: Secret, refused: Refusals) -> None:
    secret.change("password")
    assert refused.reason(with_secret("password")) == "keys"


def test_the_secret_is_in_no_variable_of_the_environment(secret: Secret) -> None:
    connect_with(with_secret())
    assert SECRET not in str(dict(os.environ))


def test_without_a_key_nothing_is_decided() -> None:
    with pytest.raises(ValueError):
        Rules.from_env({"JWKS_URL": "https://issuer.example/keys", "JWT_AUDIENCE": "rooms"})
