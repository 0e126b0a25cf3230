"""nginx, with the configuration that docs/local.md shows.

`make` installs it with this program, before tests that several processes run at one time.
"""

import re
import sys
from pathlib import Path

from rig.pages.debian import find, install
from rig.processes import ROOT, Process, free_port, is_listening, need

_WORKS_IN_ONE_PROCESS = "daemon off; master_process off; error_log stderr; pid nginx.pid; "
_PLACES = ("access_log off", *(f"{each}_temp_path {each}" for each in ("client_body", "proxy")))


class Nginx(Process):
    """nginx in front of a server on this machine, with its files in a folder of its own."""

    def __init__(self, folder: Path, behind: int) -> None:
        """Pass on what it gets to the port `behind`."""
        program = need(find("nginx"), "nginx is missing: apt install nginx-light")
        self.port = free_port()
        shown = (ROOT / "docs" / "local.md").read_text()
        block = re.search(r"```nginx\n(.+?)```", shown, re.DOTALL)
        assert block
        http = block[1].replace("4444", str(behind)).replace("8080", f"127.0.0.1:{self.port}")
        places = "".join(f"{each}; " for each in _PLACES)
        (folder / "nginx.conf").write_text(
            f"{_WORKS_IN_ONE_PROCESS} events {{}} http {{ {places} {http} }}"
        )
        command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
        super().__init__(command)

    def start(self) -> None:
        self._launch(self._command, lambda: is_listening(self.port))


def main() -> None:
    if not install("nginx-light", "nginx"):
        print("no nginx, so tests behind a proxy are left out", file=sys.stderr)


if __name__ == "__main__":
    main()
