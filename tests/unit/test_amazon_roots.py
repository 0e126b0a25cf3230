"""Which certificates `sam build` puts into the layer as those of Amazon's own authorities."""

import hashlib
import os
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local import ROOT
from tests.support.authority import Authority
from tests.support.commands import Done, run

LAYER = ROOT / "layers" / "signaling"

PUBLISHED_KEYS = {
    "Amazon Root CA 1": "fbe3018031f9586bcbf41727e417b7d1c45c2f47f93be372a17b96b50757d5a2",
    "Amazon Root CA 2": "7f4296fc5b6a4e3b35d3c369623e364ab1af381d8fa7121533c9d6c633ea2461",
    "Amazon Root CA 3": "36abc32656acfc645c61b71613c4bf21c787f5cabbee48348d58597803d7abc9",
    "Amazon Root CA 4": "f7ecded5c66047d28ed6466b543c40e0743abe81d109254dcf845d4c2c7853c5",
    "Starfield Services Root Certificate Authority - G2": (
        "2b071c59a0a0ae76b0eadb2bad23bad4580b69c3601b630c2eaf0613afa83f92"
    ),
}
"""SHA-256 of each public key, as https://www.amazontrust.com/repository/ publishes them."""


def printed(store: Path | None = None, *flags: str) -> Done:
    """Run the script, on a machine that trusts `store` alone if one is given."""
    only = {"SSL_CERT_FILE": str(store), "SSL_CERT_DIR": "/nonexistent"} if store else {}
    return run(sys.executable, *flags, LAYER / "amazon_roots.py", env={**os.environ, **only})


WITHOUT_PIP = "-I", "-S"


def keys(pem: str) -> dict[str, str]:
    """Return the hash of the public key of each certificate by its name."""
    found = {}
    for each in x509.load_pem_x509_certificates(pem.encode()):
        key = each.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        (name,) = each.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        found[str(name.value)] = hashlib.sha256(key).hexdigest()
    return found


@pytest.fixture(scope="module")
def roots() -> str:
    done = printed()
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # Starfield's is 0
def test_the_five_roots_have_the_keys_that_amazon_publishes(roots: str) -> None:
    assert keys(roots) == PUBLISHED_KEYS


def test_pip_brings_them_where_the_machine_trusts_nobody(tmp_path: Path, roots: str) -> None:
    nobody = tmp_path / "nobody.pem"
    nobody.write_text("")
    assert printed(nobody).stdout == roots


def test_a_certificate_that_only_has_the_name_is_not_taken(tmp_path: Path, roots: str) -> None:
    forged = Authority(tmp_path, name="Amazon Root CA 1").bundle.read_text()
    store = tmp_path / "store.pem"
    store.write_text(forged + roots[roots.index("# Amazon Root CA 2") :])
    done = printed(store, *WITHOUT_PIP)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "not among the certificates of this machine: Amazon Root CA 1\n"
    store.write_text(forged + roots)
    assert printed(store, *WITHOUT_PIP).stdout == roots


def test_the_layer_is_built_without_what_this_machine_cannot_make(tmp_path: Path) -> None:
    variables = [f"ARTIFACTS_DIR={tmp_path}", "PYTHON=/nonexistent", "ANY_PYTHON=false"]
    done = run("make", "-C", LAYER, "build-SignalingLayer", *variables)
    assert done.returncode == 0
    built = tmp_path / "python" / "signaling"
    sources = {each.name for each in (LAYER / "python" / "signaling").iterdir()}
    assert {each.name for each in built.iterdir()} == sources - {"__pycache__"}
    assert not [*built.rglob("*.pem*"), *built.rglob("*.pyc")]
    assert "a cold start takes 25 milliseconds longer" in done.stdout
