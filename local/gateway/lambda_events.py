"""The events that API Gateway passes to a WebSocket API's functions, field for field. Pure.

Tests compare them, key by key, with those captured in `events/`.
"""

import base64
import os
from functools import lru_cache
from itertools import count
from time import gmtime, strftime
from typing import NamedTuple
from urllib.parse import parse_qs

from local.sam.intrinsics import PSEUDO_PARAMETERS
from local.sockets.request_head import first_header
from signaling.event import RawEvent

_PREFIX = base64.urlsafe_b64encode(os.urandom(6)).decode()
_NUMBERS = count()

TIMES = ("connectedAt", "requestTimeEpoch")
"""Fields of an event's `requestContext` in epoch milliseconds."""

HIDDEN = "(hidden)"
"""Replaces secrets that would admit a client."""

_SECRET_HEADERS = {"authorization", "cookie"}
_TOKEN = "token"


class Handshake(NamedTuple):
    """The HTTP request that asks for a WebSocket."""

    path: str
    query: str
    headers: list[tuple[str, str]]
    source_ip: str

    @property
    def url(self) -> str:
        """The URL that the client connects to, with the scheme that it has at API Gateway."""
        return f"wss://{self.header('host')}{self.path}" + (f"?{self.query}" if self.query else "")

    def header(self, name: str, default: str = "") -> str:
        """Return the first header `name`, given in lower case and matched in any case."""
        return first_header(self.headers, name, default)

    def query_value(self, name: str) -> str:
        """Return the last value of the query's parameter `name`, empty if it has none."""
        return parse_qs(self.query).get(name, [""])[-1]


def new_id() -> str:
    """Return a unique id for a request."""
    return f"{_PREFIX}{next(_NUMBERS):07x}="


def new_connection_id() -> str:
    """Return an unguessable id such as API Gateway's `L0SM9cOFvHcCIhw=`."""
    return base64.urlsafe_b64encode(os.urandom(11)).decode()


def connection_context(
    handshake: Handshake, stage: str, connection: str, connected_at: int
) -> RawEvent:
    """Return the part of `requestContext` that all events of a connection share.

    `connected_at` is in epoch milliseconds.
    """
    return {
        "messageDirection": "IN",
        "stage": stage,
        "connectedAt": connected_at,
        "identity": {
            "userAgent": handshake.header("user-agent"),
            "sourceIp": handshake.source_ip,
        },
        "domainName": handshake.header("host", "localhost"),
        "connectionId": connection,
        "apiId": "local",
    }


def connect_event(context: RawEvent, handshake: Handshake, now: int) -> RawEvent:
    """Return the event of `$connect` at `now`, epoch milliseconds."""
    headers = _forwarded(handshake)
    event: RawEvent = {
        "headers": dict(headers),
        "multiValueHeaders": _grouped(headers),
        "requestContext": _request_context(context, "$connect", "CONNECT", now),
        "isBase64Encoded": False,
    }
    if query := parse_qs(handshake.query, keep_blank_values=True):
        event["queryStringParameters"] = {key: values[-1] for key, values in query.items()}
        event["multiValueQueryStringParameters"] = query
    return event


def authorize_event(context: RawEvent, handshake: Handshake, now: int) -> RawEvent:
    """Return the event of a Lambda authorizer, type REQUEST, that guards `$connect`."""
    region, account = PSEUDO_PARAMETERS["AWS::Region"], PSEUDO_PARAMETERS["AWS::AccountId"]
    api = f"arn:aws:execute-api:{region}:{account}:{context['apiId']}/{context['stage']}"
    event: RawEvent = {"queryStringParameters": {}, "multiValueQueryStringParameters": {}}
    event |= connect_event(context, handshake, now)
    del event["isBase64Encoded"]
    return event | {
        "type": "REQUEST",
        "methodArn": f"{api}/$connect",
        "stageVariables": {},
    }


def message_event(context: RawEvent, route: str, body: str, now: int) -> RawEvent:
    """Return the event of a message."""
    request_context = _request_context(context, route, "MESSAGE", now)
    request_context["messageId"] = new_id()
    return {
        "requestContext": request_context,
        "body": body,
        "isBase64Encoded": False,
    }


def disconnect_event(context: RawEvent, code: int, reason: str, now: int) -> RawEvent:
    """Return the event of `$disconnect` with the WebSocket close code and reason."""
    headers = [
        ("Host", context["domainName"]),
        ("x-api-key", ""),
        ("X-Forwarded-For", ""),
        ("x-restapi", ""),
    ]
    return {
        "headers": dict(headers),
        "multiValueHeaders": _grouped(headers),
        "requestContext": {
            **_request_context(context, "$disconnect", "DISCONNECT", now),
            "disconnectStatusCode": code,
            "disconnectReason": reason,
        },
        "isBase64Encoded": False,
    }


def without_secrets(event: RawEvent) -> RawEvent:
    """Return `event` as it may be shown: without token, cookies and credentials."""
    shown = dict(event)
    for name in ("headers", "multiValueHeaders"):
        if headers := event.get(name):
            shown[name] = {
                key: _hidden(value) if key.lower() in _SECRET_HEADERS else value
                for key, value in headers.items()
            }
    for name in ("queryStringParameters", "multiValueQueryStringParameters"):
        if _TOKEN in (event.get(name) or {}):
            shown[name] = {**event[name], _TOKEN: _hidden(event[name][_TOKEN])}
    return shown


def _hidden(value: str | list[str]) -> str | list[str]:
    return HIDDEN if isinstance(value, str) else [HIDDEN]


def _request_context(context: RawEvent, route: str, kind: str, now: int) -> RawEvent:
    request_id = new_id()
    return {
        **context,
        "routeKey": route,
        "eventType": kind,
        "extendedRequestId": request_id,
        "requestId": request_id,
        "requestTime": _common_log_time(now // 1000),
        "requestTimeEpoch": now,
    }


@lru_cache(maxsize=1)
def _common_log_time(seconds: int) -> str:
    return strftime("%d/%b/%Y:%H:%M:%S +0000", gmtime(seconds))


def _forwarded(handshake: Handshake) -> list[tuple[str, str]]:
    hop_by_hop = ("connection", "upgrade")
    headers = [(key, value) for key, value in handshake.headers if key.lower() not in hop_by_hop]
    return [
        *headers,
        ("X-Amzn-Trace-Id", f"Root=1-{os.urandom(4).hex()}-{os.urandom(12).hex()}"),
        ("X-Forwarded-For", handshake.source_ip),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Proto", "https"),
    ]


def _grouped(headers: list[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for key, value in headers:
        grouped.setdefault(key, []).append(value)
    return grouped
