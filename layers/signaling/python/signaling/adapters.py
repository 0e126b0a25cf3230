"""What stands behind the two ports: AWS, or what `install` was given."""

import time
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from signaling.connections import (
    ATTEMPT_SECONDS,
    IN_FLIGHT,
    ApiGatewayConnections,
    Connections,
)
from signaling.events import LambdaContext
from signaling.rooms import Rooms
from signaling.settings import settings
from signaling.subscriptions import DynamoDBSubscriptions, Subscriptions
from signaling.telemetry import InvocationLog, TimedConnections

_SECONDS_TO_FINISH = 0.5
"""Time kept back from the fan-out, to drop connections that are gone and to write the log line."""


class Adapters(NamedTuple):
    """The two ports of a process."""

    subscriptions: Subscriptions
    connections_until: Callable[[float], Connections]
    """Makes the connections for one invocation from its deadline, in `time.monotonic` seconds."""


_installed: list[Adapters] = []


def install(adapters: Adapters) -> None:
    """Serve the functions of this process with `adapters` instead of AWS."""
    _installed[:] = [adapters]


def rooms(context: LambdaContext, log: InvocationLog) -> Rooms:
    """Return the rooms for one invocation, which time their messages in `log`."""
    subscriptions, connections_until = _installed[0] if _installed else aws()
    remaining = context.get_remaining_time_in_millis() / 1000
    deadline = time.monotonic() + remaining - _SECONDS_TO_FINISH
    connections = TimedConnections(connections_until(deadline), log)
    return Rooms(subscriptions, connections, settings().delivery)


@cache
def aws() -> Adapters:
    """Return the adapters for AWS, made when first asked for."""
    # Imported here: $connect needs no AWS client, and the local server in memory has none.
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
    return Adapters(
        DynamoDBSubscriptions(dynamodb, settings().table),
        lambda deadline: ApiGatewayConnections(management, deadline),
    )
