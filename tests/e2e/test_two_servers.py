"""Two signaling servers in one page's list: y-webrtc speaks to both at once."""

from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from rig.pages.meetings import MeetingPlace
from rig.pages.outcomes import Kind, failed
from rig.servers import LocalServer, StartLocalServer
from signaling.introductions import SAME_MOMENT_MILLISECONDS
from tests.support.browsers import Peer, sync

MOST_APART = SAME_MOMENT_MILLISECONDS / 2
"""Of pages that two servers order alike: each server sees them at times of its own."""


@pytest.fixture
def servers(local_server: StartLocalServer) -> list[LocalServer]:
    """Two local servers that know nothing of each other."""
    return [local_server(), local_server()]


def test_pages_that_come_to_two_servers_at_one_moment_meet_once(
    place: MeetingPlace, servers: list[LocalServer]
) -> None:
    outcomes = place.hold(Kind(3), 10, *(server.websocket_url for server in servers))
    at_one_moment = [each for each in outcomes if each.milliseconds_apart < MOST_APART]
    assert len(at_one_moment) > 2
    assert failed(at_one_moment) == []
    assert all(each.made == [2] * 3 for each in at_one_moment)


@pytest.mark.parametrize("killed", [0, 1], ids=["the first is killed", "the second is killed"])
def test_pages_with_two_servers_stay_whole_on_either(
    chromium: Browser, servers: list[LocalServer], killed: int
) -> None:
    urls = [server.websocket_url for server in servers]
    with ExitStack() as stack:
        everyone: list[Peer] = []

        def come(server: LocalServer) -> None:
            everyone.append(Peer(chromium, server.http_url, "room", signaling=urls))
            stack.callback(everyone[-1].leave)
            # Not of one server: to that which it reaches last, the next page may be the elder.
            everyone[-1].expect_servers(sum(each.is_running for each in servers))
            everyone[-1].expect_others(len(everyone) - 1)

        for _ in range(3):
            come(servers[0])
        sync(everyone)
        assert [peer.connections_made() for peer in everyone] == [["connected"] * 2] * 3

        servers[killed].stop()
        everyone[0].type("one server less")
        for peer in everyone:
            peer.expect_lines("one server less")

        come(servers[1 - killed])
        sync(everyone)
        assert [peer.connections_made() for peer in everyone] == [["connected"] * 3] * 4
