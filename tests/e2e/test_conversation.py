"""Whole conversations over real WebSockets, against both servers and both tables."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from local import ROOT
from rig.clients import Client, Frame, clients
from rig.servers import LocalServer, ReferenceServer, StartLocalServer
from signaling.protocol import Limits, Publish, parse
from tests.support.messages import HOSTILE

TRACES = sorted((ROOT / "tests" / "traces").glob("*.jsonl"))
ROOM = "vZ#4h2%60$1H"
_SECONDS_TO_BE_INTRODUCED = 20.0


async def converse(url: str) -> dict[str, list[Frame]]:
    """Hold one conversation that both servers understand and return what each client got."""
    async with clients(url, "A", "B", "C") as (a, b, c):
        await a.subscribe()
        await a.subscribe(ROOM)
        await a.subscribe(ROOM)
        await a.announce(ROOM)
        await a.until_received(1)
        await b.subscribe(ROOM, "another")
        await b.announce(ROOM)
        await a.until_received(2)
        await b.until_received(1)
        await c.subscribe("another", ROOM)
        await c.publish(ROOM, "b3BhcXVl")
        await a.until_received(3)
        await b.until_received(2)
        await c.until_received(1)
        await a.signal(ROOM, b, signal={"type": "offer", "sdp": "v=0\r\n\u2028é🎉"})
        await a.until_received(4)
        await b.send(
            {"topic": "another", "type": "publish", "data": {"x": [1.5, None]}, "more": {"y": -0.0}}
        )
        await b.until_received(4)
        await c.send({"type": "unsubscribe", "topics": [ROOM, "never joined"]})
        await c.send({"type": "ping"})
        await c.until(lambda frames: {"type": "pong"} in frames)
        await b.signal(ROOM, a)
        await a.until_received(5)
        await b.until_received(5)
        await a.vanish()
        await asyncio.sleep(0.3)  # nothing tells the others of it
        await b.announce(ROOM)
        await b.until_received(6)
        return {client.peer: list(client.received) for client in (a, b, c)}


async def test_broadcast_is_what_the_reference_server_does(
    reference_server: ReferenceServer, local_server: StartLocalServer
) -> None:
    ours = local_server(environment={"DELIVERY": "broadcast"})
    expected = await converse(reference_server.websocket_url)
    assert await converse(ours.websocket_url) == expected
    assert expected["A"][0]["clients"] == 1


@pytest.mark.parametrize("trace", TRACES, ids=lambda path: path.stem)
async def test_recorded_clients_get_what_they_need(
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

    async with clients(local_server(*any_table).websocket_url, *map(str, peers)) as connected:
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
        for client in connected:
            assert not [frame for frame in client.received if frame["type"] == "error"]


def _announces_of(peer: int, events: list[dict[str, Any]]) -> list[Frame]:
    payloads = [each["payload"] for each in events if (each["peer"], each["dir"]) == (peer, "send")]
    messages = [parse(payload, False, Limits()) for payload in payloads]
    publishes = [each for each in messages if isinstance(each, Publish)]
    return [json.loads(each.text) for each in publishes if each.announce is not None]


def _needs(events: list[dict[str, Any]], received: dict[str, Any]) -> bool:
    mine = [each for each in events if (each["peer"], each["dir"]) == (received["peer"], "send")]
    sent = [json.loads(each["payload"]) for each in mine]
    frame = json.loads(received["payload"])
    if frame["type"] == "pong":
        return True
    data = frame["data"]
    names = {each["data"]["from"] for each in sent if isinstance(each.get("data"), dict)}
    is_for_another = isinstance(data, dict) and "to" in data and data["to"] not in names
    return not is_for_another and _without_clients(frame) not in sent


def _without_clients(frame: Frame) -> Frame:
    return {key: value for key, value in frame.items() if key != "clients"}


async def test_every_hostile_message_gets_its_error_frame_and_nobody_else_notices(
    shared_server: LocalServer,
) -> None:
    hostile = {
        body: code
        for body, code in HOSTILE.values()
        if "\ud800" not in body and len(body) <= 32 * 1024  # API Gateway closes on longer frames
    }
    async with clients(shared_server.websocket_url, "A", "B") as (a, b):
        await b.subscribe("t")
        for number, body in enumerate(hostile, start=1):
            await a.send(body)
            await a.until_received(number)
        assert [frame["code"] for frame in a.received] == [*hostile.values()]
        await a.publish("t", "still here")
        await b.until_received(1)
        assert b.received[0]["data"] == "still here"
