"""A small OpenID issuer on loopback: discovery, keys and tokens."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

DISCOVERY = "/.well-known/openid-configuration"
JWKS = "/keys"

SECONDS_OF_TROUBLE = 20.0
"""How long what is in the way of an answer lasts, unless the issuer is stopped."""

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class SigningKey:
    """A private key with its id and its public half as a JSON Web Key."""

    def __init__(self, algorithm: str, key_id: str, private: PrivateKey | None = None) -> None:
        """Use `private`, or make a key for `algorithm`."""
        self.algorithm = algorithm
        self.id = key_id
        self.private = private or _new_key(algorithm)
        self.jwk: dict[str, Any] = {**_jwk(self.private), "kid": key_id, "use": "sig"}

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:
        """Return a token with `claims`."""
        return jwt.encode(
            dict(claims), self.private, self.algorithm, headers={"kid": self.id, **header}
        )


class Issuer:
    """The issuer; `keys` are those that it publishes, the last one signs."""

    def __init__(self, algorithm: str = "ES256") -> None:
        """Start with one key for `algorithm`: RS256, ES256 or EdDSA."""
        self.keys = [SigningKey(algorithm, "1")]
        self.requests: list[str] = []
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        """Status, headers and body by path, instead of what an issuer should answer."""
        self.trouble: Callable[[BufferedIOBase], None] | None = None
        """Writes to the client whatever it likes, in place of any answer."""
        self.delay = 0.0
        """Seconds before each answer."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        """Serve until `stop`."""
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()

    def rotate(self) -> None:
        """Publish a new key alone, and sign with it."""
        algorithm, number = self.keys[-1].algorithm, int(self.keys[-1].id) + 1
        self.keys = [SigningKey(algorithm, f"{number}")]

    def claims(self, **claims: Any) -> dict[str, Any]:
        """Return the claims of a good token for five minutes, changed by `claims`; None removes."""
        now = int(time.time())
        all_claims = {"iss": self.url, "sub": "ada", "iat": now, "exp": now + 300, **claims}
        return {name: value for name, value in all_claims.items() if value is not None}

    def mint(self, **claims: Any) -> str:
        """Return a token with `self.claims(**claims)`."""
        return self.keys[-1].sign(self.claims(**claims))

    def _document(self, path: str) -> tuple[int, dict[str, str], bytes]:
        self.requests.append(path)
        documents: dict[str, Any] = {
            DISCOVERY: {"issuer": self.url, "jwks_uri": f"{self.url}{JWKS}"},
            JWKS: {"keys": [key.jwk for key in self.keys]},
        }
        if path in self.answers:
            return self.answers[path]
        if path in documents:
            return 200, {"Content-Type": "application/json"}, json.dumps(documents[path]).encode()
        return 404, {}, b""

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if issuer.trouble:
                    issuer.requests.append(self.path)
                    self.close_connection = True
                    with suppress(OSError):  # the client has had enough
                        issuer.trouble(self.wfile)
                    return
                time.sleep(issuer.delay)
                status, headers, body = issuer._document(self.path)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": f"{len(body)}"}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        return Handler


def hang(client: BufferedIOBase) -> None:
    """Say nothing."""
    time.sleep(SECONDS_OF_TROUBLE)


def drip_head(client: BufferedIOBase) -> None:
    """Send a head that never ends, byte by byte."""
    _drip(client, b"HTTP/1.1 200 OK\r\nX: ", b"x")


def drip_body(client: BufferedIOBase) -> None:
    """Send an object that never ends, byte by byte."""
    _drip(client, b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{", b" ")


def flood(client: BufferedIOBase) -> None:
    """Send 10 MB without saying how much it will be."""
    client.write(b"HTTP/1.1 200 OK\r\n\r\n{")
    for _ in range(160):
        client.write(b" " * 65_536)


def _drip(client: BufferedIOBase, begin: bytes, drop: bytes) -> None:
    client.write(begin)
    end = time.monotonic() + SECONDS_OF_TROUBLE
    while time.monotonic() < end:
        client.write(drop)
        time.sleep(0.02)


def _new_key(algorithm: str) -> PrivateKey:
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate()


def _jwk(private: PrivateKey) -> dict[str, Any]:
    public = private.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return RSAAlgorithm.to_jwk(public, as_dict=True)
    if isinstance(public, ec.EllipticCurvePublicKey):
        return ECAlgorithm.to_jwk(public, as_dict=True)
    return OKPAlgorithm.to_jwk(public, as_dict=True)
