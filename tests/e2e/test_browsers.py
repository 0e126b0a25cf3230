"""The demo page in real browsers; how pages meet is in `test_meetings.py`."""

import shutil
import signal
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from rig.processes import Process
from rig.servers import LocalServer
from tests.support.browsers import Peer, peers, sync

ROOM = "vZ#4h2%60$1H & 日本"


def test_who_opens_the_plain_address_is_in_one_room_until_it_wants_another(
    chromium: Browser, server: LocalServer
) -> None:
    """As README says: open the page in two browsers and type."""
    one, other = (Peer(chromium, server.http_url, room="") for _ in range(2))
    one.expect_connected(1)
    one.type("hello")
    other.expect_lines("hello")
    other.page.locator("#new").click()
    one.expect_others(0)
    assert "room=demo" not in other.page.url and "room=" in other.page.url
    assert other.text() == ""
    assert one.complaints == other.complaints == []
    for each in (one, other):
        each.leave()


_PREFERENCES = {
    # A machine without a network finds no other candidates.
    "media.peerconnection.ice.loopback": "true",
    "media.peerconnection.ice.obfuscate_host_addresses": "false",
    "app.update.enabled": "false",
    "toolkit.telemetry.enabled": "false",
    "datareporting.policy.dataSubmissionEnabled": "false",
}


class Firefox(Process):
    """A window of Debian's Firefox that nobody sees: only to open a page it needs no driver."""

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


def test_firefox_and_chromium_meet(chromium: Browser, server: LocalServer, tmp_path: Path) -> None:
    """What one page in Chromium writes reaches the next one through Firefox alone."""
    with Firefox(tmp_path, f"{server.http_url}/#room=both"):
        started = time.monotonic()
        first = Peer(chromium, server.http_url, "both")
        first.expect_connected(1)
        seconds = time.monotonic() - started
        first.type("kept by Firefox")
        first.page.wait_for_timeout(500 * seconds)  # nothing tells when Firefox has it
        first.leave()
        second = Peer(chromium, server.http_url, "both")
        second.expect_lines("kept by Firefox")
        second.leave()


def test_another_password_does_not_open_the_text(chromium: Browser, server: LocalServer) -> None:
    with peers(chromium, server, 2, ROOM, password="right") as everyone:
        stranger = Peer(chromium, server.http_url, ROOM, password="wrong")
        stranger.expect_signaling("connected")
        sync(everyone)
        assert stranger.text() == ""
        stranger.leave()
