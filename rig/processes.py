"""Processes that tests start, read the output of, and end."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Self

import pytest

from rig.nursery import Forked

ROOT = Path(__file__).parents[1]

_SECONDS_TO_START = 30.0


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


def spawned(function: Callable[..., None], *arguments: object) -> tuple[BaseProcess, Connection]:
    """Run `function` in a new process, with `arguments` and the other end of a connection."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=function, args=(*arguments, theirs), daemon=True)
    process.start()
    return process, ours


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

    def logged(self, **fields: object) -> list[dict[str, Any]]:
        """The lines of the log that have these `fields`."""
        return [line for line in self.log if fields.items() <= line.items()]

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

    def start(self) -> None:
        """Start, and return when it is ready."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

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
