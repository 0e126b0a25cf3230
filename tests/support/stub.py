"""A small HTTP server that answers as a test wants it to, and remembers what it was sent."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NamedTuple


class Received(NamedTuple):
    path: str
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes
    connection: int
    """Number of the connection that it came over, from 1."""


class Reply(NamedTuple):
    """What goes back, in parts; without any, nothing does."""

    parts: Iterable[bytes]
    closes: bool = False


def reply(status: int = 200, body: bytes = b"{}", closes: bool = False, **headers: str) -> Reply:
    """Return an answer with a length."""
    lines = [f"HTTP/1.1 {status} Text", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return Reply(("\r\n".join(lines).encode() + b"\r\n\r\n", body), closes)


SILENCE = Reply(())
HANG_UP = Reply((), closes=True)


class Stub:
    """Answers over HTTP, or HTTPS if it is given a `context`, until it is closed."""

    def __init__(
        self,
        answer: Callable[[Received], Reply],
        context: ssl.SSLContext | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self._answer = answer
        self._context = context
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._host = f"[{address}]" if ":" in address else "localhost"
        self._listener = socket.create_server((address, 0), family=family, backlog=256)
        self._port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://{self._host}:{self._port}"

    def hang_up(self, last_words: bytes = b"") -> None:
        """Close every connection that is open, after sending it `last_words`."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.sendall(last_words)
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection, self.connections))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with suppress(OSError):
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            self._open.add(connection)
            with connection, connection.makefile("rb") as stream:
                while request_line := stream.readline():
                    lines = iter(lambda: stream.readline().decode().strip(), "")
                    fields = (line.split(": ", 1) for line in lines)
                    headers = {name.lower(): value for name, value in fields}
                    body = stream.read(int(headers.get("content-length", 0)))
                    path = request_line.decode().split(" ")[1]
                    received = Received(path, headers, body, number)
                    self.requests.append(received)
                    answer = self._answer(received)
                    for part in answer.parts:
                        connection.sendall(part)
                    if answer.closes:
                        break
        self._open.discard(connection)
        connection.close()


def in_turn(*replies: Reply) -> Callable[[Received], Reply]:
    """Give `replies` one after the other, the last for ever."""
    left = list(replies)
    lock = threading.Lock()

    def answer(_: Received) -> Reply:
        with lock:
            return left.pop(0) if len(left) > 1 else left[0]

    return answer
