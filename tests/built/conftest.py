"""Fixtures of the tests of what `sam build` makes."""

import pytest

from rig.built import Build, build


@pytest.fixture(scope="session")
def built() -> Build:
    return build()
