"""The project's commands, as their user types them."""

import os
import subprocess
import sys

from local import ROOT


def make(target: str, *variables: str, status: int = 0, **environment: str) -> str:
    """Run a target that ends with `status`, where make turns every failure into 2.

    Return all that it says.
    """
    done = subprocess.run(
        ["make", "--silent", target, *variables],
        cwd=ROOT,
        env={**os.environ, "MAKEFLAGS": "", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def local(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `python -m local` with arguments that do not let it serve for ever."""
    command = [sys.executable, "-m", "local", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
