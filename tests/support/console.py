"""The console of a local server, open in real Chromium."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, Page, expect

from rig.servers import LocalServer
from tests.support.browsers import complaints_of

_MILLISECONDS_TO_SHOW = 20_000


class ConsolePage:
    def __init__(self, page: Page, server: LocalServer) -> None:
        """Open it in `page` and wait until it hears the server."""
        self.page = page
        self.server = server
        self.complaints = complaints_of(page)
        page.set_default_timeout(_MILLISECONDS_TO_SHOW)
        page.goto(f"{server.http_url}/console")
        expect(page.locator("#state")).to_have_text("live")

    def room(self, topic: str) -> Locator:
        title = self.page.get_by_role("button", name=topic, exact=True)
        return self.page.locator(".room").filter(has=title)

    def expect_members(self, topic: str, names: list[str]) -> None:
        """Wait until exactly those with the shortened `names` are in the room."""
        room = self.room(topic)
        expect(room.locator(".members button")).to_have_count(
            len(names), timeout=_MILLISECONDS_TO_SHOW
        )
        for name in names:
            expect(room.locator(".members button", has_text=name)).to_be_visible()
        expect(room.locator(".member")).to_have_count(len(names), timeout=_MILLISECONDS_TO_SHOW)

    def events(self, *words: str) -> Locator:
        """Return the lines that are shown and have all `words`."""
        lines = self.page.locator("#events > li:visible")
        for word in words:
            lines = lines.filter(has_text=word)
        return lines

    def filter(self, **values: str) -> None:
        """Write `values` into the fields `room` and `peer`."""
        for name, value in values.items():
            self.page.locator(f"#controls [name={name}]").fill(value)


@contextmanager
def console(browser: Browser, server: LocalServer) -> Iterator[ConsolePage]:
    """Open the console; at its end it must have complained of nothing."""
    context = browser.new_context(accept_downloads=True)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    shown = ConsolePage(context.new_page(), server)
    yield shown
    assert shown.complaints == []
    context.close()
