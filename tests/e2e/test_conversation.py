"""Whole conversations over real WebSockets, against both servers and both tables."""

import asyncio
import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local import ROOT
from local.sam.template import Stack
from rig.aws import dynamodb_client
from rig.clients import Client, Frame, clients
from rig.introductions import until_introduced
from rig.servers import ReferenceServer, StartLocalServer, wait_until
from signaling.protocol import Limits, Publish, parse
from tests.support.messages import HOSTILE
from tests.support.planted import planted

TRACES = sorted((ROOT / "tests" / "traces").glob("*.jsonl"))
ROOM = "vZ#4h2%60$1H"
_SECONDS_TO_BE_INTRODUCED = 20.0


async def converse(url: str) -> dict[str, list[Frame]]:
    """Hold one conversation that both servers understand and return what each client got."""

    async def everyone_has(number: int, *receivers: Client) -> None:
        for client in receivers:
            await client.until_received(number)

    async with clients(url, "A", "B", "C") as (a, b, c):
        await a.subscribe()
        await a.subscribe(ROOM)
        await a.subscribe(ROOM)
        await a.announce(ROOM)
        await everyone_has(1, a)
        await b.subscribe(ROOM, "another")
        await b.announce(ROOM)
        await everyone_has(2, a)
        await everyone_has(1, b)
        await c.subscribe("another", ROOM)
        await c.publish(ROOM, "b3BhcXVl")
        await everyone_has(3, a)
        await everyone_has(2, b)
        await everyone_has(1, c)
        await a.signal(ROOM, b, signal={"type": "offer", "sdp": "v=0\r\n\u2028é🎉"})
        await everyone_has(4, a)
        await b.send(
            {"topic": "another", "type": "publish", "data": {"x": [1.5, None]}, "more": {"y": -0.0}}
        )
        await everyone_has(4, b)
        await c.send({"type": "unsubscribe", "topics": [ROOM, "never joined"]})
        await c.send({"type": "ping"})
        await c.until(lambda frames: {"type": "pong"} in frames)
        await b.signal(ROOM, a)
        await everyone_has(5, a, b)
        await a.kill()
        await asyncio.sleep(0.3)  # nothing tells the others of it
        await b.announce(ROOM)
        await everyone_has(6, b)
        return {client.peer: list(client.received) for client in (a, b, c)}


def test_broadcast_is_what_the_reference_server_does(
    reference_server: ReferenceServer, local_server: StartLocalServer
) -> None:
    ours = local_server(environment={"DELIVERY": "broadcast"})
    expected = asyncio.run(converse(reference_server.websocket_url))
    assert asyncio.run(converse(ours.websocket_url)) == expected
    assert expected["A"][0]["clients"] == 1


@pytest.mark.parametrize("trace", TRACES, ids=lambda path: path.stem)
def test_recorded_clients_get_what_they_need(
    trace: Path, local_server: StartLocalServer, any_table: tuple[str, ...]
) -> None:
    """Replay what browsers sent and compare with what the reference server sent them.

    A client needs every frame that it got then, but for its own and those to other peers. Where it
    got an announce, it needs it, or the other client its, after the other announced itself: a page
    that leaves enters once more, and who makes an offer to it has heard of that.
    """
    events = [json.loads(line) for line in trace.read_text().splitlines()]
    peers = sorted({event["peer"] for event in events})
    announces = {peer: _announces_of(peer, events) for peer in peers}

    def is_introduced(
        connected: list[Client], peer: int, other: int, announce: Frame, since: list[int]
    ) -> bool:
        heard, told = (
            [_without_clients(frame) for frame in connected[each].received[since[each] :]]
            for each in (peer, other)
        )
        return announce in heard or any(each in announces[peer] for each in told)

    async def replay(url: str) -> list[Client]:
        async with clients(url, *map(str, peers)) as connected:
            received_before: dict[int, list[list[int]]] = {peer: [] for peer in peers}
            heard_of: Counter[tuple[int, int]] = Counter()
            for event in events:
                number, client = event["peer"], connected[event["peer"]]
                if event["dir"] == "send":
                    if json.loads(event["payload"]) in announces[number]:
                        received_before[number].append([len(each.received) for each in connected])
                    await client.send(event["payload"])
                elif event["dir"] == "recv" and _needs(events, event):
                    needed = _without_clients(json.loads(event["payload"]))
                    senders = [peer for peer in peers if needed in announces[peer]]
                    for sender in senders:
                        since = received_before[sender][heard_of[number, sender]]
                        heard_of[number, sender] += 1
                        async with asyncio.timeout(_SECONDS_TO_BE_INTRODUCED):
                            while not is_introduced(connected, number, sender, needed, since):
                                await asyncio.sleep(0.01)
                    if not senders:
                        await client.until(
                            lambda frames, needed=needed: needed in map(_without_clients, frames)
                        )
            return connected

    for client in asyncio.run(replay(local_server(*any_table).websocket_url)):
        assert not [frame for frame in client.received if frame["type"] == "error"]


