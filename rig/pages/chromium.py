"""Chromium, as small as there is one: a shell without windows, which takes half the time of all.

`make` installs it with this program, before tests that several processes run at one time.
"""

import os
import shutil
import subprocess
import sys

from rig.pages.debian import install
from rig.processes import ROOT, need

FOUND = ROOT / ".cache" / "chromium"
"""Holds the path of Chromium, or nothing if it is Playwright's own."""

_SHELL = "chromium-headless-shell"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    # A machine without a network finds no other candidates.
    "--allow-loopback-in-peer-connection",
]
_FLAG_TO_SHOW_ADDRESSES = "--disable-features=WebRtcHideLocalIpsWithMdns"
PERMISSIONS_TO_SHOW_ADDRESSES = ["camera", "microphone"]


def flags(hides_addresses: bool) -> list[str]:
    """Return Chromium's command line; `hides_addresses` as people's browsers do."""
    return _FLAGS if hides_addresses else [*_FLAGS, _FLAG_TO_SHOW_ADDRESSES]


def chromium_path() -> str | None:
    """Return the path of Chromium, None if it is the one that Playwright knows by itself."""
    found = FOUND.read_text() if FOUND.exists() else None
    path = os.environ.get("CHROMIUM", found)
    need("found" if path is not None else None, "no Chromium: make test installs it")
    return path or None


def main() -> None:
    """Find Chromium or install it, and say what went wrong."""
    path = install(_SHELL, _SHELL) or _any_on_path()
    if path is None and not _install_by_playwright():
        print("no Chromium, so tests in browsers are left out", file=sys.stderr)
        return
    FOUND.parent.mkdir(exist_ok=True)
    FOUND.write_text(path or "")


def _any_on_path() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)


def _install_by_playwright() -> bool:
    command = [sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"]
    return subprocess.run(command, check=False).returncode == 0


if __name__ == "__main__":
    main()
