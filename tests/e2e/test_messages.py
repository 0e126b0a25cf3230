"""What becomes of a message when its route is full, or its function fails or is late."""

import asyncio

from rig.clients import Frame, clients
from rig.servers import LocalServer, StartLocalServer
from tests.support.planted import Plant, program_with, with_functions

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


def is_told(frame: Frame, message: str) -> bool:
    """Tell whether `frame` is API Gateway's, with this message."""
    is_whole = all(frame[key].endswith("=") for key in ("connectionId", "requestId"))
    is_all = frame.keys() == {"message", "connectionId", "requestId"}
    return is_whole and is_all and frame["message"] == message


async def tell_of_a_failure(server: LocalServer, body: str) -> Frame:
    async with clients(server.websocket_url, "A") as (a,):
        await a.send(body)
        await a.until_received(1)
        await a.send({"type": "ping"})
        await a.until_received(2)
        told, pong = a.received
        assert pong == {"type": "pong"}
        return told


async def test_a_client_is_told_when_the_function_fails_and_stays_connected(plant: Plant) -> None:
    server = plant(MISBEHAVES)
    for body in ("fail", "return"):
        assert is_told(await tell_of_a_failure(server, body), "Internal server error")


async def test_a_client_is_told_when_the_function_is_late_and_what_it_returns_is_dropped(
    plant: Plant,
) -> None:
    server = plant(MISBEHAVES, "--latency", "0:1")
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
        await a.until_received(1)
    assert server.stop() == 0  # it waits 15 seconds for that
    assert "abandoned" in server.output


THROTTLED = "RouteRateLimit=1 RouteBurstLimit=5 MessageRateLimit=1 MessageBurstLimit=3"


async def test_messages_beyond_the_routes_throttle_are_answered_by_a_frame_that_says_so(
    local_server: StartLocalServer,
) -> None:
    server = local_server("--parameter-overrides", THROTTLED)
    async with clients(server.websocket_url, "A", "B") as (a, b):
        for _ in range(5):
            await a.send("{}")
        await a.until_received(5)
        await b.send("{}")  # the throttle is the route's, not the client's
        await b.until_received(1)
        for _ in range(7):
            await b.send({"type": "ping"})  # the MOCK route has a throttle of its own
        await b.until_received(8)
        assert b.received[1:6] == [{"type": "pong"}] * 5
        assert all(is_told(b.received[each], "Too Many Requests") for each in (0, 6, 7))
        await asyncio.sleep(1.1)
        await a.send("{}")
        await a.until_received(6)
    assert [each.get("type") for each in a.received] == [*["error"] * 3, None, None, "error"]
    assert all(is_told(frame, "Too Many Requests") for frame in a.received[3:5])
    assert len([line for line in server.log if line["route"] == "$default"]) == 4


async def test_without_a_throttle_every_message_passes(local_server: StartLocalServer) -> None:
    server = local_server("--throttle", "none", "--parameter-overrides", THROTTLED)
    async with clients(server.websocket_url, "A") as (a,):
        for _ in range(50):
            await a.send("{}")
        await a.until_received(50)
    assert {frame["type"] for frame in a.received} == {"error"}
