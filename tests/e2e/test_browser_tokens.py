"""Real y-webrtc clients in real browsers, on a server that asks for tokens."""

import json
import re
import time

from playwright.sync_api import Browser

from local import ROOT
from rig.issuer import Issuer
from rig.processes import wait_until
from rig.servers import LocalServer
from rig.tokens import LEEWAY, refusals, url_with
from tests.support.browsers import Peer, peers, sync


def test_browsers_with_good_tokens_sync_and_others_neither_read_nor_write(
    issuer: Issuer, guarded: LocalServer, chromium: Browser
) -> None:
    good = url_with(guarded, issuer.mint(aud="demo", topics=["room"]))
    expired = url_with(guarded, issuer.mint(aud="demo", exp=int(time.time()) - LEEWAY - 5))
    elsewhere = url_with(guarded, issuer.mint(aud="demo", topics=["another room"]))
    with peers(chromium, guarded, 2, "room", signaling=good) as everyone:
        outside = Peer(chromium, guarded.http_url, "room", signaling=expired)
        beside = Peer(chromium, guarded.http_url, "room", signaling=elsewhere)
        outside.expect_signaling("offline")
        beside.expect_signaling("connected")
        outside.type("from outside")
        beside.type("from beside")
        sync(everyone)
        assert "from" not in everyone[0].text()
        assert outside.text() == "from outside\n"
        assert beside.text() == "from beside\n"
        assert outside.frames == []
        wait_until(lambda: len(beside.frames) >= 2)  # of its subscribe and of its announce
        assert {json.loads(frame).get("code") for frame in beside.frames} == {"forbidden"}
        assert set(refusals(guarded)) == {"expired"}
        outside.leave()
        beside.leave()


def test_a_page_outlives_its_token_and_a_renewed_url_brings_it_back(
    issuer: Issuer, guarded: LocalServer, chromium: Browser
) -> None:
    refused_from = int(time.time()) + 12
    old = url_with(guarded, issuer.mint(aud="demo", exp=refused_from - LEEWAY))
    with peers(chromium, guarded, 2, "room", signaling=old) as everyone:
        renewing, idle = everyone
        sync(everyone)
        wait_until(lambda: time.time() > refused_from + 1)
        for peer in everyone:
            peer.expect_signaling("connected")
        guarded.stop()
        guarded.start()
        wait_until(lambda: refusals(guarded).count("expired") >= 4)
        idle.expect_signaling("offline")
        renewing.expect_signaling("offline")
        renewing.type("written offline")
        idle.expect_lines("written offline")

        new = url_with(guarded, issuer.mint(aud="demo"))
        renewing.page.evaluate(renewal(), new)
        renewing.expect_signaling("connected")
        renewing.expect_connected(1)
        newcomer = Peer(chromium, guarded.http_url, "room", signaling=new)
        newcomer.expect_lines("written offline")
        so_far = len(refusals(guarded))
        wait_until(lambda: len(refusals(guarded)) > so_far)
        idle.expect_signaling("offline")

        renewing.page.evaluate("demo.provider.disconnect(), demo.provider.connect()")
        renewing.expect_signaling("connected")
        newcomer.type("welcome back")
        renewing.expect_lines("welcome back")
        newcomer.leave()


def renewal() -> str:
    """Return the page's renewal as the docs have it, as a function of the new URL."""
    text = (ROOT / "docs" / "tokens.md").read_text()
    (code,) = re.findall(r"```js\n(async function renew .*?)^```", text, re.DOTALL | re.MULTILINE)
    named = "const provider = demo.provider; const signalingUrl = async () => url;"
    return f"async (url) => {{ {named}\n{code.partition('setInterval')[0]}\nawait renew() }}"
