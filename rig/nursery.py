"""Local servers that are forked from a process which has imported what they need.

Most of a server's start is the import of its libraries, and tests start hundreds. The standard
library's fork server is that process: nothing runs in it but the fork, so a server has no threads
or open files of the tests.
"""

import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from subprocess import TimeoutExpired

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["local.__main__", "local.table.dynamodb", "rig.nursery"])


class Forked:
    """A server, with those methods of a `subprocess.Popen` that tests need."""

    def __init__(
        self,
        options: list[str],
        environment: Mapping[str, str],
        output: Path,
    ) -> None:
        """Do what `python -m local` does with `options`; what it prints goes to `output`."""
        output.write_bytes(b"")  # now, because who waits for a greeting must not see an older one
        self._options = options
        here = (options, dict(environment), output)
        self._process: ForkServerProcess = _CONTEXT.Process(target=_serve, args=here, daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        """Id of the process."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit status once it has ended."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return its exit status once it has ended."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended and return its exit status.

        Raises:
            TimeoutExpired: it has not after `timeout` seconds.
        """
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise TimeoutExpired(self._options, timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send it the signal `number`."""
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()


def _serve(options: list[str], environment: dict[str, str], output: Path) -> None:
    with output.open("ab") as printed, Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(printed.fileno(), 1)
        os.dup2(printed.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["local", *options]
    from local.__main__ import main  # here, because only a server imports it

    sys.exit(main())
