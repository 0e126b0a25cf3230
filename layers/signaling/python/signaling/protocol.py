"""The wire protocol of y-webrtc: what clients send. Pure.

A published message is never decoded and encoded again. Python and JavaScript differ in numbers
(1e400, -0, integers over 2**53), so the text that came in goes out, with `clients` put into it.
"""

import json
from binascii import a2b_base64

from signaling.errors import InvalidMessageError
from signaling.frames import plain_announce, quote
from signaling.topics import topic_key
from signaling.typed import Any, NamedTuple

MAX_PEER_BYTES = 256
"""Longest `from` that is accepted: it is stored with the subscription (y-webrtc sends 36)."""

_JSON_WHITESPACE = " \t\n\r"

_ENCRYPTED_ANNOUNCE_CHARACTERS = 132
_ENCRYPTED_START = "B0FFUy1HQ00M"  # lib0's string AES-GCM and the length of the iv that follows
_CIPHER_LENGTH_AT, _ANNOUNCE_CIPHER_BYTES = 21, 76


class Limits(NamedTuple):
    """Bounds on one message of a client."""

    topics: int = 100
    """Topics in one `subscribe` or `unsubscribe`."""
    topic_bytes: int = 1018
    """UTF-8 bytes of a topic. With the prefix `topic-` it is a sort key of the index, and DynamoDB
    limits those to 1,024: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""
    message_bytes: int = 32_768 - 32
    """UTF-8 bytes of a message. `Publish.encode` adds `,"clients":`, which has 11 bytes, and a
    number of at most 21 digits: 32 in all. What is sent then still fits 32,768 bytes, API Gateway's
    largest frame and its unit of billing:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""


class Subscribe(NamedTuple):
    """Join rooms."""

    topics: list[str]
    type: str = "subscribe"


class Unsubscribe(NamedTuple):
    """Leave rooms."""

    topics: list[str]
    type: str = "unsubscribe"


class Announce(NamedTuple):
    """What a client says about itself when it enters a room."""

    data: str
    """`data` of the message, as JSON."""
    peer: str | None
    """Peer id of the client; a room with a password hides it."""


class Publish(NamedTuple):
    """Pass a message to a room."""

    topic: str
    text: str
    """The whole message as it came in."""
    peer: str | None
    """Peer id (`data.from`) that the sender claims, where it can be seen."""
    to: str | None
    """Peer id (`data.to`) that the message is for, where it can be seen."""
    announce: Announce | None
    """What the message is, if it is an announce."""
    signal: str | None = None
    """Kind of a signal (`data.signal.type`), empty if it has none; None if it is not a signal."""
    type: str = "publish"

    @property
    def names_peer(self) -> bool:
        """Whether it names the peer that it is for, or that it announces."""
        return self.to is not None if self.announce is None else self.announce.peer is not None

    def encode(self, clients: int) -> str:
        """Return the message with the number of subscribers put into it as `clients`.

        A `clients` from the sender comes earlier in the text, so every parser that takes the last
        of two equal keys, as `JSON.parse` must, reads this one.
        """
        return f'{self.text.rstrip(_JSON_WHITESPACE)[:-1]},"clients":{clients}}}'


class Ping(NamedTuple):
    """Ask for a pong. Reaches a function only where the API has no ping route of its own."""

    type: str = "ping"


Message = Subscribe | Unsubscribe | Publish | Ping
"""Anything that a client may send."""


def parse(body: str, is_binary: bool, limits: Limits) -> Message:
    """Return the message in the frame `body`.

    Raises:
        InvalidMessageError: the frame is not JSON as browsers parse it, not one of the four
            messages, or over a limit.
    """
    if is_binary:
        raise InvalidMessageError("binary_frame", "send JSON in a text frame")
    message = _decode(body, limits.message_bytes)
    kind = message.get("type")
    if kind == "publish":
        return _publish(message, body, limits)
    if kind == "subscribe":
        return Subscribe(_topics(message, limits))
    if kind == "unsubscribe":
        return Unsubscribe(_topics(message, limits))
    if kind == "ping":
        return Ping()
    raise InvalidMessageError(
        "unknown_type", "type must be one of subscribe, unsubscribe, publish, ping"
    )


