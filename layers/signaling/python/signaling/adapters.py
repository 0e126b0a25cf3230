"""What stands behind the two ports: AWS, or what `install` was given."""

import os
import time
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import NamedTuple

from signaling.connections import (
    ATTEMPT_SECONDS,
    IN_FLIGHT,
    ApiGatewayConnections,
    Connections,
)
from signaling.events import LambdaContext
from signaling.rooms import Rooms
from signaling.settings import LEAN, settings
from signaling.subscriptions import DynamoDBSubscriptions, Subscriptions
from signaling.telemetry import InvocationLog, TimedConnections

_SECONDS_TO_FINISH = 0.5
"""Time kept back from the fan-out, to drop connections that are gone and to write the log line."""


class Adapters(NamedTuple):
    """Makes the two ports of one invocation from its deadline, in `time.monotonic` seconds."""

    subscriptions_until: Callable[[float], Subscriptions]
    connections_until: Callable[[float], Connections]
    warm: Callable[[], None] = lambda: None
    """Opens connections for the first invocation; never raises."""


_installed: list[Adapters] = []


def install(adapters: Adapters) -> None:
    """Serve the functions of this process with `adapters` instead of AWS."""
    _installed[:] = [adapters]


def rooms(context: LambdaContext, log: InvocationLog) -> Rooms:
    """Return the rooms for one invocation, which time their messages in `log`."""
    adapters = _installed[0] if _installed else aws()
    remaining = context.get_remaining_time_in_millis() / 1000
    deadline = time.monotonic() + remaining - _SECONDS_TO_FINISH
    subscriptions = adapters.subscriptions_until(deadline)
    connections = adapters.connections_until(deadline)
    if settings().is_traced:
        subscriptions = _tracing().TracedSubscriptions(subscriptions)
        connections = _tracing().TracedConnections(connections)
    return Rooms(subscriptions, TimedConnections(connections, log), settings().delivery)


def warm() -> None:
    """Connect to AWS during Lambda's init phase, which has a full CPU and is no client's time."""
    if "AWS_LAMBDA_RUNTIME_API" in os.environ:
        aws().warm()
        if settings().is_traced:
            _tracing()


@cache
def aws() -> Adapters:
    """Return the adapters for AWS, made when first asked for."""
    return _lean() if settings().aws_client == LEAN else _boto3()


# These import late: $connect needs no client, the local server in memory has none, and few trace.


def _tracing() -> ModuleType:
    from signaling import tracing

    return tracing


def _lean() -> Adapters:
    from signaling import lean

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
            max_pool_connections=IN_FLIGHT,
            retries={"total_max_attempts": 1},  # ApiGatewayConnections tries again itself
        ),
    )
    subscriptions = DynamoDBSubscriptions(dynamodb, settings().table)
    return Adapters(
        lambda deadline: subscriptions,
        lambda deadline: ApiGatewayConnections(management, deadline),
    )
