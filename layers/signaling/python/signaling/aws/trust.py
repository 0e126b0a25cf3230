"""Whose certificates are believed: for AWS, those of Amazon's own authorities.

For other servers, or if these do not vouch for AWS, all authorities that are known here. To read
them takes 20 to 30 ms of a cold start, to read Amazon's five 3 ms.
"""

import json
import os
import ssl
import sys
from functools import cache

BUNDLE = f"{__file__.rpartition('/')[0]}/amazon.pem"  # pathlib is slow to import
"""Amazon's root certificates: `sam build` makes it, see layers/signaling/amazon_roots.py."""


class Trust:
    """The authorities that are believed about one server."""

    def __init__(self, server: bytes) -> None:
        """Begin with Amazon's, if `server` is a host of AWS in its partition for the world.

        The other partitions promise nothing, or have roots of their own, as the European Sovereign
        Cloud does: https://www.amazontrust.com/repository/
        """
        self._server = server
        self._is_amazons = server.endswith(b".amazonaws.com") and b".us-gov-" not in server

    def context(self) -> ssl.SSLContext:
        """Return the TLS context to connect with."""
        return (self._is_amazons and _amazons_authorities()) or _all_authorities()

    def is_wider_than(self, refused: ssl.SSLContext, error: ssl.SSLCertVerificationError) -> bool:
        """Tell whether more is believed than by the context that `refused` a certificate.

        If that was Amazon's authorities, all are believed from now on, and the log says so. Of
        connections that are refused at the same moment each is told the same, because what counts
        is its own context; two threads may each log the line, which does no harm.
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
    except OSError:  # nothing was built here, or not well, which is an SSLError
        return None


@cache
def _all_authorities() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE"))
