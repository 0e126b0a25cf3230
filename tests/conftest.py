"""Fixtures that several kinds of tests share."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from local import ROOT
from local.template import Stack, load
from tests.servers import DynamoDBLocal, LocalServer, ReferenceServer

if TYPE_CHECKING:
    from tests.e2e.meetings import MeetingPlace


def forget_aws_account() -> None:
    """Keep every AWS client of this process away from the developer's account."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        AWS_DEFAULT_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",
        AWS_EC2_METADATA_DISABLED="true",
    )


@pytest.fixture(scope="session", autouse=True)
def no_aws_account() -> None:
    """Keep every AWS client of the tests away from the developer's account."""
    forget_aws_account()


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


StartLocalServer = Callable[..., LocalServer]
"""Starts a local server with the given options of `python -m local`."""


@contextmanager
def local_servers() -> Iterator[StartLocalServer]:
    """Start local servers that end with the block, each without a traceback in its output."""
    servers: list[LocalServer] = []

    def start(*options: str, **keywords: Any) -> LocalServer:
        server = LocalServer(*options, **keywords)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        assert server.stop() == 0
        assert "Traceback" not in server.output, server.output


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
    from tests.e2e.meetings import meeting_place  # here: most tests need no browser

    with meeting_place(hidden=request.param) as place:
        yield place


def dynamodb_client(endpoint: str | None = None) -> Any:
    """Return a low-level DynamoDB client."""
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}),
    )
