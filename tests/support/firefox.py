"""Debian's Firefox, which only opens a page: no driver of its own is needed for that."""

import shutil
import signal
from pathlib import Path

import pytest

from rig.processes import Process

_PREFERENCES = {
    # A machine without a network finds no other candidates.
    "media.peerconnection.ice.loopback": "true",
    "media.peerconnection.ice.obfuscate_host_addresses": "false",
    "app.update.enabled": "false",
    "toolkit.telemetry.enabled": "false",
    "datareporting.policy.dataSubmissionEnabled": "false",
}


class Firefox(Process):
    """A window that nobody sees, with one page in it."""

    _ends_by = signal.SIGTERM

    def __init__(self, profile: Path, url: str) -> None:
        """Open `url` with a new profile in the folder `profile`; skip the test without Firefox."""
        program = shutil.which("firefox-esr")
        if program is None:  # in CI, too: it is ten times as large as all else that tests install
            pytest.skip("no Firefox: apt install firefox-esr")
        lines = [f'user_pref("{name}", {value});\n' for name, value in _PREFERENCES.items()]
        (profile / "user.js").write_text("".join(lines))
        super().__init__([program, "--headless", "--no-remote", "--profile", str(profile), url])

    def start(self) -> None:
        """Start; when its page has loaded only the server sees."""
        self._launch(self._command, lambda: True)
