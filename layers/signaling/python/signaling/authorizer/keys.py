"""Keys that check tokens: an issuer's, or the owner's secret.

Needs PyJWT, which only the authorizer's package contains: nothing else may import this.
"""

import time

import jwt

from signaling.authorizer.https_json import DocumentError, NoDocumentError, fetch
from signaling.typed import Any, NamedTuple

SECONDS_TO_LOAD = 3.0
"""The time that a load may take; for an issuer, discovery and the keys together."""

_KINDS = {"RS256": ("RSA", None), "ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519")}
"""The type and curve of the keys that each algorithm accepts."""


class KeysError(Exception):
    """The keys cannot be loaded, or are unsuitable; the message is for the owner's log."""


class KeysWithdrawnError(KeysError):
    """The source answered that there are no keys: earlier keys are void."""


class Key(NamedTuple):
    """A key that checks signatures, with its only algorithm."""

    id: str | None
    key: jwt.PyJWK | bytes
    algorithm: str


def secret_key(client: Any, arn: str) -> list[Key]:
    """Return the whole secret in Secrets Manager at `arn` as a key for HS256.

    Raises:
        KeysWithdrawnError: Secrets Manager refuses: no such secret, or no permission.
        KeysError: it does not answer, or fails.
    """
    try:
        secret = client.get_secret_value(SecretId=arn)
    except Exception as error:  # botocore's exceptions, without importing it for their names
        kind = KeysWithdrawnError if _is_refusal(error) else KeysError
        raise kind(f"Secrets Manager: {error}") from None
    text: str | None = secret.get("SecretString")
    return [Key(None, secret["SecretBinary"] if text is None else text.encode(), "HS256")]


def issuer_keys(issuer: str, jwks_url: str | None, seconds: float = SECONDS_TO_LOAD) -> list[Key]:
    """Return the keys at `jwks_url`, or where OpenID discovery finds those of `issuer`.

    https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig

    Raises:
        KeysWithdrawnError: the issuer answers that it has no keys.
        KeysError: it gives no answer within `seconds`, or an unreadable one.
    """
    deadline = time.monotonic() + seconds
    try:
        if jwks_url is None:
            about = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
            configuration = fetch(about, deadline)
            if configuration.get("issuer") != issuer:
                raise KeysError(f"{about} is of another issuer")
            jwks_url = str(configuration.get("jwks_uri"))
        entries = fetch(jwks_url, deadline).get("keys")
    except NoDocumentError as error:
        raise KeysWithdrawnError(str(error)) from None
    except DocumentError as error:
        raise KeysError(str(error)) from None
    if not isinstance(entries, list):
        raise KeysError(f"{jwks_url} is no set of keys")
    usable = [key for key in map(_key_of, entries) if key is not None]
    if not usable:
        raise KeysWithdrawnError(f"{jwks_url} has no key for RS256, ES256 or EdDSA")
    return usable


def _is_refusal(error: Exception) -> bool:
    """Tell whether Secrets Manager refused the request, rather than failed."""
    response = getattr(error, "response", None)
    if response is None:
        return False
    is_throttled = "Throttl" in response["Error"].get("Code", "")
    return not is_throttled and 400 <= response["ResponseMetadata"]["HTTPStatusCode"] < 500


def _key_of(entry: Any) -> Key | None:
    """Return the key in an entry of a JSON Web Key Set, if it can check signatures."""
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    key_type, curve, key_id = entry.get("kty"), entry.get("crv"), entry.get("kid")
    algorithm = next((name for name, kind in _KINDS.items() if kind == (key_type, curve)), None)
    if algorithm is None or entry.get("alg", algorithm) != algorithm:
        return None
    try:
        key = jwt.PyJWK(entry, algorithm)
    except jwt.PyJWTError:
        return None
    return Key(key_id if isinstance(key_id, str) else None, key, algorithm)
