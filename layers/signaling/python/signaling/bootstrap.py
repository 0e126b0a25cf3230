"""The composition root: puts AWS, or what `install` was given, behind the two ports."""

import os
import time
from collections.abc import Callable
from types import ModuleType

from signaling.aws.dynamodb import DynamoDBSubscriptions
from signaling.event import LambdaContext
from signaling.large_topics import LargeTopics
from signaling.log import InvocationLog, TimedConnections
from signaling.ports import After, Connections, Deadlines, Outcome, Subscriptions
from signaling.rooms import Rooms
from signaling.settings import BROADCAST, LEAN, settings
from signaling.typed import NamedTuple

_SECONDS_TO_FINISH = 0.5
"""Reserved for writing the log line."""

_SHARE_OF_TABLE, _SHARE_OF_POSTS = 0.5, 0.85
"""When work on the table and posts must end, as shares of the time that an invocation has.

This leaves time to tell a client that the table did not answer, and to remove clients that turned
out to be gone.
"""


def pause(seconds: float, action: Callable[[], Outcome]) -> Outcome:
    """Run `action` after `seconds`, while the invocation waits: leaving pages cost that time."""
    time.sleep(seconds)
    return action()


class Adapters(NamedTuple):
    """Factories of the two ports of one invocation."""

    subscriptions: Callable[[Deadlines], Subscriptions]
    connections: Callable[[Deadlines], Connections]
    warm: Callable[[], None] = lambda: None
    """Opens connections for the first invocation; never raises."""
    after: After = pause
    """Runs an action later."""


_installed: Adapters | None = None
_large_topics = LargeTopics()


def install(adapters: Adapters) -> None:
    """Serve the functions of this process with `adapters`."""
    global _installed, _large_topics
    _installed, _large_topics = adapters, LargeTopics()


def installed() -> Adapters:
    """Return the adapters of this process: AWS's, unless others were installed."""
    if _installed is None:
        install(_lean() if settings().aws_client == LEAN else _boto3())
    assert _installed
    return _installed


def reset() -> None:
    """Forget the adapters and settings, so that the next invocation reads the environment again."""
    global _installed
    _installed = None
    settings.cache_clear()


def rooms(context: LambdaContext, log: InvocationLog) -> Rooms:
    """Return the rooms for one invocation, with sending times noted in `log`."""
    adapters, found = installed(), settings()
    deadlines = deadlines_within(context.get_remaining_time_in_millis() / 1000)
    subscriptions = adapters.subscriptions(deadlines)
    connections = adapters.connections(deadlines)
    if found.is_traced:
        subscriptions = _tracing().TracedSubscriptions(subscriptions)
        connections = _tracing().TracedConnections(connections)
    connections = TimedConnections(connections, log)
    return Rooms(
        subscriptions,
        connections,
        is_broadcast=found.delivery == BROADCAST,
        needs_token=found.needs_token,
        max_rooms=found.max_rooms,
        max_recipients=found.max_recipients,
        after=adapters.after,
        large_topics=_large_topics,
    )


def deadlines_within(seconds: float) -> Deadlines:
    """Divide the time that an invocation has left."""
    now, seconds = time.monotonic(), max(0.0, seconds - _SECONDS_TO_FINISH)
    table, posts = now + seconds * _SHARE_OF_TABLE, now + seconds * _SHARE_OF_POSTS
    return Deadlines(table, posts, now + seconds)


def warm() -> None:
    """Connect to AWS in Lambda's init phase, which has a full CPU and keeps no client waiting."""
    if "AWS_LAMBDA_RUNTIME_API" in os.environ:
        installed().warm()
        if settings().is_traced:
            _tracing()


# Imported late: the local server in memory needs no AWS client, and few stacks are traced.


def _tracing() -> ModuleType:
    from signaling import tracing

    return tracing


def _lean() -> Adapters:
    from signaling.aws import lean

    service = lean.dynamodb()
    management = lean.Service(settings().connections_endpoint, "execute-api")
    client, table = lean.LeanDynamoDB(service), settings().table
    return Adapters(
        lambda deadlines: DynamoDBSubscriptions(client, table, deadlines),
        lambda deadlines: lean.LeanConnections(management, deadlines.posts),
        lambda: lean.warm(service, management),
    )


def _boto3() -> Adapters:
    from signaling.aws import sdk

    client, table = sdk.SdkDynamoDB(sdk.dynamodb()), settings().table
    management = sdk.management(settings().connections_endpoint)
    return Adapters(
        lambda deadlines: DynamoDBSubscriptions(client, table, deadlines),
        lambda deadlines: sdk.SdkConnections(management, deadlines.posts),
    )
