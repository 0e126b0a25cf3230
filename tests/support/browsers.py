"""Real Chromium with the demo page in it: one browser context for each peer.

Contexts of their own, because pages that share one sync behind the server's back.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlencode

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from rig.pages.chromium import PERMISSIONS_TO_SHOW_ADDRESSES, chromium_path, flags
from rig.servers import LocalServer

_MILLISECONDS_TO_SYNC = 60_000
_KEEP_CONNECTIONS = """
window.connectionsMade = []
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor (...options) {
    super(...options)
    window.connectionsMade.push(this)
  }
}
"""


def launch_chromium(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(
        executable_path=chromium_path(), args=flags(hides_addresses=False)
    )


def complaints_of(page: Page) -> list[str]:
    """Return a list of the errors in `page` and on its console, to which later ones are added."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    return complaints


class Peer:
    """One person at the demo page, in a browser context of its own."""

    def __init__(
        self,
        browser: Browser,
        url: str,
        room: str,
        goes_there: bool = True,
        **fragment: str | list[str],
    ) -> None:
        """Open the page at `url` in `room`, with more of its `fragment`.

        Unless it `goes_there`, the page is empty until it is told to `go`.
        """
        self._context: BrowserContext = browser.new_context()
        self._context.grant_permissions(PERMISSIONS_TO_SHOW_ADDRESSES)
        self._context.set_default_timeout(_MILLISECONDS_TO_SYNC)
        self._context.add_init_script(_KEEP_CONNECTIONS)
        self.page: Page = self._context.new_page()
        self.complaints = complaints_of(self.page)
        self.frames: list[str | bytes] = []
        self.page.on(
            "websocket",
            lambda socket: socket.on("framereceived", lambda frame: self.frames.append(frame)),
        )
        self._address = f"{url}/#{urlencode({'room': room, **fragment}, doseq=True)}"
        if goes_there:
            self.page.goto(self._address)

    def go(self) -> None:
        """Set out for the page without waiting for it."""
        self.page.evaluate("address => { setTimeout(() => { location = address }) }", self._address)

    def arrive(self) -> None:
        """Wait until the page has loaded."""
        self.page.wait_for_url(self._address)

    def type(self, line: str) -> None:
        self.page.locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+End")
        self.page.keyboard.insert_text(line)
        self.page.keyboard.press("Enter")

    def text(self) -> str:
        """Return the text as Yjs has it."""
        return str(self.page.evaluate("demo.text.toString()"))

    def expect_lines(self, *lines: str) -> None:
        condition = "lines => lines.every(line => demo.text.toString().includes(line))"
        self.page.wait_for_function(condition, arg=list(lines))

    def expect_others(self, number: int) -> None:
        """Wait until the page lists `number` other people."""
        expect(self.page.locator("#peers li")).to_have_count(number, timeout=_MILLISECONDS_TO_SYNC)

    def expect_connected(self, number: int) -> None:
        """Wait until the page is connected with `number` other browsers."""
        self.page.wait_for_function(
            "number => document.getElementById('webrtc').innerText === `${number} connected`",
            arg=number,
        )

    def expect_synced(self) -> None:
        """Wait until y-webrtc calls the page synced, with no dead connection in its table.

        Its flag alone does not show one that came later.
        """
        self.page.wait_for_function(
            "(({ synced, webrtcConns }) => "
            "synced && [...webrtcConns.values()].every(({ connected }) => connected)"
            ")(demo.provider.room)"
        )

    def expect_servers(self, number: int) -> None:
        """Wait until the page is connected to `number` signaling servers."""
        self.page.wait_for_function(
            "number => demo.provider.signalingConns"
            ".filter(({ connected }) => connected).length === number",
            arg=number,
        )

    def expect_signaling(self, state: str) -> None:
        """Wait until the page shows `state` of the signaling server."""
        shown = self.page.locator("#signaling")
        expect(shown).to_have_attribute("data-state", state, timeout=_MILLISECONDS_TO_SYNC)

    def peer_id(self) -> str:
        """Return the peer id by which y-webrtc announces this page."""
        return str(self.page.evaluate("demo.provider.room.peerId"))

    def connections_made(self) -> list[str]:
        """Return the state of every RTCPeerConnection that the page has made so far."""
        states = "connectionsMade.map(({ connectionState }) => connectionState)"
        return [str(state) for state in self.page.evaluate(states)]

    def leave(self) -> None:
        self._context.close()


@contextmanager
def peers(
    browser: Browser, server: LocalServer, count: int, room: str, **fragment: str | list[str]
) -> Iterator[list[Peer]]:
    """Open the demo page as `count` peers of one room, all at once."""
    with ExitStack() as stack:
        opened: list[Peer] = []
        for _ in range(count):
            opened.append(Peer(browser, server.http_url, room, goes_there=False, **fragment))
            stack.callback(opened[-1].leave)
        for peer in opened:
            peer.go()
        for peer in opened:
            peer.arrive()
        yield opened


def sync(everyone: list[Peer]) -> None:
    """Let every peer write a line; wait until all have all, in one order, and are synced."""
    lines = [f"line of peer {number}" for number in range(len(everyone))]
    for peer, line in zip(everyone, lines, strict=True):
        peer.type(line)
    for peer in everyone:
        peer.expect_lines(*lines)
        peer.expect_others(len(everyone) - 1)
        peer.expect_connected(len(everyone) - 1)
        peer.expect_synced()
    assert len({peer.text() for peer in everyone}) == 1
