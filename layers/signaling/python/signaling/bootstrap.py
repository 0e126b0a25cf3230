"""What stands behind the two ports: AWS, or what `install` was given."""

import os
import time
from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

from signaling.aws.dynamodb import DynamoDBSubscriptions
from signaling.event import LambdaContext
from signaling.log import InvocationLog, TimedConnections
from signaling.ports import Connections, Subscriptions
from signaling.rooms import Rooms
from signaling.settings import BROADCAST, LEAN, settings

_SECONDS_TO_FINISH = 0.5
"""Time kept back from the fan-out, to drop connections that are gone and to write the log line."""


class Adapters(NamedTuple):
    """Makes the two ports of one invocation from its deadline, in `time.monotonic` seconds."""

    subscriptions_until: Callable[[float], Subscriptions]
    connections_until: Callable[[float], Connections]
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
    remaining = context.get_remaining_time_in_millis() / 1000
    deadline = time.monotonic() + remaining - _SECONDS_TO_FINISH
    subscriptions = adapters.subscriptions_until(deadline)
    connections = adapters.connections_until(deadline)
    if settings().is_traced:
        subscriptions = _tracing().TracedSubscriptions(subscriptions)
        connections = _tracing().TracedConnections(connections)
    connections = TimedConnections(connections, log)
    return Rooms(subscriptions, connections, is_broadcast=settings().delivery == BROADCAST)


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

    dynamodb = lean.dynamodb()
    management = lean.Service(settings().connections_endpoint, "execute-api")
    return Adapters(
        lambda deadline: DynamoDBSubscriptions(lean.DynamoDB(dynamodb, deadline), settings().table),
        lambda deadline: lean.LeanConnections(management, deadline),
        lambda: lean.warm(dynamodb, management),
    )


def _boto3() -> Adapters:
    import boto3
    from botocore.config import Config

    from signaling.aws.posts import THREADS, ApiGatewayConnections
    from signaling.aws.retries import ATTEMPT_SECONDS

    dynamodb = boto3.client(
        "dynamodb",
        config=Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard"}),
    )
    management = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=settings().connections_endpoint,
        config=Config(
            connect_timeout=ATTEMPT_SECONDS / 3,
            read_timeout=ATTEMPT_SECONDS * 2 / 3,
            max_pool_connections=THREADS,
            retries={"total_max_attempts": 1},  # ApiGatewayConnections tries again itself
        ),
    )
    subscriptions = DynamoDBSubscriptions(dynamodb, settings().table)
    return Adapters(
        lambda deadline: subscriptions,
        lambda deadline: ApiGatewayConnections(management, deadline),
    )
