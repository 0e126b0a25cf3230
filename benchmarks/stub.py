"""AWS for the functions to talk to: DynamoDB and @connections over TLS, in a process of its own.

Every answer comes after the same delay, as over a network, whatever else is asked meanwhile. The
topic `room-N` has N subscribers beside `SENDER`; nothing is stored.
"""

import asyncio
import json
import re
import ssl
import subprocess
from contextlib import suppress
from functools import cache, partial
from multiprocessing.connection import Connection
from pathlib import Path

import aiofastnet
import botocore

from rig.processes import spawned
from signaling.aws.rows import sort_key

SENDER = "L0SM9cOFvHcCIhw="
"""The connection whose messages the functions are handed."""

_DOMAIN = "us-east-1.amazonaws.com"
_CERTIFICATE = "localhost.pem"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_ROWS_A_PAGE = 7_500  # 1 MB of rows
_POSTED = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx-amzn-RequestId: 1\r\n\r\n"


class Stub:
    """The process, and what its clients have to know."""

    def __init__(self, milliseconds: float, folder: Path) -> None:
        """Start a process that answers after `milliseconds`, with its certificate in `folder`."""
        self.certificate = _make_certificate(folder).read_text()
        # With AWS's real roots before it: reading them is a part of every cold start.
        roots = (Path(botocore.__file__).parent / "cacert.pem").read_text()
        self.authorities = folder / "authorities.pem"
        self.authorities.write_text(roots + self.certificate)
        self._process, connection = spawned(_serve, milliseconds / 1000, folder / _CERTIFICATE)
        self._port = str(connection.recv())

    def environment(self, client: str) -> dict[str, str]:
        """Return what the message function's environment needs to use it through `client`.

        The lean client is to find AWS by AWS's names, because it trusts them by other certificates
        than the rest of the world: `benchmarks/publish.py` leads them to AWS_PORT.
        """
        authorities = str(self.authorities)
        common = {
            "AWS_CLIENT": client,
            "AWS_LAMBDA_RUNTIME_API": "localhost",  # what is done only in Lambda is done here too
            "AWS_REGION": "us-east-1",
            "TABLE_NAME": "subscriptions",
            "MAX_RECIPIENTS": "100000",
            "AWS_PORT": self._port,
            "SSL_CERT_FILE": authorities,  # Python's ssl
        }
        if client == "lean":
            return {**common, "CONNECTIONS_ENDPOINT": f"https://api.execute-api.{_DOMAIN}/dev"}
        url = f"https://localhost:{self._port}"
        endpoints = {"AWS_ENDPOINT_URL_DYNAMODB": url, "CONNECTIONS_ENDPOINT": f"{url}/dev"}
        return {**common, **endpoints, "AWS_CA_BUNDLE": authorities}

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.join()


def _make_certificate(folder: Path) -> Path:
    """Make a certificate for localhost, its key in the same file."""
    path = folder / _CERTIFICATE
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        f"-subj /CN=localhost -addext subjectAltName=DNS:localhost,DNS:*.{_DOMAIN},"
        f"DNS:*.execute-api.{_DOMAIN},IP:127.0.0.1 "
        f"-keyout {folder / 'key.pem'} -out {path}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    path.write_text(path.read_text() + (folder / "key.pem").read_text())
    return path


async def _answer(
    seconds: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer the requests of one connection: HTTP/1.1, kept alive."""

    def write(answer: bytes) -> None:
        if not writer.is_closing():
            writer.write(answer)

    with suppress(asyncio.IncompleteReadError, ConnectionError):  # it has hung up
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            is_post = b"/%40connections/" in head or b"/@connections/" in head
            answer = _POSTED if is_post else _table_answer(body)
            asyncio.get_running_loop().call_later(seconds, write, answer)


def _table_answer(body: bytes) -> bytes:
    request = json.loads(body)
    values = request.get("ExpressionAttributeValues", {})
    if ":pk" not in values:
        return _http(json.dumps({"Attributes": _row(SENDER)}).encode())
    subscribers = int(values[":pk"]["S"].rpartition("-")[2])
    first = int(request.get("ExclusiveStartKey", {}).get("sk", {}).get("S", "-0").split("-")[1])
    return _page(subscribers, first)


@cache
def _page(subscribers: int, first: int) -> bytes:
    last = min(subscribers, first + _ROWS_A_PAGE)
    rows = [_row(f"{number:015d}=") for number in range(first, last)]
    if first == 0:
        rows.append(_row(SENDER))
    page: dict[str, object] = {"Count": len(rows), "Items": rows, "ScannedCount": len(rows)}
    if last < subscribers:
        page["LastEvaluatedKey"] = {"pk": {"S": "topic"}, "sk": {"S": f"member-{last}"}}
    return _http(json.dumps(page).encode())


def _row(connection: str) -> dict[str, dict[str, str]]:
    """Return a row of the sender as it announces itself, or of one that has long been silent."""
    at = {"N": "1795464586500" if connection == SENDER else "1795464500000"}
    return {
        "pk": {"S": "topic-room"},
        "sk": {"S": sort_key(connection)},
        "peer": {"S": "0f6d49cd-c3e6-4a37-b08e-c0111cd94b9f"},
        "connected_at": at,
        "requested_at": at,
        "expires_at": {"N": str(2**40)},
    }


def _http(body: bytes) -> bytes:
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nx-amzn-RequestId: 1\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _serve(seconds: float, certificate: Path, parent: Connection) -> None:
    async def serve() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server = await aiofastnet.create_server(
            asyncio.get_running_loop(),
            lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader(), partial(_answer, seconds)),
            "127.0.0.1",
            0,
            ssl=context,
            backlog=4096,
        )
        parent.send(server.sockets[0].getsockname()[1])
        await asyncio.Event().wait()

    asyncio.run(serve())
