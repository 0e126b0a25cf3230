"""The message function in processes of the runtime that Lambda has for it."""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import LAYER, ROOT
from benchmarks.stub import SENDER, Stub
from rig.lambda_functions import runtime_client
from rig.measure import WHOLE, Share, run

PYTHON = ROOT / ".cache" / "runtime" / "bin" / "python"
"""Python with boto3 and nothing else, as in Lambda: `make bench` installs it."""

PROGRAM = ROOT / "benchmarks" / "publish.py"
_ROOTS = Path("python", "signaling", "aws", "amazon.pem")
LAMBDAS_BOOTSTRAP = "awslambdaric.bootstrap"
"""What Lambda has imported before it imports a function."""

_PUBLISH = "handed_over = time.process_time(); import publish; publish.main(handed_over)"


class FanOut(NamedTuple):
    """What one fan-out took and what became of it."""

    wall_seconds: float
    cpu_seconds: float
    delivered: int
    gone: int
    failed: int


class Life(NamedTuple):
    """What a process of the function did."""

    cpu_seconds: float
    """Until the first answer, without what Python and Lambda's own part had used before."""
    initialized: float
    """CPU seconds that it took to import the function."""
    invoked: list[float]
    """Wall seconds of each invocation."""
    fan_outs: list[FanOut]
    """Of all invocations but the first."""


class Deployed:
    """The layer and the message function as `sam build` makes them.

    Beside them is Lambda's own part of a Python process, awslambdaric.
    """

    def __init__(self) -> None:
        """Copy them to a folder of their own."""
        self._folder = tempfile.TemporaryDirectory()
        self._code = Path(self._folder.name)
        self._runtime = self._code / "runtime"
        self._function = self._code / "function"
        self._function.mkdir()
        _make(Path(LAYER).parent, "SignalingLayer", self._code)
        _make(ROOT / "functions" / "message", "MessageFunction", self._function)
        self._roots = (self._code / _ROOTS).read_text()
        client = runtime_client(python_version().removeprefix("Python ").rpartition(".")[0])
        shutil.copytree(client, self._runtime, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(PROGRAM, self._runtime)
        run([str(PYTHON), "-m", "compileall", "-q", str(self._runtime)])

    def publish(
        self,
        stub: Stub,
        client: str,
        subscribers: int = 1,
        repeat: int = 0,
        share: Share = WHOLE,
        environment: Mapping[str, str] | None = None,
        imported_before: Sequence[str] = ("time",),
    ) -> Life:
        """Have a process publish to `room-<subscribers>`, `repeat` times over after the first."""
        (self._code / _ROOTS).write_text(self._roots + stub.certificate)
        ended = run(
            [str(PYTHON), "-B", "-c", f"import {', '.join(imported_before)}; {_PUBLISH}"],
            {
                **stub.environment(client),
                "PYTHONPATH": f"{self._function}:{self._code / 'python'}:{self._runtime}",
                "EVENT": json.dumps(event(subscribers)),
                "REPEAT": str(repeat),
                **(environment or {}),
            },
            share,
        )
        cpu, initialized, invoked, fan_outs = json.loads(ended.output.splitlines()[-1])
        return Life(cpu, initialized, invoked, [FanOut(*each) for each in fan_outs])

    def remove(self) -> None:
        """Delete the folder."""
        self._folder.cleanup()


def _make(source: Path, name: str, folder: Path) -> None:
    variables = [f"ARTIFACTS_DIR={folder}", f"PYTHON={PYTHON}"]
    run(["make", "--silent", "-C", str(source), f"build-{name}", *variables])


def python_version() -> str:
    """Return the runtime's Python, such as `Python 3.13.0`."""
    return run([str(PYTHON), "--version"]).output.strip()


def event(subscribers: int) -> dict[str, Any]:
    """Return the event of an announce in a room with a password and so many other subscribers.

    All of them get it. It takes one write and one Query.
    """
    path = ROOT / "events" / "publish_encrypted.json"
    raw: dict[str, Any] = json.loads(path.read_text())
    raw["requestContext"]["connectionId"] = SENDER
    raw["body"] = json.dumps({**json.loads(raw["body"]), "topic": f"room-{subscribers}"})
    return raw
