"""Two signaling servers in one page's list: y-webrtc speaks to both at once."""

import pytest
from playwright.sync_api import Browser

from tests.support.browsers import Peer, peers, sync
from tests.support.servers import StartLocalServer


@pytest.mark.parametrize("killed", [0, 1], ids=["the first is killed", "the second is killed"])
def test_pages_with_two_servers_meet_once_and_stay_whole_on_either(
    chromium: Browser, local_server: StartLocalServer, killed: int
) -> None:
    servers = [local_server(), local_server()]
    urls = [server.websocket_url for server in servers]
    with peers(chromium, servers[0], 3, "room", signaling=urls) as everyone:
        sync(everyone)
        assert [peer.connections_made() for peer in everyone] == [["connected"] * 2] * 3

        servers[killed].stop()
        everyone[0].type("one server less")
        for peer in everyone:
            peer.expect_lines("one server less")

        newcomer = Peer(chromium, servers[1 - killed].http_url, "room", signaling=urls)
        everyone.append(newcomer)
        sync(everyone)
        assert [peer.connections_made() for peer in everyone] == [["connected"] * 3] * 4
        assert all(peer.page.evaluate("demo.provider.room.synced") for peer in everyone)
