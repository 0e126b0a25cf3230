"""Certificate authorities for servers of the tests."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from signaling.aws import trust


@contextmanager
def unread_authorities() -> Iterator[None]:
    """Have the lean client read its authorities anew within the block, and after it."""
    caches = (trust._amazons_authorities, trust._all_authorities)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


class Authority(trustme.CA):
    """A certificate authority that one test trusts."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        super().__init__(organization_unit_name=name)
        folder.mkdir(exist_ok=True)
        self.bundle = folder / "bundle.pem"
        self.bundle.write_bytes(self.cert_pem.bytes())
        self.chain = b""
        """What its servers send after their own certificate, in PEM."""

    def server_context(self, name: str) -> ssl.SSLContext:
        """Return the context of a server that can prove to be `name`, for a day and a half."""
        certificate = self.issue_cert(name, not_after=datetime.now(UTC) + timedelta(days=1.5))
        pem = certificate.private_key_and_cert_chain_pem.bytes() + self.chain
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with trustme.Blob(pem).tempfile() as file:
            context.load_cert_chain(file)
        return context

    def cross_signed(self, other: "Authority") -> bytes:
        """Return the certificate of `other`'s name and key that this authority signs."""
        mine, theirs = (
            x509.load_pem_x509_certificate(each.cert_pem.bytes()) for each in (self, other)
        )
        builder = (
            x509.CertificateBuilder(mine.subject, theirs.subject, theirs.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(theirs.not_valid_before_utc)
            .not_valid_after(theirs.not_valid_after_utc)
        )
        for each in theirs.extensions:
            builder = builder.add_extension(each.value, each.critical)
        key = load_pem_private_key(self.private_key_pem.bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
