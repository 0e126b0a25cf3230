"""How the local server takes WebSocket frames, good and bad."""

import json

import aiohttp
import pytest

from rig.raw import frame, open_websocket
from rig.servers import LocalServer


def answer_to(server: LocalServer, frames: bytes) -> bytes:
    """Return all that comes after a handshake and `frames`, until the server hangs up."""
    with open_websocket(server) as connection:
        connection.sendall(frames)
        return b"".join(iter(lambda: connection.recv(4096), b""))


def close_frame(code: int) -> bytes:
    return b"\x88\x02" + code.to_bytes(2)


PING = b'{"type":"ping"}'


ANSWERS = {
    "empty close": (frame(0x88), b"\x88\x00"),
    "close with a reason": (frame(0x88, b"\x03\xe8bye"), close_frame(1000)),
    "close of an app's own": (frame(0x88, (4321).to_bytes(2)), close_frame(4321)),
    "close with half a code": (frame(0x88, b"\x03"), close_frame(1002)),
    "code 0": (frame(0x88, (0).to_bytes(2)), close_frame(1002)),
    "code that is none": (frame(0x88, (1005).to_bytes(2)), close_frame(1002)),
    "code 65535": (frame(0x88, (65535).to_bytes(2)), close_frame(1002)),
    "reason that is no UTF-8": (frame(0x88, b"\x03\xe8\xff"), close_frame(1007)),
    "reserved bit": (frame(0xC1, PING), close_frame(1002)),
    "lone continuation": (frame(0x80, PING), close_frame(1002)),
    "message within a message": (frame(0x01, PING[:5]) + frame(0x81, PING), close_frame(1002)),
    "binary, which no function gets": (frame(0x82, PING), close_frame(1003)),
}


@pytest.mark.parametrize(("frames", "answer"), ANSWERS.values(), ids=ANSWERS)
def test_a_frame_is_answered_as_rfc_6455_and_api_gateway_say(
    shared_server: LocalServer, frames: bytes, answer: bytes
) -> None:
    answered = answer_to(shared_server, frames)
    assert answered[:1] + bytes([len(answer) - 2]) + answered[2 : len(answer)] == answer


def test_a_ping_is_answered(shared_server: LocalServer) -> None:
    assert answer_to(shared_server, frame(0x89, b"hello") + frame(0x88)) == b"\x8a\x05hello\x88\x00"


def test_what_came_before_a_frame_that_is_too_large_is_handled(shared_server: LocalServer) -> None:
    """Also if all come at once; what follows is not."""
    too_large = frame(0x81, b"x" * 40_000)
    answer = answer_to(shared_server, frame(0x81, PING) + too_large + frame(0x81, PING))
    assert answer.count(b'{"type":"pong"}') == 1
    assert answer.endswith(close_frame(1009))


async def send_in_fragments(server: LocalServer, *fragments: bytes) -> aiohttp.WSMessage:
    """Send one text message, a frame for each of `fragments`, and return what comes back."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(server.websocket_url) as socket,
    ):
        opcodes = [0x01] + [0x00] * (len(fragments) - 1)
        transport = socket._writer.transport
        assert transport
        for number, (opcode, fragment) in enumerate(zip(opcodes, fragments, strict=True)):
            fin = 0x80 if number == len(fragments) - 1 else 0
            transport.write(frame(fin | opcode, fragment))
        return await socket.receive(timeout=10)


async def test_a_message_in_fragments_arrives_whole(shared_server: LocalServer) -> None:
    for fragments in (
        (PING[:8], PING[8:12], PING[12:]),
        (b"", PING, b""),
        [PING[:1]] + [b""] * 500 + [PING[1:]],
    ):
        answer = await send_in_fragments(shared_server, *fragments)
        assert answer.data == '{"type":"pong"}'


LIMITS = {
    "32 KB in a frame": ([b"x" * 32 * 1024], None),
    "more in a frame": ([b"x" * (32 * 1024 + 1)], 1009),
    "128 KB in frames": ([b"x" * 32 * 1024] * 4, None),
    "more in frames": ([b"x" * 32 * 1024] * 4 + [b"x"], 1009),
    "too many frames": ([b"{"] + [b""] * 8_000 + [b"}"], 1008),
    "no UTF-8": ([b"\xff"], 1007),
}


@pytest.mark.parametrize(("fragments", "close_code"), LIMITS.values(), ids=LIMITS)
async def test_frames_and_messages_have_api_gateways_limits(
    shared_server: LocalServer, fragments: list[bytes], close_code: int | None
) -> None:
    answer = await send_in_fragments(shared_server, *fragments)
    if close_code is None:
        assert json.loads(answer.data)["type"] == "error"  # the function's, not API Gateway's
    else:
        assert (answer.type, answer.data) == (aiohttp.WSMsgType.CLOSE, close_code)
