"""API Gateway cuts every connection at two hours, and who joined together comes back together."""

import time

from playwright.sync_api import Browser

from local.sam.template import Stack
from tests.support.aws import dynamodb_client
from tests.support.browsers import Peer, peers, sync
from tests.support.servers import LocalServer, StartLocalServer, wait_until

ROOM = "herd"
PAGES = 8
SECONDS_OF_LIFE = 8  # in which a newcomer must meet eight others, on a slow machine too
SECONDS_TO_TELL_THEM = 0.5
CONNECT_AT = "at => setTimeout(() => demo.provider.signalingConns[0].connect(), at - Date.now())"
NOWHERE = "nowhere"
"""No server's address: a page that is given it only waits for another."""


def cuts(server: LocalServer) -> int:
    return sum(line["route"] == "$disconnect" for line in server.log)


def peers_in_table(endpoint: str, table: str) -> list[str]:
    """Return the peer ids of the room's rows."""
    answer = dynamodb_client(endpoint).query(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"topic-{ROOM}"}},
    )
    return sorted(row["peer"]["S"] for row in answer["Items"])


def test_a_newcomer_meets_everybody_while_a_herd_reconnects(
    chromium: Browser, local_server: StartLocalServer, dynamodb_local: str, stack: Stack
) -> None:
    options = ("--dynamodb", dynamodb_local)
    server = local_server(*options)
    with peers(chromium, server, PAGES, ROOM) as everyone:
        newcomer = Peer(chromium, server.http_url, ROOM, signaling=NOWHERE)
        sync(everyone)
        for peer in everyone:
            peer.page.evaluate("demo.provider.signalingConns[0].disconnect()")
        server.stop()
        server = local_server(*options, "--life", str(SECONDS_OF_LIFE), port=server.port)
        together = 1000 * (time.time() + SECONDS_TO_TELL_THEM)
        for peer in everyone:
            peer.page.evaluate(CONNECT_AT, together)

        wait_until(lambda: cuts(server) >= PAGES)
        newcomer.page.evaluate("room => { location.hash = `room=${room}` }", ROOM)
        everyone.append(newcomer)
        sync(everyone)
        wait_until(lambda: cuts(server) >= PAGES + len(everyone))

        for peer in everyone:
            peer.expect_signaling("connected")
        living = sorted(peer.peer_id() for peer in everyone)
        table = str(stack.table["TableName"])
        wait_until(lambda: peers_in_table(dynamodb_local, table) == living)
        everyone[0].type("after two cuts")
        for peer in everyone:
            peer.expect_lines("after two cuts")
        assert len({peer.text() for peer in everyone}) == 1
        for peer in everyone:
            assert peer.connections_made() == ["connected"] * PAGES
            assert peer.page.evaluate("demo.provider.room.synced")
