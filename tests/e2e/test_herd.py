"""API Gateway cuts every connection at two hours, and who joined together comes back together."""

from typing import Any

import boto3
from playwright.sync_api import Browser

from rig.aws import dynamodb_client
from rig.processes import wait_until
from rig.servers import LocalServer, StartLocalServer
from tests.support.browsers import Peer, peers, sync
from tests.support.table import rows_of

ROOM = "herd"
PAGES = 5
LATENCY = ("--latency", "0:300")
"""What those who come back say is handled before, between and after what a newcomer says."""
NOWHERE = "nowhere"
"""No server's address: a page that is given it only waits for another."""


def connections(server: LocalServer, route: str) -> set[str]:
    return {line["connection"] for line in server.log if line["route"] == route}


def cut_all(server: LocalServer) -> set[str]:
    """Cut all connections at one moment, and return them."""
    cut = connections(server, "$connect") - connections(server, "$disconnect")
    management: Any = boto3.client("apigatewaymanagementapi", endpoint_url=f"{server.http_url}/dev")
    for connection in cut:
        management.delete_connection(ConnectionId=connection)
    return cut


def peers_in_table(endpoint: str) -> list[str]:
    """Return the peer ids of the room's rows."""
    rows = rows_of(dynamodb_client(endpoint), ROOM)
    return sorted(row["peer"]["S"] for row in rows if "peer" in row)


def test_a_newcomer_meets_everybody_while_a_herd_reconnects(
    chromium: Browser, local_server: StartLocalServer, dynamodb_local: str
) -> None:
    server = local_server("--dynamodb", dynamodb_local, *LATENCY)
    with peers(chromium, server, PAGES, ROOM) as everyone:
        newcomer = Peer(chromium, server.http_url, ROOM, signaling=NOWHERE)
        sync(everyone)
        # Not while it is joining: a signal to somebody between two connections is lost.
        first = cut_all(server)
        newcomer.page.evaluate("room => { location.hash = `room=${room}` }", ROOM)
        everyone.append(newcomer)
        sync(everyone)
        wait_until(lambda: first <= connections(server, "$disconnect"))
        second = cut_all(server)
        wait_until(lambda: second <= connections(server, "$disconnect"))
        assert (len(first), len(second)) == (PAGES, len(everyone))

        living = sorted(peer.peer_id() for peer in everyone)
        wait_until(lambda: peers_in_table(dynamodb_local) == living)
        for peer in everyone:
            peer.expect_signaling("connected")
        everyone[0].type("after two cuts")
        for peer in everyone:
            peer.expect_lines("after two cuts")
        assert len({peer.text() for peer in everyone}) == 1
        for peer in everyone:
            assert peer.connections_made() == ["connected"] * PAGES
            assert peer.page.evaluate("demo.provider.room.synced")
