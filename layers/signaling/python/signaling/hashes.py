"""SHA-256, and HMAC with it, without OpenSSL's hashes, which take a twenty-fifth of a cold start.

hashlib imports OpenSSL's and asks for one after the other whether it may be used, though it has
Python's own. The standard library's `random` imports those in the same way and for the same reason.
They are slower, 1 microsecond for 300 bytes, which counts only for the bodies of large fan-outs:
see `signaling.aws.sigv4`.
"""

from signaling.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import sha256 as sha256
else:
    try:
        from _sha2 import sha256
    except ImportError:  # it has this name since Python 3.12
        from hashlib import sha256

_BLOCK_BYTES = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """Return the HMAC of `message`: https://www.rfc-editor.org/rfc/rfc2104#section-2."""
    if len(key) > _BLOCK_BYTES:
        key = sha256(key).digest()
    block = key.ljust(_BLOCK_BYTES, b"\0")
    inner = sha256(block.translate(_INNER) + message).digest()
    return sha256(block.translate(_OUTER) + inner).digest()
