"""Who gets in with what token, and that nobody does with one that was forged."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rig.issuer import JWKS, Issuer, SigningKey
from signaling.access.grants import EVERYTHING, MOST_TOPICS_BYTES, Grants
from signaling.authorizer.tokens import MOST_TOKEN_CHARACTERS
from signaling.event import LONGEST_URL, Event
from tests.support.authorizer import CONNECT, Refusals, connect_with, effect_of, encoded, now

each_algorithm = pytest.mark.parametrize("published", ["ES256", "RS256", "EdDSA"], indirect=True)


@each_algorithm
def test_a_good_token_opens_the_topics_that_it_names(issuer: Issuer) -> None:
    answer = connect_with(issuer.mint(aud="rooms", topics=["team/*"]))
    assert effect_of(answer) == "Allow"
    assert answer["principalId"] == "ada"
    authorizer = {"principalId": "ada", "integrationLatency": 12, **answer["context"]}
    context = {**CONNECT["requestContext"], "authorizer": authorizer}
    event = Event({**CONNECT, "requestContext": context})
    assert event.grants(needs_token=True) == Grants(("team/*",))
    assert Event(CONNECT).grants(needs_token=False) == EVERYTHING
    assert not Event(CONNECT).grants(needs_token=True).allows("team/a")


def test_a_token_that_names_no_topics_opens_all(issuer: Issuer) -> None:
    answer = connect_with(issuer.mint(aud=["rooms", "other"], sub=None))
    assert (effect_of(answer), answer["context"]) == ("Allow", {"topics": "null"})
    assert answer["principalId"] == "anonymous"


@pytest.mark.parametrize("subject", ["ada", "Zoë", "日本", "a\tb", "x" * 1000])
def test_the_principal_is_short_ascii_whatever_the_subject_is(issuer: Issuer, subject: str) -> None:
    principal = connect_with(issuer.mint(aud="rooms", sub=subject))["principalId"]
    assert principal.isascii() and principal.isprintable()
    assert 0 < len(principal) <= 128
    assert principal == "ada" or subject != "ada"


def test_clocks_may_differ_a_little(issuer: Issuer) -> None:
    for claims in ({"exp": now() - 20}, {"nbf": now() + 20}, {"iat": now() + 20}):
        assert effect_of(connect_with(issuer.mint(aud="rooms", **claims))) == "Allow"


WRONG_CLAIMS: dict[str, list[dict[str, Any]]] = {
    "expired": [{"exp": now() - 40}],
    "not_yet_valid": [{"nbf": now() + 3600}, {"iat": now() + 3600}],
    "malformed": [{"exp": "soon"}, {"exp": 1e400}, {"exp": []}, {"nbf": {}}],
    "audience": [{"aud": "other"}, {"aud": ["other", "room"]}, {"aud": {"rooms": 1}}],
    "issuer": [{"iss": "https://other.example"}, {"iss": ["https://other.example"]}],
    "topics": [{"topics": "team/*"}, {"topics": ["a" * 1600]}],
    **{f"no_{claim}": [{claim: None}] for claim in ("exp", "aud", "iss")},
}


@pytest.mark.parametrize(
    ("claims", "reason"),
    [(claims, reason) for reason, several in WRONG_CLAIMS.items() for claims in several],
)
def test_a_claim_that_is_wrong(
    issuer: Issuer, refused: Refusals, claims: dict[str, Any], reason: str
) -> None:
    all_claims = {**issuer.claims(aud="rooms"), **claims}
    token = signed_as_it_is(issuer.keys[-1], {k: v for k, v in all_claims.items() if v is not None})
    assert refused.reason(token) == reason


def signed_as_it_is(key: SigningKey, claims: dict[str, Any]) -> str:
    """Return a token whose claims the library would not all sign."""
    return jwt.PyJWS().encode(
        json.dumps(claims).encode(), key.private, key.algorithm, headers={"kid": key.id}
    )


def test_an_unknown_key_is_looked_for_once(issuer: Issuer, refused: Refusals) -> None:
    for number in range(20):
        stranger = SigningKey("EdDSA", f"stranger {number}")
        assert refused.reason(stranger.sign(issuer.claims(aud="rooms"))) == "key"
    assert issuer.requests.count(JWKS) == 1


@each_algorithm
def test_a_token_cut_short_or_changed(issuer: Issuer, refused: Refusals) -> None:
    token = issuer.mint(aud="rooms")
    for length in (0, 1, 20, token.index("."), token.rindex("."), len(token) - 3):
        assert refused.reason(token[:length]) in ("malformed", "signature")
    header, claims, signature = token.split(".")
    other = encoded(issuer.claims(aud="rooms", sub="eve"))
    for changed in (f"{header}.{other}.{signature}", f"{header}.{claims}.{signature[:-8]}AAAAAAAA"):
        assert refused.reason(changed) == "signature"
    for longer in (f"{token}.{signature}", f" {token}", f"{token}\n"):
        assert refused.reason(longer) == "malformed"


def signed_by(key: SigningKey, algorithm: object, signature: str = "AAAA", **claims: Any) -> str:
    return f"{encoded({'alg': algorithm, 'kid': key.id})}.{encoded(claims)}.{signature}"


@each_algorithm
def test_the_algorithm_is_the_keys_whatever_a_token_says(issuer: Issuer, refused: Refusals) -> None:
    own, claims = issuer.keys[-1], issuer.claims(aud="rooms")
    others = {"RS256", "ES256", "EdDSA"} - {own.algorithm}
    forged = [SigningKey(each, own.id).sign(claims) for each in others]
    forged += [f"{encoded({})}.{encoded(claims)}."]
    names: list[object] = ["none", "None", "", None, [], "HS512", "ES384"]
    for name in names:
        forged += [signed_by(own, name, signature, **claims) for signature in ("", "AAAA")]
    pem = own.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for public in (pem, pem.rstrip(), json.dumps(own.jwk).encode()):
        content = signed_by(own, "HS256", **claims).rpartition(".")[0]
        digest = hmac.digest(public, content.encode(), hashlib.sha256)
        forged += [f"{content}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"]
    assert {refused.reason(token) for token in forged} == {"algorithm"}


@each_algorithm
def test_a_key_that_came_with_the_token(issuer: Issuer, refused: Refusals) -> None:
    own = SigningKey(issuer.keys[-1].algorithm, "1")
    claims = issuer.claims(aud="rooms")
    assert refused.reason(own.sign(claims, jwk=own.jwk)) == "signature"
    assert refused.reason(own.sign(claims, jku=f"{issuer.url}{JWKS}")) == "signature"


def test_another_curve(issuer: Issuer, refused: Refusals) -> None:
    p384 = ec.generate_private_key(ec.SECP384R1())
    claims = issuer.claims(aud="rooms")
    assert refused.reason(jwt.encode(claims, p384, "ES384", headers={"kid": "1"})) == "algorithm"
    issuer.keys = [SigningKey("ES384", "9", p384)]
    answer = connect_with(jwt.encode(claims, p384, "ES384", headers={"kid": "9"}))
    assert effect_of(answer) == "Deny"


def test_a_token_that_is_too_long_is_not_even_read(issuer: Issuer, refused: Refusals) -> None:
    assert refused.reason(issuer.mint(aud="rooms", padding="x" * 8192)) == "oversized"
    assert issuer.requests == []


def test_more_or_less_than_one_token_or_one_misplaced(issuer: Issuer, refused: Refusals) -> None:
    token = issuer.mint(aud="rooms")
    assert refused.reason(token, token) == "two_tokens"
    assert refused.reason() == "no_token"
    assert refused.reason("") == "malformed"
    headers = {**CONNECT["headers"], "Authorization": f"Bearer {token}", "token": token}
    assert refused.reason(headers=headers) == "no_token"
    for name in ("Token", "access_token", "token[]"):
        assert refused.reason(multiValueQueryStringParameters={name: [token]}) == "no_token"


ODD_HEADERS: list[object] = [None, [], "x", 1, {"kid": 1}, {"kid": []}]


@pytest.mark.parametrize(
    "token",
    [
        *("..", "a.b.c", "\u00fc.b.c", "\ud800", "null", "0" * 3800, "." * 3800),
        *(f"{encoded(header)}.e30.AAAA" for header in ODD_HEADERS),
        encoded({"alg": "ES256", "crit": ["x"], "x": 1}) + ".e30.AAAA",
        base64.urlsafe_b64encode(b"[" * 2500).decode() + ".e30.AAAA",
        base64.urlsafe_b64encode(b"1" * 2700).decode().rstrip("=") + ".e30.AAAA",
    ],
)
def test_nonsense(issuer: Issuer, refused: Refusals, token: str) -> None:
    assert refused.reason(token) == "malformed"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=5,
)
names = st.sampled_from(["alg", "kid", "typ", "crit", "b64", "exp", "nbf", "iat", "aud", "iss"])
names = names | st.sampled_from(["sub", "jti", "topics", "x"])
objects = st.dictionaries(names, json_values, max_size=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(objects, objects, st.binary(max_size=9))
def test_no_header_and_no_unsigned_claim_raises(
    issuer: Issuer, header: dict[str, Any], claims: dict[str, Any], signature: bytes
) -> None:
    tail = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    assert effect_of(connect_with(f"{encoded(header)}.{encoded(claims)}.{tail}")) == "Deny"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(objects)
def test_no_claim_of_the_issuer_raises(issuer: Issuer, claims: dict[str, Any]) -> None:
    good = issuer.claims(aud="rooms")
    answer = connect_with(signed_as_it_is(issuer.keys[-1], {**good, **claims}))
    if effect_of(answer) == "Allow":
        assert len(json.dumps(answer)) < 8192
        assert all(isinstance(value, str) for value in answer["context"].values())


def test_the_longest_answer_is_one_that_api_gateway_takes(issuer: Issuer) -> None:
    answer = connect_with(issuer.mint(aud="rooms", sub="\u00fc" * 128, topics=['"' * 760]))
    assert effect_of(answer) == "Allow"
    assert len(json.dumps(answer)) < 8192


def test_the_longest_token_fits_into_every_url() -> None:
    of_api_gateway = "a1b2c3d4e5.execute-api.ap-southeast-1.amazonaws.com.cn/" + "s" * 128
    of_the_owner = "d" * 253 + "/"
    for host in (of_api_gateway, of_the_owner):
        assert len(f"wss://{host}?token={'t' * MOST_TOKEN_CHARACTERS}") <= LONGEST_URL


def test_the_longest_claim_fits_into_a_token_that_is_signed_with_the_longest_key() -> None:
    topics = ["team-1/*"] * 2
    topics.append("t" * (MOST_TOPICS_BYTES - len(json.dumps([*topics, ""]))))
    assert len(json.dumps(topics)) == MOST_TOPICS_BYTES
    Grants.from_claims({"topics": topics})
    others = {"iss": "https://login.example.com/", "exp": 1795464586, "aud": "rooms", "sub": ""}
    others["sub"] = "s" * (650 - len(json.dumps(others)))
    key = SigningKey("RS256", "k" * 64, rsa.generate_private_key(65537, 4096))
    assert len(key.sign({**others, "topics": topics})) <= MOST_TOKEN_CHARACTERS