def _announces_of(peer: int, events: list[dict[str, Any]]) -> list[Frame]:
    payloads = [each["payload"] for each in events if (each["peer"], each["dir"]) == (peer, "send")]
    messages = [parse(payload, False, Limits()) for payload in payloads]
    publishes = [each for each in messages if isinstance(each, Publish)]
    return [json.loads(each.text) for each in publishes if each.announce is not None]


def _needs(events: list[dict[str, Any]], received: dict[str, Any]) -> bool:
    peer = received["peer"]
    sent = [
        json.loads(event["payload"])
        for event in events
        if event["peer"] == peer and event["dir"] == "send"
    ]
    frame = json.loads(received["payload"])
    if frame["type"] == "pong":
        return True
    data = frame["data"]
    names = {each["data"]["from"] for each in sent if isinstance(each.get("data"), dict)}
    is_for_another = isinstance(data, dict) and "to" in data and data["to"] not in names
    return not is_for_another and _without_clients(frame) not in sent


def _without_clients(frame: Frame) -> Frame:
    return {key: value for key, value in frame.items() if key != "clients"}


FORGETFUL = """
from local.gateway.gateway import Gateway

Gateway.closed = lambda self, connection, code, reason="": self.connections.pop(connection.id, None)
"""


def test_a_client_that_vanished_leaves_no_row_once_its_room_was_published_to(
    local_server: StartLocalServer, dynamodb_local: str, stack: Stack
) -> None:
    server = planted(local_server, FORGETFUL, "--dynamodb", dynamodb_local)
    table = dynamodb_client(dynamodb_local)

    def rows(topic: str) -> int:
        key = {":pk": {"S": f"topic-{topic}"}}
        name = stack.table["TableName"]
        answer = table.query(
            TableName=name, KeyConditionExpression="pk = :pk", ExpressionAttributeValues=key
        )
        return int(answer["Count"])

    def has_two_rows(topic: str) -> bool:
        return rows(topic) == 2

    async def talk() -> None:
        async with clients(server.websocket_url, "A", "B", "C") as (a, b, c):
            for client in (a, b, c):
                await client.subscribe("abandoned", "abandoned too")
            wait_until(lambda: rows("abandoned too") == 3)
            await b.kill()
            for number, topic in enumerate(("abandoned", "abandoned too"), start=1):
                await a.publish(topic, "is anybody here?")
                await c.until_received(number)
                wait_until(partial(has_two_rows, topic))

    asyncio.run(talk())


def test_a_join_of_8_delivers_no_more_than_anyone_needed(local_server: StartLocalServer) -> None:
    signals_of_a_pair = 6

    async def join() -> tuple[int, int]:
        needed = 0
        async with clients(server.websocket_url, *"ABCDEFGH") as everyone:
            present: list[Client] = []
            for newcomer in everyone:
                await newcomer.subscribe("room")
                await newcomer.announce("room")
                needed += len(present)
                for member in present:
                    await until_introduced(member, newcomer)
                    for number in range(signals_of_a_pair):
                        sender, receiver = (member, newcomer) if number % 2 else (newcomer, member)
                        await sender.signal("room", receiver, number=number)
                        needed += 1
                present.append(newcomer)
            for client in everyone:
                await client.settled()
            return needed, sum(
                frame["type"] == "publish" for each in everyone for frame in each.received
            )

    server = local_server()
    needed, delivered = asyncio.run(join())
    assert needed == 196
    assert needed <= delivered <= needed * 1.1


def test_hostile_frames_leave_the_connection_open_and_the_rooms_untouched(
    local_server: StartLocalServer, any_table: tuple[str, ...]
) -> None:
    server = local_server(*any_table)
    bodies = [body for body, _ in HOSTILE.values() if "\ud800" not in body]

    async def misbehave() -> None:
        async with clients(server.websocket_url, "A", "B") as (a, b):
            await b.subscribe("t")
            sent = 0
            for body in bodies:
                if len(body) <= 32 * 1024:  # API Gateway closes on longer frames
                    await a.send(body)
                    sent += 1
                    await a.until_received(sent)
                    assert a.received[-1]["type"] == "error"
            await a.publish("t", "still here")
            await b.until_received(1)
            assert b.received[0]["data"] == "still here"

    asyncio.run(misbehave())


def test_a_frame_that_api_gateway_would_not_take_closes_the_connection(
    local_server: StartLocalServer,
) -> None:
    async def close_code(url: str, frame: str | bytes) -> int | None:
        async with clients(url, "A") as (client,):
            await client.send(frame)
            async with asyncio.timeout(10):
                await client.reader
            return client.socket.close_code

    server = local_server()
    for frame, code in (("x" * (33 * 1024), 1009), (b'{"type":"ping"}', 1003)):
        assert asyncio.run(close_code(server.websocket_url, frame)) == code
    wait_until(lambda: [line.get("code") for line in server.log][-1:] == [1003])
    assert {line["route"] for line in server.log} == {"$connect", "$disconnect"}
