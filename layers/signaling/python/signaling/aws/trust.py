"""Trusted certificate authorities: for AWS, Amazon's own.

For other servers, or if Amazon's do not verify AWS, all authorities that are known here. Reading
all takes 20 to 30 ms of a cold start, reading Amazon's five 3 ms.
"""

import json
import os
import ssl
import sys
from functools import cache

BUNDLE = f"{__file__.rpartition('/')[0]}/amazon.pem"  # pathlib is slow to import
"""Amazon's root certificates, from `sam build`: see layers/signaling/amazon_roots.py."""


class Trust:
    """The authorities that are trusted for one server."""

    def __init__(self, server: bytes) -> None:
        """Begin with Amazon's, if `server` is a host of AWS in its main partition `aws`.

        The other partitions promise nothing, or have their own roots, as the European Sovereign
        Cloud does: https://www.amazontrust.com/repository/
        """
        self._server = server
        self._is_amazons = server.endswith(b".amazonaws.com") and b".us-gov-" not in server

    def context(self) -> ssl.SSLContext:
        """Return the TLS context to connect with."""
        return (self._is_amazons and _amazons_authorities()) or _all_authorities()

    def is_wider_than(self, refused: ssl.SSLContext, error: ssl.SSLCertVerificationError) -> bool:
        """Tell whether more is trusted than in the context that `refused` a certificate.

        If that context had only Amazon's authorities, all are trusted from now on, and the log says
        so. Connections that are refused at the same moment all get the same answer, because each
        is judged by its own context; two threads may each log the line, which does no harm.
        """
        if refused is _all_authorities():
            return False
        if self._is_amazons:
            self._is_amazons = False
            fields = {"host": self._server.decode(), "reason": error.verify_message}
            fields |= {"level": "WARNING", "error": "CertificateRefused"}
            sys.stdout.write(json.dumps(fields) + "\n")
        return True


@cache
def _amazons_authorities() -> ssl.SSLContext | None:
    if os.environ.get("AWS_CA_BUNDLE"):
        return None
    try:
        return ssl.create_default_context(cafile=BUNDLE)
    except OSError:  # no file was built here, or a bad one, which is an SSLError
        return None


@cache
def _all_authorities() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE"))
