"""The message function in processes of the runtime that Lambda has for it."""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import LAYER, ROOT
from benchmarks.measure import Ended, run
from benchmarks.stub import SENDER

PYTHON = ROOT / ".cache" / "runtime" / "bin" / "python"
"""Python with boto3 and nothing else, as in Lambda: `make bench` installs it."""

PROGRAM = ROOT / "benchmarks" / "publish.py"
BARE = [str(PYTHON), "-B", "-c", "pass"]


class FanOut(NamedTuple):
    """What one fan-out took and what became of it."""

    wall_seconds: float
    cpu_seconds: float
    delivered: int
    gone: int
    failed: int


class Deployed:
    """The layer as `sam build` makes it and the message function's source, as they are uploaded."""

    def __init__(self) -> None:
        """Copy them to a folder of their own."""
        self._folder = tempfile.TemporaryDirectory()
        self._code = Path(self._folder.name)
        target = [f"ARTIFACTS_DIR={self._code}", f"PYTHON={PYTHON}"]
        run(["make", "--silent", "-C", str(Path(LAYER).parent), "build-SignalingLayer", *target])
        shutil.copy(ROOT / "functions" / "message" / "app.py", self._code / "python")

    def publish(
        self,
        environment: Mapping[str, str],
        subscribers: int = 1,
        repeat: int = 0,
        share: float | None = None,
    ) -> Ended:
        """Have a process publish to `room-<subscribers>`, `repeat` times over after the first."""
        return run(
            [str(PYTHON), "-B", str(PROGRAM)],
            {
                **environment,
                "PYTHONPATH": str(self._code / "python"),
                "EVENT": json.dumps(event(subscribers)),
                "REPEAT": str(repeat),
            },
            share,
        )

    def remove(self) -> None:
        """Delete the folder."""
        self._folder.cleanup()


def python_version() -> str:
    """Return the runtime's Python, such as `Python 3.13.0`."""
    return run([str(PYTHON), "--version"]).output.strip()


def fan_outs(ended: Ended) -> Sequence[FanOut]:
    """Return the fan-outs that the process timed."""
    return [FanOut(*each) for each in json.loads(ended.output.splitlines()[-1])]


def event(subscribers: int) -> dict[str, Any]:
    """Return the event of a message to a room with a password and so many other subscribers.

    All of them get it, and it takes one Query to find them.
    """
    path = ROOT / "events" / "publish_encrypted.json"
    raw: dict[str, Any] = json.loads(path.read_text())
    raw["requestContext"]["connectionId"] = SENDER
    raw["body"] = json.dumps({**json.loads(raw["body"]), "topic": f"room-{subscribers}"})
    return raw
