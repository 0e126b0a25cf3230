"""Clients that come at one moment: of every two, exactly one hears of the other."""

from rig.introductions import Introductions, meet
from rig.servers import StartLocalServer

SLOW = ("--latency", "0:300", "--throttle", "none")
"""Messages overtake each other, and there are more in a second than a stack takes by default."""


async def test_of_two_that_come_at_once_one_hears_of_another(any_server: StartLocalServer) -> None:
    server = any_server(*SLOW)
    assert await meet(server.websocket_url, rounds=60, at_once=30) == Introductions([], [])
