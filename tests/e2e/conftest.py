"""Fixtures of the end-to-end tests."""

from collections.abc import Iterator

import pytest

from tests.issuer import Issuer


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    issuer.start()
    yield issuer
    issuer.stop()
