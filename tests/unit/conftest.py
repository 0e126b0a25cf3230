"""Fixtures of the unit tests."""

import pytest

from tests.support.authorizer import Refusals


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refusals:
    return Refusals(capsys)
