"""Pages that come to one room at one moment: everybody meets everybody.

`make meetings` is the long form of this.
"""

from collections.abc import Iterator
from functools import cache

import pytest

from rig.pages.meetings import MeetingPlace, meeting_place
from rig.pages.outcomes import WITH_THE_OLD_TIE_BREAK, WITHOUT_A_TIE_BREAK, Kind, Outcome, failed
from rig.servers import StartLocalServer, local_servers

LATENCY = ("--latency", "0:300")


@pytest.fixture(scope="module")
def start() -> Iterator[StartLocalServer]:
    """Gives one local server for each set of options."""
    with local_servers() as start:
        yield cache(start)


@pytest.fixture(params=["memory", "latency", "dynamodb"])
def url(request: pytest.FixtureRequest, start: StartLocalServer) -> str:
    """Where the server of each kind is."""
    if request.param == "dynamodb":
        return start("--dynamodb", request.getfixturevalue("dynamodb_local")).websocket_url
    return start(*(LATENCY if request.param == "latency" else ())).websocket_url


@pytest.fixture
def slow_url(start: StartLocalServer) -> str:
    """Where a server is whose messages overtake each other."""
    return start(*LATENCY).websocket_url


def test_pages_that_come_at_one_moment_all_meet(place: MeetingPlace, url: str) -> None:
    outcomes = [
        *place.hold(Kind(2), 3, url),
        *place.hold(Kind(2, has_password=True), 3, url),
        *place.hold(Kind(4, has_password=True), 1, url),
    ]
    assert failed(outcomes) == []
    assert all(address.endswith(".local") for address in addresses_of(outcomes))


def test_pages_that_show_their_addresses_meet(slow_url: str) -> None:
    with meeting_place(hidden=False, patience=40) as open_place:
        outcomes = [
            *open_place.hold(Kind(2), 2, slow_url),
            *open_place.hold(Kind(4, has_password=True), 1, slow_url),
        ]
    assert failed(outcomes) == []
    assert not any(address.endswith(".local") for address in addresses_of(outcomes))


def addresses_of(outcomes: list[Outcome]) -> set[str]:
    return {address for outcome in outcomes for address in outcome.addresses}


@pytest.mark.parametrize("has_password", [False, True], ids=["open", "password"])
def test_8_pages_at_once_all_meet(place: MeetingPlace, slow_url: str, has_password: bool) -> None:
    assert failed(place.hold(Kind(8, has_password=has_password), 1, slow_url)) == []


@pytest.mark.parametrize("client", [WITH_THE_OLD_TIE_BREAK, WITHOUT_A_TIE_BREAK])
def test_pages_with_an_older_client_meet(place: MeetingPlace, slow_url: str, client: str) -> None:
    assert failed(place.hold(Kind(2, client=client), 3, slow_url)) == []


def test_pages_that_reload_at_once_meet_again(place: MeetingPlace, slow_url: str) -> None:
    assert failed(place.hold(Kind(2, "reload"), 2, slow_url)) == []


def test_pages_in_reacts_strict_mode_meet(place: MeetingPlace, slow_url: str) -> None:
    assert failed(place.hold(Kind(2, "strict"), 3, slow_url)) == []
