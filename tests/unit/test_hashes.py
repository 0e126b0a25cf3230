"""Python's own SHA-256, and the HMAC made of it, give what hashlib and hmac give."""

import hashlib
import hmac
import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local import LAYER
from rig.lambda_functions import find_runtime
from signaling.hashes import hmac_sha256, sha256

LENGTHS = (0, 1, 55, 56, 63, 64, 65, 127, 128, 1000)

IN_LAMBDAS_PYTHON = """
import json, sys

from signaling.hashes import hmac_sha256, sha256

is_lean = not {"hashlib", "_hashlib"} & sys.modules.keys()
texts = [b"x" * length for length in json.loads(sys.argv[1])]
hashes = [sha256(text).hexdigest() for text in texts]
print(json.dumps([is_lean, hashes, [hmac_sha256(text, text).hex() for text in texts]]))
"""


@given(key=st.binary(max_size=200), message=st.binary(max_size=200))
def test_any_key_and_message(key: bytes, message: bytes) -> None:
    assert sha256(message).digest() == hashlib.sha256(message).digest()
    assert hmac_sha256(key, message) == hmac.digest(key, message, "sha256")


def test_the_runtime_uses_its_own_hashes_and_they_are_right() -> None:
    runtime = find_runtime()
    if not runtime.is_lambdas:
        pytest.skip("this machine does not have the Python that Lambda runs")
    done = subprocess.run(
        [runtime.python, "-S", "-B", "-c", IN_LAMBDAS_PYTHON, json.dumps(LENGTHS)],
        env={"PYTHONPATH": LAYER},
        capture_output=True,
        text=True,
        check=True,
    )
    is_lean, hashes, macs = json.loads(done.stdout)
    texts = [b"x" * length for length in LENGTHS]
    assert is_lean
    assert hashes == [hashlib.sha256(text).hexdigest() for text in texts]
    assert macs == [hmac.new(text, text, "sha256").hexdigest() for text in texts]
