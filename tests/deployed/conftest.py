"""Fixtures of the tests against the deployed stack."""

from collections.abc import Iterator

import pytest

from rig.emulator import Deployment, Emulator, build_for_emulator


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """An AWS account, with what `sam build` made ready to be deployed."""
    emulator = Emulator()  # skips the tests where it is missing, before anything is built
    build_for_emulator()
    with emulator:
        yield emulator


@pytest.fixture(scope="session")
def deployment(emulator: Emulator) -> Deployment:
    """The stack that `sam deploy` makes."""
    return emulator.deploy()
