"""Who gets a WebSocket, and what the others get, over real sockets."""

import asyncio

import aiohttp

from rig.servers import LocalServer, StartLocalServer
from signaling.event import LONGEST_URL
from tests.support.handshakes import status_of
from tests.support.planted import Plant, with_functions

ANSWERS = with_functions("""
def handle(name, handler, event, context):
    if name == "ConnectFunction":
        return eval(event["queryStringParameters"]["answer"])
    return handler(event, context)
""")


NONSENSE = (
    "None",
    "'OK'",
    "dict()",
    "dict(statusCode='x')",
    "dict(statusCode=99)",
    "dict(statusCode=700)",
    "dict(statusCode=200,headers={'Sec-WebSocket-Protocol':'a\\r\\nb'})",
    "dict(statusCode=200,headers=[1])",
)


async def test_what_connect_answers_decides_and_its_status_is_passed_on(plant: Plant) -> None:
    server = plant(ANSWERS)
    statuses = {
        **{f"dict(statusCode={status})": 101 for status in (200, 204, 299)},
        **{f"dict(statusCode={each})": each for each in (302, 400, 401, 403, 429, 500, 503)},
        "dict(statusCode='403')": 403,
        **dict.fromkeys(NONSENSE, 502),
    }
    for answer, status in statuses.items():
        assert await status_of(f"{server.websocket_url}?answer={answer}") == status, answer


async def test_the_subprotocol_that_connect_chooses_reaches_the_client(plant: Plant) -> None:
    server = plant(ANSWERS)

    async def chosen(headers: str) -> tuple[str | None, str | None]:
        url = f"{server.websocket_url}?answer=dict(statusCode=200,headers={headers})"
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url, protocols=["first", "second"]) as socket,
        ):
            return socket.protocol, socket._response.headers.get("X-Other")

    headers = "{'sec-websocket-PROTOCOL':'second','X-Other':'x'}"
    assert await chosen(headers) == ("second", None)
    assert await chosen("{}") == (None, None)


async def test_a_url_may_have_4096_characters_and_no_more(server: LocalServer) -> None:
    url = f"{server.websocket_url}/?x="
    padding = "x" * (LONGEST_URL - len(url.replace("ws:", "wss:")))
    assert await status_of(url + padding) == 101
    assert await status_of(url + padding + "x") == 414


async def test_handshakes_beyond_the_throttle_are_429(local_server: StartLocalServer) -> None:
    limits = "--parameter-overrides", "RouteRateLimit=1 RouteBurstLimit=3"
    url = local_server(*limits).websocket_url
    assert [await status_of(url) for _ in range(4)] == [101, 101, 101, 429]
    async with asyncio.timeout(10):
        while await status_of(url) != 101:
            await asyncio.sleep(0.1)
    unlimited = local_server("--throttle", "none", *limits).websocket_url
    assert {await status_of(unlimited) for _ in range(20)} == {101}
