"""Authorizer of $connect: lets in who brings one valid token, a signed JWT, as `?token=`.

The kind of key decides the algorithm that a token must have, never the token itself:
https://www.rfc-editor.org/rfc/rfc8725#section-3.1
"""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import jwt

from signaling.events import Event, LambdaContext, RawEvent
from signaling.grants import Grants
from signaling.keys import Keys, KeysError, issuer_keys, secret_key
from signaling.telemetry import InvocationLog

_MOST_TOKEN_CHARACTERS = 8192
_MOST_SUBJECT_CHARACTERS = 128
_LEEWAY_SECONDS = 30  # between the issuer's clock and ours

_SECONDS_OF_ISSUER_KEYS = 60 * 60
_SECONDS_OF_SECRET = 60  # so long is a rotated secret still the old one

_REASONS = {
    jwt.ExpiredSignatureError: "expired",
    jwt.ImmatureSignatureError: "not_yet_valid",
    jwt.InvalidAudienceError: "audience",
    jwt.InvalidIssuerError: "issuer",
    jwt.InvalidAlgorithmError: "algorithm",
    jwt.InvalidSignatureError: "signature",
}


class RefusedError(Exception):
    """A token does not let its bearer in; the message is a word for the log."""


class Rules(NamedTuple):
    """Whose tokens are good; what is None is not asked for."""

    issuer: str | None
    jwks_url: str | None
    audience: str | None
    secret_arn: str | None

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Rules":
        """Read the rules from `environ`, where an empty value is the same as none.

        Raises:
            ValueError: no key is named, so that every token or none would be good.
        """
        names = ("JWT_ISSUER", "JWKS_URL", "JWT_AUDIENCE", "JWT_SECRET_ARN")
        rules = cls(*(environ.get(name) or None for name in names))
        if not (rules.issuer or rules.secret_arn):
            raise ValueError("JWT_ISSUER or JWT_SECRET_ARN must be set")
        return rules


def lambda_handler(event: RawEvent, context: LambdaContext) -> dict[str, Any]:
    """Return the policy that API Gateway acts on: Allow with the grants, or Deny, a 403."""
    connect = Event(event)
    with InvocationLog(connect) as log:
        log.add(type="authorize")
        try:
            claims = claims_of(connect.query_values("token"), rules(), keys())
            grants = _grants(claims)
        except RefusedError as refusal:
            log.add(level="WARNING", refused=str(refusal))
            return _policy("Deny", connect.method_arn)
        except KeysError as error:
            log.add(level="ERROR", refused="keys", error=str(error))
            return _policy("Deny", connect.method_arn)
        return {
            **_policy("Allow", connect.method_arn, claims.get("sub")),
            "context": grants.to_context(),
        }


def claims_of(tokens: list[str], rules: Rules, keys: Keys) -> dict[str, Any]:
    """Return the claims of the one token, once everything about it has been checked.

    Raises:
        RefusedError: it is not good.
        KeysError: nobody can tell whether it is.
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
        raise RefusedError(_REASONS.get(type(error), "malformed")) from None
    except jwt.InvalidKeyError as error:
        raise KeysError(str(error)) from None


@cache
def rules() -> Rules:
    """Return the rules of this process."""
    return Rules.from_env(os.environ)


@cache
def keys() -> Keys:
    """Return the keys of this process: the secret where there is one, else the issuer's."""
    issuer, jwks_url, _, secret_arn = rules()
    if secret_arn is None:
        return Keys(lambda: issuer_keys(issuer or "", jwks_url), _SECONDS_OF_ISSUER_KEYS)
    import boto3  # here, because issuers' keys need no AWS client
    from botocore.config import Config

    timeouts = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard"})
    # A session of its own: the default one is not safe in the local server's threads.
    client = boto3.Session().client("secretsmanager", config=timeouts)
    return Keys(lambda: secret_key(client, secret_arn), _SECONDS_OF_SECRET)


def _one_token(tokens: list[str]) -> str:
    if len(tokens) != 1:
        raise RefusedError("two_tokens" if tokens else "no_token")
    (token,) = tokens
    if len(token) > _MOST_TOKEN_CHARACTERS:
        raise RefusedError("oversized")
    if not token.isascii():
        raise RefusedError("malformed")
    return token


def _grants(claims: dict[str, Any]) -> Grants:
    try:
        return Grants.from_claims(claims)
    except ValueError:
        raise RefusedError("topics") from None


def _policy(effect: str, method_arn: str, subject: str | None = None) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": method_arn}
    return {
        "principalId": (subject or "anonymous")[:_MOST_SUBJECT_CHARACTERS],
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
