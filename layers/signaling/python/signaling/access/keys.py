"""Keys that check tokens: an issuer's, or a secret of our own, kept for a while.

Needs PyJWT, which the authorizer's package brings and no other: nothing else may import this.
"""

import json
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import jwt

SECONDS_BETWEEN_LOADS = 30
"""Or strangers, with a new key id each time, would make us ask the issuer all day."""

_HTTP_TIMEOUT_SECONDS = 2
_MOST_DOCUMENT_BYTES = 256 * 1024
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

_KINDS = {"RS256": ("RSA", None), "ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519")}
"""The type and curve of the only keys that an algorithm is taken from."""


class KeysError(Exception):
    """The keys cannot be had, or are not fit for it; the message is for the owner's log."""


class Key(NamedTuple):
    """What checks signatures, and the only algorithm that it does so with."""

    id: str | None
    key: jwt.PyJWK | bytes
    algorithm: str


class KeyCache:
    """Keys that are loaded when first needed, and again when they are old or one is missing."""

    def __init__(
        self,
        load: Callable[[], list[Key]],
        lifetime: float,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Use what `load` returns for `lifetime`, in seconds of `clock`.

        The clock is the wall's: the monotonic one need not go on while a Lambda is frozen.
        """
        self._load = load
        self._lifetime = lifetime
        self._clock = clock or time.time
        self._keys: list[Key] = []
        self._loaded = self._tried = float("-inf")
        self._lock = threading.Lock()

    def find(self, key_id: str | None) -> Key | None:
        """Return the one key that a token can mean, at most one load away.

        A key without an id may be meant by any token, a token without one means the only key.

        Raises:
            KeysError: the keys could not be loaded.
        """
        with self._lock:
            now = self._clock()
            is_old = now - self._loaded >= self._lifetime
            found = None if is_old else _one_of(self._keys, key_id)
            if found is None and now - self._tried >= SECONDS_BETWEEN_LOADS:
                self._tried = now
                self._keys = self._load()
                self._loaded, is_old = now, False
                found = _one_of(self._keys, key_id)
        if is_old:
            raise KeysError("the keys could not be loaded a moment ago")
        return found


def secret_key(client: Any, arn: str) -> list[Key]:
    """Return the secret in Secrets Manager at `arn`, all of it, as a key for HS256."""
    try:
        secret = client.get_secret_value(SecretId=arn)
    except Exception as error:  # botocore's exceptions, without importing it for their names
        raise KeysError(f"Secrets Manager: {error}") from None
    text: str | None = secret.get("SecretString")
    return [Key(None, secret["SecretBinary"] if text is None else text.encode(), "HS256")]


def issuer_keys(issuer: str, jwks_url: str | None) -> list[Key]:
    """Return the keys at `jwks_url`, or where OpenID discovery finds those of `issuer`.

    https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
    """
    if jwks_url is None:
        about = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        configuration = _fetch(about)
        if configuration.get("issuer") != issuer:
            raise KeysError(f"{about} is of another issuer")
        jwks_url = str(configuration.get("jwks_uri"))
    entries = _fetch(jwks_url).get("keys")
    found = [_key_of(entry) for entry in entries] if isinstance(entries, list) else []
    usable = [key for key in found if key is not None]
    if not usable:
        raise KeysError(f"{jwks_url} has no key for RS256, ES256 or EdDSA")
    return usable


def _fetch(url: str) -> dict[str, Any]:
    """Return the JSON object at `url`, which must be https but on loopback.

    Redirects are not followed: one could lead anywhere, and neither document needs any.
    """
    connection: HTTPConnection | None = None
    try:
        connection, path = _connection(url)
        connection.request("GET", path, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        body = answer.read(_MOST_DOCUMENT_BYTES + 1)
        if answer.status != 200 or len(body) > _MOST_DOCUMENT_BYTES:
            raise KeysError(f"{url} answered {answer.status} with {len(body)} bytes")
        document = json.loads(body)
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        raise KeysError(f"{url}: {type(error).__name__}: {error}") from None
    finally:
        if connection is not None:
            connection.close()
    if not isinstance(document, dict):
        raise KeysError(f"{url} is no JSON object")
    return document


def _connection(url: str) -> tuple[HTTPConnection, str]:
    parts = urlsplit(url)
    host, path = parts.hostname or "", parts.path or "/"
    if parts.query:
        path = f"{path}?{parts.query}"
    if parts.scheme == "https" and host:
        return HTTPSConnection(host, parts.port, timeout=_HTTP_TIMEOUT_SECONDS), path
    if parts.scheme == "http" and host in _LOOPBACK:
        return HTTPConnection(host, parts.port, timeout=_HTTP_TIMEOUT_SECONDS), path
    raise KeysError(f"{url} is not https")


def _key_of(entry: Any) -> Key | None:
    """Return the key in an entry of a JSON Web Key Set, if it is one to check signatures with."""
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


def _one_of(keys: list[Key], key_id: str | None) -> Key | None:
    named = [key for key in keys if key.id == key_id]
    possible = named or [key for key in keys if key_id is None or key.id is None]
    return possible[0] if len(possible) == 1 else None
