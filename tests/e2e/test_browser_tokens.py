"""Real y-webrtc clients in real browsers, on a server that asks for tokens."""

import re
import time

from playwright.sync_api import Browser

from local import ROOT
from rig.issuer import Issuer
from rig.processes import wait_until
from rig.servers import LocalServer
from rig.tokens import LEEWAY, refusals, url_with
from tests.support.browsers import Peer, peers, sync


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
