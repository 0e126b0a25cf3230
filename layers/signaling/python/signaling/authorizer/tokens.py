"""Which tokens are valid: rules, and the checks of a signed JWT.

The kind of key decides the algorithm that a token must have, never the token itself:
https://www.rfc-editor.org/rfc/rfc8725#section-3.1

Needs PyJWT, which only the authorizer's package contains: nothing else may import this.
"""

import os
import threading
from collections.abc import Mapping
from functools import cache

import jwt

from signaling.access.grants import Grants
from signaling.authorizer.key_cache import KeyCache
from signaling.authorizer.keys import KeysError, issuer_keys, secret_key
from signaling.typed import Any, NamedTuple

MOST_TOKEN_CHARACTERS = 3800
"""API Gateway accepts URLs of 4,096 characters. The rest is for the part before the token: `wss://`,
a domain of at most 253, `/` and `?token=` are 267; API Gateway's own domain with a stage's name of
128 is shorter."""

_LEEWAY_SECONDS = 30  # between the clocks of the issuer and of Lambda

_SECONDS_OF_ISSUER_KEYS = 60 * 60
_SECONDS_OF_SECRET = 60  # after which a changed secret takes effect

REASONS = {
    jwt.ExpiredSignatureError: "expired",
    jwt.ImmatureSignatureError: "not_yet_valid",
    jwt.InvalidAudienceError: "audience",
    jwt.InvalidIssuerError: "issuer",
    jwt.InvalidAlgorithmError: "algorithm",
    jwt.InvalidSignatureError: "signature",
}


class RefusedError(Exception):
    """A token is not accepted; the message is a word for the log."""


class Rules(NamedTuple):
    """Which tokens are valid; a claim whose rule is None is not required."""

    issuer: str | None
    jwks_url: str | None
    audience: str | None
    secret_arn: str | None

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Rules":
        """Read the rules from `environ`, where an empty value counts as unset.

        Raises:
            ValueError: no key is named, so that every token or none would be valid.
        """
        names = ("JWT_ISSUER", "JWKS_URL", "JWT_AUDIENCE", "JWT_SECRET_ARN")
        rules = cls(*(environ.get(name) or None for name in names))
        if not (rules.issuer or rules.secret_arn):
            raise ValueError("JWT_ISSUER or JWT_SECRET_ARN must be set")
        return rules


def claims_of(tokens: list[str], rules: Rules, keys: KeyCache) -> dict[str, Any]:
    """Return the claims of the single token, once all checks have passed.

    Raises:
        RefusedError: the token is not valid.
        KeysError: it cannot be told whether it is valid.
    """
    token = _one_token(tokens)
    try:
        key = keys.find(jwt.get_unverified_header(token).get("kid"))
        if key is None:
            raise RefusedError("key")
        return jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm],
            audience=rules.audience,
            issuer=rules.issuer,
            leeway=_LEEWAY_SECONDS,
            options={
                "require": ["exp"],
                "verify_aud": rules.audience is not None,
                "enforce_minimum_key_length": True,
            },
        )
    except jwt.MissingRequiredClaimError as error:
        raise RefusedError(f"no_{error.claim}") from None
    except jwt.InvalidTokenError as error:
        raise RefusedError(REASONS.get(type(error), "malformed")) from None
    except jwt.InvalidKeyError as error:
        raise KeysError(str(error)) from None


def grants_of(claims: dict[str, Any]) -> Grants:
    """Return the topics that `claims` grant.

    Raises:
        RefusedError: the claim cannot be read.
    """
    try:
        return Grants.from_claims(claims)
    except ValueError:
        raise RefusedError("topics") from None


def reset() -> None:
    """Forget rules and keys, so that the next token is checked by the environment then."""
    rules.cache_clear()
    _new_key_cache.cache_clear()


@cache
def rules() -> Rules:
    """Return the rules of this process."""
    return Rules.from_env(os.environ)


def key_cache() -> KeyCache:
    """Return the keys of this process: the secret if there is one, else the issuer's."""
    with _one_key_cache:  # otherwise the first threads would each create one and load keys
        return _new_key_cache()


_one_key_cache = threading.Lock()


@cache
def _new_key_cache() -> KeyCache:
    issuer, jwks_url, _, secret_arn = rules()
    if secret_arn is None:
        return KeyCache(lambda: issuer_keys(issuer or "", jwks_url), _SECONDS_OF_ISSUER_KEYS)
    import boto3  # here, because issuers' keys need no AWS client
    from botocore.config import Config

    timeouts = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard"})
    # A separate session: the default one is not safe in the local server's threads.
    region = secret_arn.split(":")[3]  # the secret's Region, which may differ from the stack's
    client = boto3.Session(region_name=region).client("secretsmanager", config=timeouts)
    return KeyCache(lambda: secret_key(client, secret_arn), _SECONDS_OF_SECRET)


def _one_token(tokens: list[str]) -> str:
    if len(tokens) != 1:
        raise RefusedError("two_tokens" if tokens else "no_token")
    (token,) = tokens
    if len(token) > MOST_TOKEN_CHARACTERS:
        raise RefusedError("oversized")
    if not token.isascii():
        raise RefusedError("malformed")
    return token
