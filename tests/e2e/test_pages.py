"""Pages of other sites that find the local server on somebody's machine."""

import aiohttp
import pytest

from rig.processes import wait_until
from rig.servers import LocalServer, StartLocalServer
from tests.support.handshakes import status_of

ELSEWHERE = "https://evil.example"


async def test_a_page_of_the_internet_is_refused_and_the_owner_reads_how_to_let_it_in(
    server: LocalServer,
) -> None:
    for origin in (ELSEWHERE, "null"):
        assert await status_of(server.websocket_url, origin) == 403
    assert await status_of(server.websocket_url, "http://localhost:3000") == 101
    assert f"refused: a page of '{ELSEWHERE}'" in server.output
    wait_until(lambda: [line["route"] for line in server.log][:1] == ["$connect"])
    assert "refused" not in server.log[0]  # no function ran for those


@pytest.mark.parametrize("allowed", [ELSEWHERE, "*"])
async def test_a_page_of_the_internet_may_connect_once_that_is_chosen(
    local_server: StartLocalServer, allowed: str
) -> None:
    by_parameter = local_server("--parameter-overrides", f"AllowedOrigins={allowed}")
    by_variable = local_server(environment={"ALLOWED_ORIGINS": allowed})
    for server in (by_parameter, by_variable):
        assert await status_of(server.websocket_url, ELSEWHERE) == 101


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [{"Origin": ELSEWHERE}, {"Origin": "http://localhost:4444"}, {"Host": "evil.example:4444"}],
    ids=["another site", "a site here", "DNS rebinding"],
)
async def test_no_page_reaches_connections(
    shared_server: LocalServer, method: str, headers: dict[str, str]
) -> None:
    url = f"{shared_server.http_url}/@connections/L0SM9cOFvHcCIhw="
    async with aiohttp.request(method, url, headers=headers) as answer:
        assert answer.status == 403
        assert "x-amzn-ErrorType" not in answer.headers  # not that it lacks a signature
