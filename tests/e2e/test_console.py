"""The console in real Chromium, with real y-webrtc peers."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from rig.raw import frame, open_websocket
from rig.servers import LocalServer, StartLocalServer
from tests.support.browsers import Peer, peers, sync
from tests.support.console import ConsolePage, console

ROOM = "design review"
HOSTILE = "<img src=x onerror=\"document.title='hacked'\">"
SLOWLY = """
new MutationObserver(() => {
  for (const dot of document.querySelectorAll('.dot:not([data-seen])')) {
    dot.dataset.seen = true
    const seen = window.travelled ??= []
    seen.push(`${dot.dataset.kind} in ${dot.closest('.room').querySelector('.title').textContent}`)
  }
}).observe(document.getElementById('rooms'), { subtree: true, childList: true })
"""
"""Notes each dot that travels: one is shown for less than a second."""


@pytest.fixture
def shown(chromium: Browser, local_server: StartLocalServer) -> Iterator[ConsolePage]:
    """The console of a server with rooms in memory."""
    with console(chromium, local_server()) as shown:
        yield shown


@contextmanager
def client_of(server: LocalServer) -> Iterator[socket.socket]:
    """Connect a client that closes its WebSocket at the end, and hangs up when the server has."""
    with open_websocket(server) as client:
        yield client
        client.sendall(frame(0x88))
        while client.recv(4096):
            pass


def say(client: socket.socket, message: dict[str, object] | str) -> None:
    text = message if isinstance(message, str) else json.dumps(message)
    client.sendall(frame(0x81, text.encode()))


def enter(client: socket.socket, *topics: str, peer: str) -> None:
    """Subscribe to `topics`, and announce `peer` in the first."""
    say(client, {"type": "subscribe", "topics": topics})
    announce = {"type": "announce", "from": peer}
    say(client, {"type": "publish", "topic": topics[0], "data": announce})


def visit(server: LocalServer, **rooms: str) -> None:
    """Let a client with each peer id enter its room, announce itself there, and leave."""
    for peer, room in rooms.items():
        with client_of(server) as client:
            enter(client, room, peer=peer)


def short(peer: Peer) -> str:
    return peer.peer_id()[:8]


def test_a_room_of_three_forms_and_one_vanishes(
    chromium: Browser, local_server: StartLocalServer, dynamodb_local: str
) -> None:
    server = local_server("--dynamodb", dynamodb_local)
    with console(chromium, server) as shown:
        shown.page.evaluate(SLOWLY)
        with peers(chromium, server, 3, ROOM) as everyone:
            sync(everyone)
            names = [short(each) for each in everyone]
            shown.expect_members(ROOM, names)
            expect(shown.room(ROOM).locator(".met")).to_have_count(3)
            travelled = shown.page.evaluate("window.travelled")
            assert {f"announce in {ROOM}", f"signal in {ROOM}"} <= set(travelled)
            expect(shown.events("announce", ROOM)).not_to_have_count(0)
            expect(shown.events("signal", "1 delivered").first).to_contain_text(
                re.compile(r"\d ms$")
            )
            everyone[2].leave()
            shown.expect_members(ROOM, names[:2])
            expect(shown.events("close", names[2], "going away")).to_have_count(1)
            expect(shown.events("disconnect", names[2])).to_have_count(1)


def test_who_was_there_before_the_console_was_opened_is_shown(
    chromium: Browser, local_server: StartLocalServer, any_table: tuple[str, ...]
) -> None:
    server = local_server(*any_table)
    room = f"{ROOM} before"

    with ExitStack() as stack:
        for peer in ("peer a", "peer b"):
            enter(stack.enter_context(client_of(server)), room, peer=peer)
        with console(chromium, server) as shown:
            shown.expect_members(room, ["peer a", "peer b"])
            stack.close()
            expect(shown.room(room)).to_have_count(0)


@pytest.mark.parametrize(("fault", "words"), [("410", "1 gone"), ("500", "1 failed")])
def test_what_does_not_arrive_is_shown(
    chromium: Browser, local_server: StartLocalServer, fault: str, words: str
) -> None:
    server = local_server("--faults", f"posts.{fault}=1")

    with console(chromium, server) as shown, client_of(server) as a, client_of(server) as b:
        for each in (a, b):
            say(each, {"type": "subscribe", "topics": ["lossy"]})
        expect(shown.room("lossy").locator(".members button")).to_have_count(2)
        shown.page.evaluate(SLOWLY)
        say(a, {"type": "publish", "topic": "lossy", "data": "to b"})
        expect(shown.events("encrypted", words)).to_have_count(1)
        shown.page.wait_for_function("window.travelled?.includes('lost in lossy')")


def test_hostile_names_and_payloads_are_shown_as_text(shown: ConsolePage) -> None:
    data = {"type": HOSTILE, "from": HOSTILE, "to": HOSTILE}
    with client_of(shown.server) as client:
        enter(client, HOSTILE, "__proto__", "\ud800\u202e", peer=HOSTILE)
        say(client, {"type": "publish", "topic": HOSTILE, "data": data})
        say(client, '{"type":"publish","topic":7,"data":null}')
        say(client, "[[[[")
        say(client, '{"type":{"a":1},"data":{"type":[]},"topics":"x"}')
        say(client, '{"type":"publish","topic":"__proto__","data":{"type":"toString","to":{}}}')
    expect(shown.events("close")).to_have_count(1)
    expect(shown.events(HOSTILE)).not_to_have_count(0)
    expect(shown.events("error frame")).not_to_have_count(0)
    for line in shown.events().all():
        line.get_by_role("button").dispatch_event("click")  # the detail may lie over it
    assert shown.page.locator("img").count() == 0
    assert shown.page.title() == "y-webrtc signaling console"


def test_a_paused_console_stands_still_and_then_shows_what_came(shown: ConsolePage) -> None:
    shown.page.locator("#pause").click()
    visit(shown.server, A="while waiting")
    # connect, subscribe, announce, close and disconnect
    expect(shown.page.locator("#pause")).to_have_text("Go on (5 waiting)")
    expect(shown.events()).to_have_count(0)
    shown.page.locator("#pause").click()
    expect(shown.events("subscribe", "while waiting")).to_have_count(1)
    expect(shown.page.locator("#pause")).to_have_text("Pause")


def test_filters_by_room_and_by_peer(shown: ConsolePage) -> None:
    visit(shown.server, peer_a="first room", peer_b="second room")
    expect(shown.events("close")).to_have_count(2)
    shown.filter(room="SECOND")
    expect(shown.events("first room")).to_have_count(0)
    expect(shown.events("second room")).not_to_have_count(0)
    expect(shown.events("close")).to_have_count(1)
    shown.filter(room="", peer="peer_a")
    expect(shown.events("announce")).to_have_count(1)
    expect(shown.events("second room")).to_have_count(0)
    shown.filter(peer=".*")  # not a pattern
    expect(shown.events()).to_have_count(0)


def test_an_event_is_opened_copied_and_downloaded_by_keyboard(shown: ConsolePage) -> None:
    page = shown.page
    visit(shown.server, A="by keyboard")
    expect(shown.events("close")).to_have_count(1)
    shown.events().first.get_by_role("button").focus()
    while "subscribe" not in page.evaluate("document.activeElement.textContent"):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    event = json.loads(page.locator("#json").inner_text())
    assert json.loads(event["body"]) == {"type": "subscribe", "topics": ["by keyboard"]}
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == event
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    name = download.value.suggested_filename
    assert re.fullmatch(r"\d{8}T\d{6}\.\d{3}Z-default-MessageFunction\.json", name)
    assert json.loads(Path(download.value.path()).read_text()) == event
    expect(page.locator("#command")).to_have_text(f"python -m local invoke MessageFunction {name}")
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()
    assert "subscribe" in page.evaluate("document.activeElement.textContent")


def test_it_keeps_a_bounded_number_of_events(shown: ConsolePage) -> None:
    with client_of(shown.server) as client:
        for _ in range(700):
            say(client, {"type": "ping"})
    expect(shown.events("close")).to_have_count(1)
    assert shown.events().count() == 500


@pytest.mark.parametrize("width", [1200, 400])
def test_nothing_is_wider_than_the_page(shown: ConsolePage, width: int) -> None:
    shown.page.set_viewport_size({"width": width, "height": 800})
    room = "a room with a name that is much longer than any screen is wide " * 9
    visit(shown.server, **{"peer " * 50: room})
    expect(shown.events("close")).to_have_count(1)
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= width


def test_who_met_while_nobody_looked_is_joined_by_a_line(
    chromium: Browser, shown: ConsolePage
) -> None:
    """In a tab that nobody looks at nothing moves, but nothing is missed."""
    shown.page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    shown.page.evaluate(SLOWLY)
    with peers(chromium, shown.server, 3, "room") as everyone:
        sync(everyone)
        expect(shown.room("room").locator(".met")).to_have_count(3)
        assert shown.page.evaluate("window.travelled ?? []") == []
