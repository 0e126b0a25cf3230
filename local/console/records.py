"""The records that viewers of the console get, as JSON objects. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from local.console.presence import Change
from local.gateway.lambda_events import HIDDEN, Handshake, without_secrets
from signaling.event import RawEvent
from signaling.ports import Introduction, Outcome

Record = dict[str, Any]

DELIVERED, GONE, FAILED = "delivered", "gone", "failed"


class Sent(NamedTuple):
    """Frames that a function sent in one call."""

    connections: Sequence[str]
    payload: str
    introductions: Sequence[Introduction]
    outcome: Outcome


def frames_of(sent: Sent, sender: str) -> list[Record]:
    """Return each frame with its sender and its fate for each receiver.

    The outcome names the receiver of an introduction, unless the introduced client is gone.
    """
    gone, failed = set(sent.outcome.gone), set(sent.outcome.failed)

    def fate_of(receiver: str, introduced: str) -> str:
        if receiver in gone or introduced in gone:
            return GONE
        return FAILED if receiver in failed else DELIVERED

    frames: list[Record] = []
    if sent.connections:
        fates = {each: fate_of(each, each) for each in sent.connections}
        frames.append({"from": sender, "frame": sent.payload, "to": fates})
    frames += [
        {
            "from": introduced,
            "frame": payload,
            "to": {receiver: fate_of(receiver, introduced)},
        }
        for introduced, receiver, payload in sent.introductions
    ]
    return frames


def invocation(
    function: str,
    event: RawEvent,
    sent: Iterable[Sent],
    result: Any,
    failure: str | None,
    milliseconds: float,
) -> Record:
    """Return the record of an invocation; `failure` is its traceback if it failed."""
    sender = event["requestContext"]["connectionId"]
    return {
        "kind": "invocation",
        "function": function,
        "connection": sender,
        "event": without_secrets(event),
        "status": result.get("statusCode") if isinstance(result, dict) else None,
        "failure": failure,
        "milliseconds": round(milliseconds, 2),
        "frames": [frame for each in sent for frame in frames_of(each, sender)],
    }


def answer(connection: str, route: str, body: str, frame: str) -> Record:
    """Return the record of a message that API Gateway itself answered."""
    frames = [{"from": connection, "frame": frame, "to": {connection: DELIVERED}}]
    return {
        "kind": "answer",
        "connection": connection,
        "route": route,
        "body": body,
        "frames": frames,
    }


def refusal(handshake: Handshake, status: int) -> Record:
    """Return the record of a refused client, without the query, which may hold its token."""
    return {
        "kind": "refusal",
        "status": status,
        "path": handshake.path,
        "query": HIDDEN if handshake.query else "",
        "ip": handshake.source_ip,
        "origin": handshake.header("origin"),
    }


def close(connection: str, code: int, reason: str) -> Record:
    """Return the record of a WebSocket that closed."""
    return {"kind": "close", "connection": connection, "code": code, "reason": reason}


def change(changes: Iterable[Change]) -> Record:
    """Return the record of changes in rooms."""
    return {"kind": "change", "changes": [each._asdict() for each in changes]}


def snapshot(changes: Iterable[Change], connections: Iterable[str]) -> Record:
    """Return a viewer's first record: all rooms, and the connections of this server."""
    return {**change(changes), "kind": "snapshot", "connections": list(connections)}
