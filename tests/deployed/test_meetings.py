"""Real browsers that come to one room at one moment, over the deployed stack."""

import pytest

from rig.emulator import Deployment
from rig.pages.meetings import MeetingPlace
from rig.pages.outcomes import Kind, failed


@pytest.mark.parametrize("has_password", [False, True], ids=["open", "password"])
def test_pages_that_come_at_one_moment_all_meet(
    place: MeetingPlace, deployment: Deployment, has_password: bool
) -> None:
    outcomes = [
        *place.hold(Kind(2, has_password=has_password), 3, deployment.websocket_url),
        *place.hold(Kind(4, has_password=has_password), 1, deployment.websocket_url),
    ]
    assert failed(outcomes) == []


def test_pages_in_reacts_strict_mode_meet(place: MeetingPlace, deployment: Deployment) -> None:
    assert failed(place.hold(Kind(2, "strict"), 2, deployment.websocket_url)) == []


def test_pages_that_reload_at_once_meet_again(place: MeetingPlace, deployment: Deployment) -> None:
    assert failed(place.hold(Kind(2, "reload"), 2, deployment.websocket_url)) == []
