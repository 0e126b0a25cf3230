"""The demo page in real browsers; how pages meet is in `test_meetings.py`."""

import json
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


def published(peer: Peer) -> list[dict[str, str]]:
    """Return what others have published to `peer`, in its order."""
    frames = map(json.loads, peer.frames)
    return [frame["data"] for frame in frames if frame["type"] == "publish"]


def test_8_browsers_get_little_that_they_do_not_need(
    chromium: Browser, server: LocalServer
) -> None:
    with peers(chromium, server, 8, ROOM) as everyone:
        sync(everyone)
        assert [each.complaints for each in everyone] == [[]] * 8
        needed = total = 0
        for peer in everyone:
            known: set[str] = set()
            for data in published(peer):
                # Who is known need not be announced any more.
                is_needed = (
                    data["from"] not in known
                    if data["type"] == "announce"
                    else data["to"] == peer.peer_id()
                )
                known.add(data["from"])
                needed += is_needed
                total += 1
    assert needed > 8 * 7
    assert total <= 1.1 * needed


def test_a_browser_with_another_password_cannot_read_the_text(
    chromium: Browser, server: LocalServer
) -> None:
    with peers(chromium, server, 2, ROOM, password="right") as everyone:
        stranger = Peer(chromium, server.http_url, ROOM, password="wrong")
        stranger.expect_signaling("connected")
        sync(everyone)
        assert stranger.text() == ""
        stranger.leave()
