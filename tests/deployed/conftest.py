"""Fixtures of the tests against the deployed stack."""

from collections.abc import Iterator

import pytest

from rig.emulator import Deployment, Emulator, build_for_emulator


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """An AWS account, with what `sam build` made ready to be deployed."""
    emulator = Emulator()
    build_for_emulator()
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.fixture(scope="session")
def deployment(emulator: Emulator) -> Deployment:
    """The stack that `sam deploy` makes."""
    return emulator.deploy()
