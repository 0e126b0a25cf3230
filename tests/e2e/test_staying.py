"""Pages that are connected lose each other, or leave: `make staying` is the long form of this."""

from collections.abc import Iterator

import pytest

from tests.support.servers import StartLocalServer
from tests.support.staying import StayingPlace, staying_place
from tests.support.stays import Break, Leaving, Stay

PATIENCE = 4.0
"""Other tests run beside these."""


@pytest.fixture(scope="module")
def staying() -> Iterator[StayingPlace]:
    with staying_place(PATIENCE) as staying:
        yield staying


@pytest.fixture(params=["0:0", "0:300"], ids=["in order", "overtaking"])
def url(request: pytest.FixtureRequest, local_server: StartLocalServer) -> str:
    """Where a server is whose messages are handled in order, or overtake each other."""
    return local_server("--latency", request.param).websocket_url


def test_pages_whose_connections_fail_get_them_back(staying: StayingPlace, url: str) -> None:
    stays = [
        *staying.heal(Break("error"), 2, url, abreast=2),
        *staying.heal(Break("one"), 2, url, abreast=2),
        *staying.heal(Break("close", pages=3), 1, url),
    ]
    assert_all_is_well(stays)


def test_pages_that_destroy_their_providers_leave_nothing_behind(
    staying: StayingPlace, url: str
) -> None:
    stays = [
        *staying.leave(Leaving("destroy"), 1, url),
        *staying.leave(Leaving("beside"), 1, url),
    ]
    assert_all_is_well(stays)


def assert_all_is_well(stays: list[Stay]) -> None:
    wrong = [stay for stay in stays if stay.wrong]
    assert not wrong, "\n".join(line for stay in wrong for line in (*stay.wrong, *stay.trace))
