"""Pages of other sites that find the local server on somebody's machine."""

import asyncio

import aiohttp
import pytest

from rig.servers import LocalServer, StartLocalServer, wait_until

ELSEWHERE = "https://evil.example"


async def knock(server: LocalServer, origin: str) -> int:
    """Return the status of a page's attempt to connect."""
    async with aiohttp.ClientSession() as session:
        try:
            async with session.ws_connect(server.websocket_url, origin=origin):
                return 101
        except aiohttp.WSServerHandshakeError as refused:
            return refused.status


def test_a_page_of_the_internet_is_refused_and_the_owner_reads_how_to_let_it_in(
    local_server: StartLocalServer,
) -> None:
    server = local_server()
    for origin in (ELSEWHERE, "null"):
        assert asyncio.run(knock(server, origin)) == 403
    assert asyncio.run(knock(server, "http://localhost:3000")) == 101
    assert f"refused: a page of '{ELSEWHERE}'" in server.output
    wait_until(lambda: [line["route"] for line in server.log][:1] == ["$connect"])
    assert "refused" not in server.log[0]  # no function ran for those


@pytest.mark.parametrize("allowed", [ELSEWHERE, "*"])
def test_a_page_of_the_internet_may_connect_once_that_is_chosen(
    local_server: StartLocalServer, allowed: str
) -> None:
    chosen = {"environment": {"ALLOWED_ORIGINS": allowed}}
    for server in (
        local_server("--parameter-overrides", f"AllowedOrigins={allowed}"),
        local_server(**chosen),
    ):
        assert asyncio.run(knock(server, ELSEWHERE)) == 101


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [{"Origin": ELSEWHERE}, {"Origin": "http://localhost:4444"}, {"Host": "evil.example:4444"}],
    ids=["another site", "a site here", "DNS rebinding"],
)
def test_no_page_reaches_connections(
    local_server: StartLocalServer, method: str, headers: dict[str, str]
) -> None:
    server = local_server()

    async def ask() -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                method, f"{server.http_url}/@connections/L0SM9cOFvHcCIhw=", headers=headers
            ) as answer,
        ):
            return answer.status

    assert asyncio.run(ask()) == 403
