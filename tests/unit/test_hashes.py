"""Python's own SHA-256, and the HMAC made of it, give what hashlib and hmac give."""

import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from signaling.hashes import hmac_sha256, sha256


@given(key=st.binary(max_size=200), message=st.binary(max_size=200))
def test_hashes_and_macs_are_those_of_the_standard_library(key: bytes, message: bytes) -> None:
    assert sha256(message).digest() == hashlib.sha256(message).digest()
    assert hmac_sha256(key, message) == hmac.digest(key, message, "sha256")