def is_peer(text: str, most_bytes: int = MAX_PEER_BYTES) -> bool:
    """Tell whether a client may use the peer id `text`."""
    try:
        return _utf8_length(text) <= most_bytes
    except UnicodeEncodeError:
        return False


def _decode(body: str, most_bytes: int) -> dict[str, Any]:
    try:
        size = _utf8_length(body)
        if size > most_bytes:
            raise InvalidMessageError(
                "message_too_large", f"a message may have {most_bytes} bytes, this one has {size}"
            )
        message = _DECODER.decode(body)
    except RecursionError:
        raise InvalidMessageError("invalid_json", "the message is nested too deeply") from None
    except ValueError:
        raise InvalidMessageError("invalid_json", "the message is not JSON") from None
    if not isinstance(message, dict):
        raise InvalidMessageError("invalid_message", "the message must be a JSON object")
    return message


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity, which Python accepts and JSON.parse does not


# float for integers: int() refuses more than 4,300 digits, and no number is used here.
_DECODER = json.JSONDecoder(parse_int=float, parse_constant=_refuse_constant)


def _utf8_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _topics(message: dict[str, Any], limits: Limits) -> list[str]:
    topics = message.get("topics")
    if not isinstance(topics, list):
        raise InvalidMessageError("invalid_message", "topics must be an array of strings")
    if len(topics) > limits.topics:
        raise InvalidMessageError(
            "too_many_topics", f"a message may have {limits.topics} topics, not {len(topics)}"
        )
    return list(dict.fromkeys(_topic(topic, "every topic", limits) for topic in topics))


def _topic(topic: Any, subject: str, limits: Limits) -> str:
    if not isinstance(topic, str):
        raise InvalidMessageError("invalid_message", f"{subject} must be a string")
    if _utf8_length(topic_key(topic)) > limits.topic_bytes + len("topic-"):
        raise InvalidMessageError(
            "topic_too_long", f"a topic may have {limits.topic_bytes} bytes of UTF-8"
        )
    return topic


def _publish(message: dict[str, Any], body: str, limits: Limits) -> Publish:
    topic = _topic(message.get("topic"), "topic", limits)
    data = message.get("data")
    if isinstance(data, str) and _is_encrypted_announce(data):
        return Publish(topic, body, None, None, Announce(quote(data), None))
    if not isinstance(data, dict):
        return Publish(topic, body, None, None, None)
    for field in ("type", "from", "to"):
        if field in data and not isinstance(data[field], str):
            raise InvalidMessageError("invalid_message", f"data.{field} must be a string")
    peer, is_announce = data.get("from"), data.get("type") == "announce"
    if peer is None:
        if is_announce:
            raise InvalidMessageError("invalid_message", "an announce needs data.from")
    elif not is_peer(peer):
        raise InvalidMessageError(
            "invalid_message", f"data.from may have {MAX_PEER_BYTES} bytes of UTF-8"
        )
    announce = None
    if is_announce and peer is not None:
        announce = Announce(plain_announce(peer), peer)
    return Publish(topic, body, peer, data.get("to"), announce, _kind_of_signal(data))


def _kind_of_signal(data: dict[str, Any]) -> str | None:
    if data.get("type") != "signal":
        return None
    signal = data.get("signal")
    kind = signal.get("type") if isinstance(signal, dict) else None
    return kind if isinstance(kind, str) else ""


def _is_encrypted_announce(data: str) -> bool:
    """Tell whether `data` has the form of a y-webrtc announce behind a password.

    Base64 of lib0's encoding: the string AES-GCM, an iv of 12 bytes, and 76 bytes of cipher text,
    as a peer id has 36 characters. Every other message of y-webrtc is longer.
    https://github.com/yjs/y-webrtc/blob/master/src/crypto.js
    """
    if len(data) != _ENCRYPTED_ANNOUNCE_CHARACTERS or not data.startswith(_ENCRYPTED_START):
        return False
    try:
        encrypted = a2b_base64(data, strict_mode=True)
    except ValueError:
        return False
    return encrypted[_CIPHER_LENGTH_AT] == _ANNOUNCE_CIPHER_BYTES == len(encrypted) - 22
