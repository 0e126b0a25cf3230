"""The console in real Chromium, with real y-webrtc peers."""

import asyncio
import json
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from rig.clients import Client, clients
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


def converse(server: LocalServer, talk: Callable[..., Awaitable[None]], *names: str) -> None:
    """Let clients with these peer ids talk; in a thread, because Playwright has the loop here."""

    async def connected() -> None:
        async with clients(server.websocket_url, *names) as everyone:
            await talk(*everyone)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, connected()).result(60)


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

    async def talk(a: Client, b: Client) -> None:
        for each in (a, b):
            await each.subscribe(room)
            await each.announce(room)
        await asyncio.gather(a.settled(), b.settled())
        await asyncio.to_thread(opened.wait, 30)

    opened = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        talking = thread.submit(converse, server, talk, "peer a", "peer b")
        with console(chromium, server) as shown:
            shown.expect_members(room, ["peer a", "peer b"])
            opened.set()
            talking.result(30)
            expect(shown.room(room)).to_have_count(0)


@pytest.mark.parametrize(("fault", "words"), [("410", "1 gone"), ("500", "1 failed")])
def test_what_does_not_arrive_is_shown(
    chromium: Browser, local_server: StartLocalServer, fault: str, words: str
) -> None:
    server = local_server("--faults", f"posts.{fault}=1")

    async def talk(a: Client, b: Client) -> None:
        for each in (a, b):
            await each.subscribe("lossy")
        await asyncio.to_thread(shown_is_full.wait, 30)
        await a.publish("lossy", "to b")
        await asyncio.to_thread(expected.wait, 30)

    shown_is_full, expected = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as thread, console(chromium, server) as shown:
        talking = thread.submit(converse, server, talk, "A", "B")
        expect(shown.room("lossy").locator(".members button")).to_have_count(2)
        shown.page.evaluate(SLOWLY)
        shown_is_full.set()
        expect(shown.events("encrypted", words)).to_have_count(1)
        shown.page.wait_for_function("window.travelled?.includes('lost in lossy')")
        expected.set()
        talking.result(60)


def test_hostile_names_and_payloads_are_shown_as_text(shown: ConsolePage) -> None:
    async def talk(a: Client) -> None:
        await a.subscribe(HOSTILE, "__proto__", "\ud800\u202e")
        await a.announce(HOSTILE)
        await a.publish(HOSTILE, {"type": HOSTILE, "from": HOSTILE, "to": HOSTILE})
        await a.send('{"type":"publish","topic":7,"data":null}')
        await a.send("[[[[")
        await a.send('{"type":{"a":1},"data":{"type":[]},"topics":"x"}')
        await a.send('{"type":"publish","topic":"__proto__","data":{"type":"toString","to":{}}}')
        await a.settled()

    converse(shown.server, talk, HOSTILE)
    expect(shown.events("close")).to_have_count(1)
    expect(shown.events(HOSTILE)).not_to_have_count(0)
    expect(shown.events("error frame")).not_to_have_count(0)
    for line in shown.events().all():
        line.get_by_role("button").dispatch_event("click")  # the detail may lie over it
    assert shown.page.locator("img").count() == 0
    assert shown.page.title() == "y-webrtc signaling console"


def visit(server: LocalServer, **rooms: str) -> None:
    """Let a client with each peer id enter its room, announce itself there, and leave."""

    async def talk(*everyone: Client) -> None:
        for each in everyone:
            await each.subscribe(rooms[each.peer])
            await each.announce(rooms[each.peer])
            await each.settled()

    converse(server, talk, *rooms)


def test_a_paused_console_stands_still_and_then_shows_what_came(shown: ConsolePage) -> None:
    shown.page.locator("#pause").click()
    visit(shown.server, A="while waiting")
    # connect, subscribe, announce, the question, close and disconnect
    expect(shown.page.locator("#pause")).to_have_text("Go on (6 waiting)")
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
    async def talk(a: Client) -> None:
        for _ in range(700):
            await a.send({"type": "ping"})
        await a.until_received(700)

    converse(shown.server, talk, "peer a")
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
