"""The console in a tab that nobody looks at: nothing moves, but nothing is missed."""

from playwright.sync_api import Browser, expect

from rig.servers import StartLocalServer
from tests.support.browsers import peers, sync
from tests.support.console import console

HIDDEN = "Object.defineProperty(document, 'hidden', { get: () => true })"
DOTS = """
new MutationObserver(() => { window.dots = document.querySelectorAll('.dot').length })
  .observe(document.getElementById('rooms'), { subtree: true, childList: true })
"""


def test_who_met_while_nobody_looked_is_joined_by_a_line(
    chromium: Browser, local_server: StartLocalServer
) -> None:
    server = local_server()
    with console(chromium, server) as shown:
        shown.page.evaluate(HIDDEN)
        shown.page.evaluate(DOTS)
        with peers(chromium, server, 3, "room") as everyone:
            sync(everyone)
            expect(shown.room("room").locator(".met")).to_have_count(3)
            assert shown.page.evaluate("window.dots") == 0
