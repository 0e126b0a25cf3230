"""Fixtures that several kinds of tests share."""

import asyncio
import gc
import inspect
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from local import ROOT
from local.sam.template import Stack, load
from rig.aws import forget_aws_account
from rig.servers import DynamoDBLocal, LocalServer, ReferenceServer, StartLocalServer, local_servers
from signaling import bootstrap
from signaling.authorizer import tokens

if TYPE_CHECKING:
    from rig.pages.meetings import MeetingPlace


def pytest_configure() -> None:
    """Let children of the tests get default signals, local servers start at once, examples be slow.

    A shell that runs `make test &` in a script has the interrupt ignored, and children inherit
    that; what Python handles itself is reset for them.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    LocalServer.are_forked = True
    settings.register_profile("on busy machines", deadline=None)
    settings.load_profile("on busy machines")


def pytest_collection_finish() -> None:
    """Spare the garbage collector the tests themselves: it took an eighth of their CPU."""
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine in an event loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


SAM_BUILD = ("tests/built/", "tests/deployed/")
"""Tests of what one folder holds, which `sam build` fills: they run one after the other."""

BROWSERS = "test_browser", "test_console", "test_meetings", "test_two_servers"
"""Files whose tests share a browser, which costs more to start than they gain by going apart."""

WAITING = ("tests/e2e/", "tests/integration/test_deadlines.py")
"""Tests that mostly wait."""


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """Give each test that waits to a worker by itself, and others by files."""

    def share_of(test: str) -> str:
        file = test.partition("::")[0]
        if file.startswith(SAM_BUILD):
            return "sam build"
        shares_browser = Path(file).name.startswith(BROWSERS)
        return test if file.startswith(WAITING) and not shares_browser else file

    scheduling = LoadScopeScheduling(config, log)
    scheduling._split_scope = share_of
    return scheduling


@pytest.fixture(scope="session", autouse=True)
def no_aws_account(worker_id: str) -> None:
    """Keep every AWS client of the tests away from the developer's account."""
    forget_aws_account(key=f"local{worker_id}")


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


SHARED_DYNAMODB: pytest.StashKey[DynamoDBLocal] = pytest.StashKey()
ENDPOINT = "dynamodb_local"


def pytest_configure_node(node: WorkerController) -> None:
    """Let all workers share one DynamoDB Local, which takes most of its time to get warm."""
    if not DynamoDBLocal.is_installed():
        return  # each test that needs it says so
    if SHARED_DYNAMODB not in node.config.stash:
        node.config.stash[SHARED_DYNAMODB] = DynamoDBLocal()
        node.config.stash[SHARED_DYNAMODB].start()
    node.workerinput[ENDPOINT] = node.config.stash[SHARED_DYNAMODB].endpoint


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what the workers shared."""
    if SHARED_DYNAMODB in config.stash:
        config.stash[SHARED_DYNAMODB].stop()


@pytest.fixture(scope="session")
def dynamodb_local(request: pytest.FixtureRequest) -> Iterator[str]:
    """Endpoint of a DynamoDB Local."""
    shared = getattr(request.config, "workerinput", {}).get(ENDPOINT)
    if shared:
        yield shared
        return
    with DynamoDBLocal() as server:
        yield server.endpoint


@pytest.fixture(scope="session")
def reference_server() -> Iterator[ReferenceServer]:
    """y-webrtc's own server."""
    with ReferenceServer() as server:
        yield server


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


@pytest.fixture(scope="module")
def place() -> Iterator["MeetingPlace"]:
    """A browser whose pages meet, with its addresses hidden as by default."""
    from rig.pages.meetings import meeting_place  # here: most tests need no browser

    # `make meetings` asks for 10 s, where no other test runs beside it.
    with meeting_place(hidden=True, patience=40) as place:
        yield place
