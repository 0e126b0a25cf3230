"""Chromium: the machine's own, else one that `make` installs. This program installs it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.support.servers import need

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


def chromium_path(playwrights_own: str) -> str:
    """Find Chromium; Playwright would have `playwrights_own`, the path of what it installs."""
    path = _machines_own() or (playwrights_own if Path(playwrights_own).exists() else None)
    return need(path, "no Chromium: make test installs it, or says why it could not")


def _machines_own() -> str | None:
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


def _install() -> str | None:
    """Install Chromium, and return what went wrong."""
    if os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get"):
        for arguments in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", "-qq", *arguments], check=False, capture_output=True)
        if _machines_own():
            return None
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    installing = subprocess.run(command, check=False, capture_output=True, text=True)
    return installing.stderr if installing.returncode else None


def main() -> int:
    """Install Chromium unless it is there."""
    with sync_playwright() as playwright:
        playwrights_own = Path(playwright.chromium.executable_path)
    if _machines_own() or playwrights_own.exists():
        return 0
    print("Installing Chromium", flush=True)
    if problem := _install():
        print(f"no Chromium, and tests in browsers are left out: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
