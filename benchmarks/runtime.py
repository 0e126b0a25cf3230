"""The message function in processes of the runtime that Lambda has for it, beside a stub of AWS."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks import LAYER, ROOT
from benchmarks.stub import SENDER, Stub
from rig.lambda_functions import runtime_client
from rig.measure import run

PYTHON = ROOT / ".cache" / "runtime" / "bin" / "python"
"""Python with boto3 and nothing else, as in Lambda: `make bench` installs it."""

LAMBDAS_BOOTSTRAP = "awslambdaric.bootstrap"
"""What Lambda has imported before it imports a function."""

_ROOTS = Path("python", "signaling", "aws", "amazon.pem")
_PUBLISH = "handed_over = time.process_time(); import publish; publish.main(handed_over)"


class FanOut(NamedTuple):
    """What one fan-out took and what became of it."""

    wall_seconds: float
    cpu_seconds: float
    not_delivered: int


class Life(NamedTuple):
    """What a process of the function did."""

    cpu_seconds: float
    """Until the first answer, without what Python and Lambda's own part had used before."""
    fan_outs: list[FanOut]
    """Of all invocations but the first."""


class Deployed:
    """The layer and the message function as `sam build` makes them.

    Beside them is Lambda's own part of a Python process, awslambdaric.
    """

    def __init__(self, folder: Path, stub: Stub) -> None:
        """Copy them to `folder`, for processes that take `stub` for AWS."""
        self.stub = stub
        self._path = [folder / "function", folder / "python", folder / "runtime"]
        self._path[0].mkdir()
        _make(Path(LAYER).parent, "SignalingLayer", folder)
        _make(ROOT / "functions" / "message", "MessageFunction", self._path[0])
        with (folder / _ROOTS).open("a") as roots:
            roots.write(stub.certificate)
        client = runtime_client(python_version().removeprefix("Python ").rpartition(".")[0])
        shutil.copytree(client, self._path[2], ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(Path(__file__).with_name("publish.py"), self._path[2])
        run([str(PYTHON), "-m", "compileall", "-q", str(self._path[2])])

    def publish(
        self,
        client: str,
        subscribers: int = 1,
        repeat: int = 0,
        environment: Mapping[str, str] | None = None,
        imported_before: Sequence[str] = ("time",),
    ) -> Life:
        """Have a process publish to `room-<subscribers>`, `repeat` times over after the first."""
        ended = run(
            [str(PYTHON), "-B", "-c", f"import {', '.join(imported_before)}; {_PUBLISH}"],
            {
                **self.stub.environment(client),
                "PYTHONPATH": ":".join(map(str, self._path)),
                "EVENT": _event(subscribers),
                "REPEAT": str(repeat),
                **(environment or {}),
            },
        )
        cpu, fan_outs = json.loads(ended.output.splitlines()[-1])
        return Life(cpu, [FanOut(*each) for each in fan_outs])


@contextmanager
def deployed(milliseconds: float) -> Iterator[Deployed]:
    """Yield the function beside an AWS that answers after `milliseconds`."""
    with TemporaryDirectory() as folder, TemporaryDirectory() as of_stub:
        stub = Stub(milliseconds, Path(of_stub))
        try:
            yield Deployed(Path(folder), stub)
        finally:
            stub.stop()


def _make(source: Path, name: str, folder: Path) -> None:
    variables = [f"ARTIFACTS_DIR={folder}", f"PYTHON={PYTHON}"]
    run(["make", "--silent", "-C", str(source), f"build-{name}", *variables])


def python_version() -> str:
    """Return the runtime's Python, such as `Python 3.13.0`."""
    return run([str(PYTHON), "--version"]).output.strip()


def _event(subscribers: int) -> str:
    """Return the event of an announce in a room with a password and so many other subscribers.

    All of them get it. It takes one write and one Query.
    """
    event = json.loads((ROOT / "events" / "publish_encrypted.json").read_text())
    event["requestContext"]["connectionId"] = SENDER
    event["body"] = json.dumps({**json.loads(event["body"]), "topic": f"room-{subscribers}"})
    return json.dumps(event)
