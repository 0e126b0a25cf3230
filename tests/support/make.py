"""The project's commands, as their user types them."""

import os
import sys

from tests.support.commands import Done, run


def make(target: str, *variables: str, status: int = 0, **environment: str) -> str:
    """Run a target that ends with `status`, where make turns every failure into 2.

    Return all that it says.
    """
    variables_of_shell = {**os.environ, "MAKEFLAGS": "", **environment}
    done = run("make", "--silent", target, *variables, env=variables_of_shell)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def local(*arguments: object) -> Done:
    """Run `python -m local` with arguments that do not let it serve for ever."""
    return run(sys.executable, "-m", "local", *arguments)
