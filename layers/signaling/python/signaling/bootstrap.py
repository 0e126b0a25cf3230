"""What stands behind the two ports: AWS, or what `install` was given."""

import os
import time
from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

from signaling.aws.dynamodb import DynamoDBSubscriptions
from signaling.event import LambdaContext
from signaling.log import InvocationLog, TimedConnections
from signaling.ports import Connections, Deadlines, Subscriptions
from signaling.rooms import Rooms
from signaling.settings import BROADCAST, LEAN, settings

_SECONDS_TO_FINISH = 0.5
"""Time that nothing else gets, to write the log line."""

_SHARE_OF_TABLE, _SHARE_OF_POSTS = 0.5, 0.85
"""Parts of an invocation's time after which the table and the posts must have ended.

Whoever waits for a slow table in vain is told so within the time of the posts, and when these have
used up theirs, those who are gone can still be removed.
"""


class Adapters(NamedTuple):
    """Makes the two ports of one invocation."""

    subscriptions: Callable[[Deadlines], Subscriptions]
    connections: Callable[[Deadlines], Connections]
    warm: Callable[[], None] = lambda: None
    """Opens connections for the first invocation; never raises."""


_installed: Adapters | None = None


def install(adapters: Adapters) -> None:
    """Serve the functions of this process with `adapters`."""
    global _installed
    _installed = adapters


def installed() -> Adapters:
    """Return the adapters of this process: AWS's, unless others were installed."""
    if _installed is None:
        install(_lean() if settings().aws_client == LEAN else _boto3())
    assert _installed
    return _installed


def reset() -> None:
    """Let the next invocation choose anew, as the environment says."""
    global _installed
    _installed = None
    settings.cache_clear()


def rooms(context: LambdaContext, log: InvocationLog) -> Rooms:
    """Return the rooms for one invocation, which time their messages in `log`."""
    adapters = installed()
    deadlines = deadlines_within(context.get_remaining_time_in_millis() / 1000)
    subscriptions = adapters.subscriptions(deadlines)
    connections = adapters.connections(deadlines)
    if settings().is_traced:
        subscriptions = _tracing().TracedSubscriptions(subscriptions)
        connections = _tracing().TracedConnections(connections)
    connections = TimedConnections(connections, log)
    return Rooms(subscriptions, connections, is_broadcast=settings().delivery == BROADCAST)


def deadlines_within(seconds: float) -> Deadlines:
    """Share out the time that an invocation has left."""
    now, seconds = time.monotonic(), max(0.0, seconds - _SECONDS_TO_FINISH)
    return Deadlines(
        table=now + seconds * _SHARE_OF_TABLE,
        posts=now + seconds * _SHARE_OF_POSTS,
        clean_up=now + seconds,
    )


def warm() -> None:
    """Connect to AWS during Lambda's init phase, which has a full CPU and is no client's time."""
    if "AWS_LAMBDA_RUNTIME_API" in os.environ:
        installed().warm()
        if settings().is_traced:
            _tracing()


# These import late: $connect needs no client, the local server in memory has none, and few trace.


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
