"""Tokens that somebody else signed, or nobody."""

import base64
import hashlib
import hmac
import json

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rig.issuer import JWKS, Issuer, SigningKey
from tests.support.authorizer import (
    Refusals,
    connect_with,
    effect_of,
    encoded,
    with_each_algorithm,
)


@with_each_algorithm
def test_no_signature(issuer: Issuer, refused: Refusals) -> None:
    claims = issuer.claims(aud="rooms")
    names: list[object] = ["none", "None", "", None, [], "HS512", "ES384"]
    for name in names:
        header = {"alg": name, "kid": "1"}
        for signature in ("", "AAAA"):
            token = f"{encoded(header)}.{encoded(claims)}.{signature}"
            assert refused.reason(token) == "algorithm"
    assert refused.reason(f"{encoded({})}.{encoded(claims)}.") == "algorithm"


@with_each_algorithm
def test_a_public_key_used_as_a_secret(issuer: Issuer, refused: Refusals) -> None:
    public = issuer.keys[-1].private.public_key()
    jwk = json.dumps(issuer.keys[-1].jwk).encode()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (pem, pem.rstrip(), jwk):
        content = f"{encoded({'alg': 'HS256', 'kid': '1'})}.{encoded(issuer.claims(aud='rooms'))}"
        digest = hmac.digest(secret, content.encode(), hashlib.sha256)
        signature = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        assert refused.reason(f"{content}.{signature}") == "algorithm"


@with_each_algorithm
def test_a_key_that_came_with_the_token(issuer: Issuer, refused: Refusals) -> None:
    own = SigningKey(issuer.keys[-1].algorithm, "1")
    claims = issuer.claims(aud="rooms")
    assert refused.reason(own.sign(claims, jwk=own.jwk)) == "signature"
    assert refused.reason(own.sign(claims, jku=f"{issuer.url}{JWKS}")) == "signature"


def test_another_curve(issuer: Issuer, refused: Refusals) -> None:
    p384 = ec.generate_private_key(ec.SECP384R1())
    claims = issuer.claims(aud="rooms")
    token = jwt.encode(claims, p384, "ES384", headers={"kid": "1"})
    assert refused.reason(token) == "algorithm"
    issuer.keys = [SigningKey("ES384", "9", p384)]
    answer = connect_with(jwt.encode(claims, p384, "ES384", headers={"kid": "9"}))
    assert effect_of(answer) == "Deny"


@with_each_algorithm
def test_a_key_of_another_kind(issuer: Issuer, refused: Refusals) -> None:
    for algorithm in {"RS256", "ES256", "EdDSA"} - {issuer.keys[-1].algorithm}:
        token = SigningKey(algorithm, "1").sign(issuer.claims(aud="rooms"))
        assert refused.reason(token) == "algorithm"
