"""AWS Signature Version 4 for requests without a query string. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from collections.abc import Mapping
from functools import lru_cache

from signaling.hashes import hmac_sha256, sha256
from signaling.typed import NamedTuple

_ALGORITHM = "AWS4-HMAC-SHA256"
_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_QUOTED = [chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in range(256)]


class Credentials(NamedTuple):
    """An access key, with the session token of a role."""

    access_key: str
    secret_key: str
    session_token: str | None = None


class Scope(NamedTuple):
    """Where a signature is valid."""

    region: str
    service: str


def quote(segment: str) -> str:
    """Percent-encode one segment of a path, as AWS does."""
    return "".join(map(_QUOTED.__getitem__, segment.encode()))


def sign(
    credentials: Credentials,
    scope: Scope,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
) -> str:
    """Return the `authorization` header of a request.

    `path` is as it is sent; it is encoded once more here, as every service except S3 requires.
    All `headers` are signed, with lower-case names; they must include `host` and `x-amz-date`, and
    `x-amz-security-token` if the credentials have one.
    """
    timestamp = headers["x-amz-date"]
    names = sorted(headers)
    signed = ";".join(names)
    canonical_path = "/".join(map(quote, path.split("/")))
    canonical_headers = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in names)
    canonical = f"{method}\n{canonical_path}\n\n{canonical_headers}\n{signed}\n{_hash_of(body)}"
    date = timestamp[:8]
    place = f"{date}/{scope.region}/{scope.service}/aws4_request"
    canonical_hash = sha256(canonical.encode()).hexdigest()
    text = f"{_ALGORITHM}\n{timestamp}\n{place}\n{canonical_hash}"
    key = _signing_key(credentials.secret_key, date, scope)
    signature = hmac_sha256(key, text.encode()).hex()
    credential = f"{credentials.access_key}/{place}"
    return f"{_ALGORITHM} Credential={credential}, SignedHeaders={signed}, Signature={signature}"


@lru_cache(maxsize=1)  # all posts of a fan-out have the same body
def _hash_of(body: bytes) -> str:
    return sha256(body).hexdigest()


@lru_cache(maxsize=4)
def _signing_key(secret_key: str, date: str, scope: Scope) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (date, scope.region, scope.service, "aws4_request"):
        key = hmac_sha256(key, part.encode())
    return key
