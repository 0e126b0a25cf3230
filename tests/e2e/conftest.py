"""Fixtures of the end-to-end tests."""

from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import Browser, sync_playwright

from rig.issuer import Issuer
from rig.servers import LocalServer, StartLocalServer, local_servers
from rig.tokens import demands
from tests.support.browsers import launch_chromium
from tests.support.planted import Plant, planted


@pytest.fixture(scope="session")
def server_of_all() -> Iterator[LocalServer]:
    with local_servers() as start:
        yield start()


@pytest.fixture
def shared_server(server_of_all: LocalServer) -> Iterator[LocalServer]:
    """A local server without options, for tests that leave nothing behind in it.

    Each uses rooms of its own. The last lines of those before may still be printed.
    """
    if not server_of_all.is_running:
        server_of_all.start()
    server_of_all.forget_output()
    yield server_of_all
    assert server_of_all.is_running
    assert "Traceback" not in server_of_all.output, server_of_all.output


@pytest.fixture
def server(local_server: StartLocalServer) -> LocalServer:
    """A local server without options, for one test."""
    return local_server()


@pytest.fixture
def plant(local_server: StartLocalServer) -> Plant:
    """Starts local servers with a fault, for one test."""
    return partial(planted, local_server)


@pytest.fixture
def any_server(local_server: StartLocalServer, any_table: tuple[str, ...]) -> StartLocalServer:
    """Starts local servers for one test: with rooms in memory, and with rooms in DynamoDB."""
    return partial(local_server, *any_table)


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with Issuer() as issuer:
        yield issuer


@pytest.fixture
def guarded(issuer: Issuer, local_server: StartLocalServer) -> LocalServer:
    """A local server that asks for tokens of the issuer."""
    return local_server(*demands(issuer))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        yield browser
        browser.close()
