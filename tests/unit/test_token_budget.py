"""What fits into a URL of API Gateway: the longest token, and the longest claim in it."""

import json

from cryptography.hazmat.primitives.asymmetric import rsa

from rig.issuer import SigningKey
from signaling.access.grants import MOST_TOPICS_BYTES, Grants
from signaling.authorizer.tokens import MOST_TOKEN_CHARACTERS
from signaling.event import LONGEST_URL

HOSTS = {
    "API Gateway's own": "a1b2c3d4e5.execute-api.ap-southeast-1.amazonaws.com.cn/" + "s" * 128,
    "a domain of the owner's": "d" * 253 + "/",
}


def test_the_longest_token_fits_into_every_url() -> None:
    for name, host in HOSTS.items():
        url = f"wss://{host}?token={'t' * MOST_TOKEN_CHARACTERS}"
        assert len(url) <= LONGEST_URL, name


def test_the_longest_claim_fits_into_a_token_that_is_signed_with_the_longest_key() -> None:
    topics = ["team-1/*"] * 2
    topics.append("t" * (MOST_TOPICS_BYTES - len(json.dumps([*topics, ""]))))
    assert len(json.dumps(topics)) == MOST_TOPICS_BYTES
    Grants.from_claims({"topics": topics})
    others = {"iss": "https://login.example.com/", "exp": 1795464586, "aud": "rooms", "sub": ""}
    others["sub"] = "s" * (650 - len(json.dumps(others)))
    key = SigningKey("RS256", "k" * 64, rsa.generate_private_key(65537, 4096))
    assert len(key.sign({**others, "topics": topics})) <= MOST_TOKEN_CHARACTERS
