"""Secrets Manager with one secret, on loopback."""

import json
import time
from collections.abc import Iterator

from tests.support.stub import Received, Reply, Stub, reply

SECRET = "correct horse battery staple, and then some"


class SecretsManager(Stub):
    """Answers every request with `SECRET`, or byte by byte without an end if it `drips`."""

    def __init__(self) -> None:
        self.drips = False
        super().__init__(self._answer_to)

    def regions(self) -> list[str]:
        """Return the Regions that requests were signed for."""
        return [each.headers["authorization"].split("/")[2] for each in self.requests]

    def _answer_to(self, request: Received) -> Reply:
        if self.drips:
            return Reply(_drops(), closes=True)
        return reply(body=json.dumps({"SecretString": SECRET}).encode())


def _drops() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{"
    for _ in range(1_000):
        yield b" "
        time.sleep(0.02)
