"""Frames that a client is to get at one moment are sent together."""

import json
import os
import signal

import pytest

from local.sockets.outbox import MOST_UNSENT, text_head
from rig.clients import Frame, clients
from rig.raw import frame, open_websocket
from rig.servers import StartLocalServer


async def test_messages_handled_together_arrive_in_order(local_server: StartLocalServer) -> None:
    server = local_server("--throttle", "none")
    texts = ["x" * size for number in range(MOST_UNSENT) for size in (number, 200, 500)]
    async with clients(server.websocket_url, "receiver") as (receiver,):
        await receiver.subscribe("room")
        await receiver.settled()
        with open_websocket(server) as sender:
            os.kill(server.pid, signal.SIGSTOP)  # so that it finds them all when it goes on
            for text in texts:
                published = {"type": "publish", "topic": "room", "data": {"text": text}}
                sender.sendall(frame(0x81, json.dumps(published).encode()))
            os.kill(server.pid, signal.SIGCONT)
            await receiver.until(lambda frames: len(published_in(frames)) == len(texts))
    assert published_in(receiver.received) == texts


def published_in(frames: list[Frame]) -> list[str]:
    return [each["data"]["text"] for each in frames if each["type"] == "publish"]


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_a_frames_head_says_its_size_as_rfc_6455_wants_it(size: int, head: bytes) -> None:
    assert text_head(size) == head
