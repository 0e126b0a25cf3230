"""The lean AWS client as the tests use it."""

import time
from collections.abc import Callable
from typing import Any

from signaling.aws import lean
from tests.support.stub import Stub

ID = "L0SM9cOFvHcCIhw="

StartStub = Callable[..., Stub]
Served = Callable[..., tuple[Stub, lean.Service]]
MakeService = Callable[[str], lean.Service]


def post(service: lean.Service, *ids: str, seconds: float = 5.0, payload: str = "{}") -> Any:
    return lean.LeanConnections(service, time.monotonic() + seconds).send(ids or [ID], payload)


def query(service: lean.Service, seconds: float = 5.0) -> Any:
    dynamodb = lean.LeanDynamoDB(service)
    (answer,) = dynamodb.query([{"TableName": "table"}], time.monotonic() + seconds)
    return answer
