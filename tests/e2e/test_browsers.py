"""The demo page in real browsers; how pages meet is in `test_meetings.py`."""

import time
from pathlib import Path

from playwright.sync_api import Browser

from rig.servers import LocalServer
from tests.support.browsers import Peer, peers, sync
from tests.support.firefox import Firefox

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


def test_a_browser_with_another_password_cannot_read_the_text(
    chromium: Browser, server: LocalServer
) -> None:
    with peers(chromium, server, 2, ROOM, password="right") as everyone:
        stranger = Peer(chromium, server.http_url, ROOM, password="wrong")
        stranger.expect_signaling("connected")
        sync(everyone)
        assert stranger.text() == ""
        stranger.leave()
