"""What becomes of a message when its route is full, or its function fails or is late."""

import asyncio
from typing import Any

from rig.clients import Client, Frame, clients
from rig.servers import LocalServer, StartLocalServer
from tests.support.planted import planted, program_with, with_functions

MISBEHAVES = with_functions("""
invoker.INTEGRATION_SECONDS = 1

def handle(name, handler, event, context):
    body = event.get("body", "")
    if "fail" in body:
        return None
    if "return" in body:
        return "no object"
    if "sleep" in body:
        time.sleep(2)
    return handler(event, context)
""")


async def answers(client: Client, number: int) -> list[dict[str, Any]]:
    return (await client.until(lambda frames: len(frames) >= number))[:number]


def is_told(frame: Frame, message: str) -> bool:
    """Tell whether `frame` is API Gateway's, with this message."""
    is_whole = all(frame[key].endswith("=") for key in ("connectionId", "requestId"))
    is_all = frame.keys() == {"message", "connectionId", "requestId"}
    return is_whole and is_all and frame["message"] == message


async def tell_of_a_failure(server: LocalServer, body: str) -> Frame:
    async with clients(server.websocket_url, "A") as (a,):
        await a.send(body)
        (told,) = await answers(a, 1)
        await a.send({"type": "ping"})
        assert (await answers(a, 2))[1] == {"type": "pong"}
        return told


async def test_a_client_is_told_when_the_function_fails_and_stays_connected(
    local_server: StartLocalServer,
) -> None:
    server = planted(local_server, MISBEHAVES)
    for body in ("fail", "return"):
        assert is_told(await tell_of_a_failure(server, body), "Internal server error")


async def test_a_client_is_told_when_the_function_is_late_and_what_it_returns_is_dropped(
    local_server: StartLocalServer,
) -> None:
    server = planted(local_server, MISBEHAVES, "--latency", "0:1")
    assert is_told(await tell_of_a_failure(server, "sleep"), "Endpoint request timed out")
    assert "error: MessageFunction: Task timed out after 1 seconds" in server.output


HANGS = with_functions("""
def handle(name, handler, event, context):
    if name == "MessageFunction":
        time.sleep(120)
    return handler(event, context)
""")


async def test_a_function_that_hangs_does_not_keep_the_server_from_ending() -> None:
    server = LocalServer("--latency", "0:1", program=program_with(HANGS))
    server.start()
    async with clients(server.websocket_url, "A") as (a,):
        await a.send("{}")
        await a.send({"type": "ping"})
        await answers(a, 1)
    assert server.stop() == 0  # it waits 15 seconds for that
    assert "given up" in server.output


THROTTLED = "RouteRateLimit=1 RouteBurstLimit=5 MessageRateLimit=1 MessageBurstLimit=3"


async def test_messages_beyond_the_routes_throttle_are_answered_by_a_frame_that_says_so(
    local_server: StartLocalServer,
) -> None:
    server = local_server("--parameter-overrides", THROTTLED)
    async with clients(server.websocket_url, "A", "B") as (a, b):
        for _ in range(5):
            await a.send("{}")
        frames = await answers(a, 5)
        await b.send("{}")  # the throttle is the route's, not the client's
        assert is_told((await answers(b, 1))[0], "Too Many Requests")
        await b.send({"type": "ping"})  # it has a throttle of its own
        assert (await answers(b, 2))[1] == {"type": "pong"}
        await asyncio.sleep(1.1)
        await a.send("{}")
        assert (await answers(a, 6))[5]["type"] == "error"
    assert [frame.get("type") for frame in frames] == ["error"] * 3 + [None] * 2
    assert all(is_told(frame, "Too Many Requests") for frame in frames[3:])
    assert len([line for line in server.log if line["route"] == "$default"]) == 4


async def test_the_throttle_of_the_mock_route_is_its_own(local_server: StartLocalServer) -> None:
    server = local_server("--parameter-overrides", THROTTLED)
    async with clients(server.websocket_url, "A") as (a,):
        for _ in range(7):
            await a.send({"type": "ping"})
        frames = await answers(a, 7)
    assert frames[:5] == [{"type": "pong"}] * 5
    assert all(is_told(frame, "Too Many Requests") for frame in frames[5:])


async def test_without_a_throttle_every_message_passes(local_server: StartLocalServer) -> None:
    server = local_server("--throttle", "none", "--parameter-overrides", THROTTLED)
    async with clients(server.websocket_url, "A") as (a,):
        for _ in range(50):
            await a.send("{}")
        assert {frame["type"] for frame in await answers(a, 50)} == {"error"}
