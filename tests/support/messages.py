"""Messages of clients: what y-webrtc sends behind a password, and what nobody should send."""

import json
from base64 import b64encode

from signaling.protocol import MAX_PEER_BYTES


def _subscribe(topics: list[str], **more: str) -> str:
    return json.dumps({"type": "subscribe", "topics": topics, **more})


def _publish(data: dict[str, object]) -> str:
    return json.dumps({"type": "publish", "topic": "t", "data": data})


HOSTILE = {
    "nothing": ("", "invalid_json"),
    "not JSON": ("nope", "invalid_json"),
    "half of an object": ('{"type":', "invalid_json"),
    "two objects": ('{"type":"ping"}{"type":"ping"}', "invalid_json"),
    "a byte order mark": ('\ufeff{"type":"ping"}', "invalid_json"),
    "a control character": ('{"type":"subscribe","topics":["\x01"]}', "invalid_json"),
    "NaN": ('{"type":"publish","topic":"t","data":NaN}', "invalid_json"),
    "Infinity": ('{"type":"publish","topic":"t","data":-Infinity}', "invalid_json"),
    "brackets without end": ("[" * 30_000, "invalid_json"),
    "nested too deeply": ("[" * 15_000 + "]" * 15_000, "invalid_json"),
    "text that UTF-8 cannot hold": ('{"type":"ping","x":"\ud800"}', "invalid_json"),
    "an array": ("[]", "invalid_message"),
    "a string": ('"ping"', "invalid_message"),
    "null": ("null", "invalid_message"),
    "no type": ("{}", "unknown_type"),
    "an unknown type": ('{"type":"shout"}', "unknown_type"),
    "a route key as type": ('{"type":"$connect"}', "unknown_type"),
    "a number as type": ('{"type":1}', "unknown_type"),
    "an object as type": ('{"type":{}}', "unknown_type"),
    "no topics": ('{"type":"subscribe"}', "invalid_message"),
    "null as topics": ('{"type":"subscribe","topics":null}', "invalid_message"),
    "a string as topics": ('{"type":"unsubscribe","topics":"t"}', "invalid_message"),
    "an object as topics": ('{"type":"subscribe","topics":{"0":"t"}}', "invalid_message"),
    "a number among topics": ('{"type":"subscribe","topics":["t",1]}', "invalid_message"),
    "an array among topics": ('{"type":"subscribe","topics":[["t"]]}', "invalid_message"),
    "too many topics": (_subscribe(["t"] * 101), "too_many_topics"),
    "a topic too long": (_subscribe(["t" * 1019]), "topic_too_long"),
    "no topic": ('{"type":"publish","data":{}}', "invalid_message"),
    "a number as topic": ('{"type":"publish","topic":5}', "invalid_message"),
    "an array as topic": ('{"type":"publish","topic":["t"]}', "invalid_message"),
    "a number as data.type": (_publish({"type": 1}), "invalid_message"),
    "an array as data.from": (_publish({"from": []}), "invalid_message"),
    "a number as data.to": (_publish({"to": 1}), "invalid_message"),
    "an announce of nobody": (_publish({"type": "announce"}), "invalid_message"),
    "a peer too long": (_publish({"from": "p" * (MAX_PEER_BYTES + 1)}), "invalid_message"),
    "a peer that UTF-8 cannot hold": (_publish({"from": "\udc00"}), "invalid_message"),
    "a message too large": (_subscribe([], x="y" * 32_700), "message_too_large"),  # fits a frame
}
"""Bodies that no y-webrtc client sends, with the code of the error frame that each gets."""


def encrypted(
    start: bytes = b"\x07AES-GCM\x0c",
    length: bytes = b"\x4c",
    size: int = 76,
    filling: bytes = b"c",
) -> str:
    """Return an announce as y-webrtc encrypts it, or what differs from one."""
    return b64encode(start + b"i" * 12 + length + filling * size).decode()


def signal(kind: str, sender: str, to: str) -> dict[str, object]:
    return {"type": "signal", "from": sender, "to": to, "signal": {"type": kind}}


def hang_up(peer: str, to: str, topic: str = "room") -> dict[str, object]:
    data = {"type": "signal", "from": peer, "to": to, "signal": {"type": "gone"}}
    return {"type": "publish", "topic": topic, "data": data}
