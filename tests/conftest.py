"""Fixtures that several kinds of tests share."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadScopeScheduling

from local import ROOT
from local.sam.template import Stack, load
from signaling import bootstrap
from signaling.access import tokens
from tests.support.aws import forget_aws_account
from tests.support.servers import DynamoDBLocal, ReferenceServer, StartLocalServer, local_servers

if TYPE_CHECKING:
    from tests.support.meetings import MeetingPlace


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """Give whole files to a worker, and those that share the one folder of `sam build` to one.

    Rehearsals share nothing and wait much, so each goes by itself.
    """

    def share_of(test: str) -> str:
        file = test.partition("::")[0]
        if file == "tests/e2e/test_rehearsals.py":
            return test
        return "sam build" if file.startswith(("tests/built/", "tests/deployed/")) else file

    scheduling = LoadScopeScheduling(config, log)
    scheduling._split_scope = share_of
    return scheduling


@pytest.fixture(scope="session", autouse=True)
def no_aws_account() -> None:
    """Keep every AWS client of the tests away from the developer's account."""
    forget_aws_account()


@pytest.fixture(autouse=True)
def no_adapters() -> Iterator[None]:
    """Let no test meet the adapters or the rules for tokens of another."""
    yield
    bootstrap.reset()
    tokens.reset()


@pytest.fixture(scope="session")
def stack() -> Stack:
    """What `template.yaml` deploys."""
    return load(ROOT / "template.yaml")


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[str]:
    """Endpoint of a DynamoDB Local."""
    server = DynamoDBLocal()
    server.start()
    yield server.endpoint
    server.stop()


@pytest.fixture(scope="session")
def reference_server() -> Iterator[ReferenceServer]:
    """y-webrtc's own server."""
    server = ReferenceServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def local_server() -> Iterator[StartLocalServer]:
    """Starts local servers for one test."""
    with local_servers() as start:
        yield start


@pytest.fixture(params=["memory", "dynamodb"])
def any_table(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Options of the local server for each place where it can keep subscriptions."""
    if request.param == "memory":
        return ()
    return ("--dynamodb", request.getfixturevalue("dynamodb_local"))


@pytest.fixture(scope="module", params=[False, True], ids=["addresses open", "addresses hidden"])
def place(request: pytest.FixtureRequest) -> Iterator["MeetingPlace"]:
    """A browser whose pages meet, with its addresses shown, and hidden as by default."""
    from tests.support.meetings import meeting_place  # here: most tests need no browser

    # `make meetings` asks for 10 s, where no other test runs beside it.
    with meeting_place(hidden=request.param, patience=40) as place:
        yield place
