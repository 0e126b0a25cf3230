"""Print the certificates of Amazon's own authorities as PEM; `sam build` puts them into the layer.

All five are printed, as Amazon recommends for custom trust stores, or none:
https://www.amazontrust.com/repository/

They are searched among the certificates that this machine trusts and in certifi, which pip
includes. The place where one was found does not matter, because only its fingerprint identifies it.
"""

import hashlib
import ssl
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module

FINGERPRINTS = {
    "Amazon Root CA 1": "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    "Amazon Root CA 2": "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
    "Amazon Root CA 3": "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    "Amazon Root CA 4": "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
    "Starfield Services Root Certificate Authority - G2": (
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5"
    ),
}
"""SHA-256 of each certificate; tests compare their keys with those that Amazon publishes."""


def trusted_here() -> Iterator[bytes]:
    """Yield the certificates, in DER, that Python, certifi and pip trust on this machine."""
    yield from ssl.create_default_context().get_ca_certs(binary_form=True)
    for name in ("certifi", "pip._vendor.certifi"):
        with suppress(ImportError, OSError):
            context = ssl.create_default_context(cafile=import_module(name).where())
            yield from context.get_ca_certs(binary_form=True)


def main() -> int:
    """Print them, or say on stderr which are missing and return 1."""
    found = {hashlib.sha256(each).hexdigest(): each for each in trusted_here()}
    missing = [name for name, fingerprint in FINGERPRINTS.items() if fingerprint not in found]
    if missing:
        print(f"not among the certificates of this machine: {', '.join(missing)}", file=sys.stderr)
        return 1
    for name, fingerprint in FINGERPRINTS.items():
        print(f"# {name}\n{ssl.DER_cert_to_PEM_cert(found[fingerprint])}", end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
