"""The wire protocol: what is accepted, what is refused, and what goes out."""

import json
from base64 import b64encode
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local import ROOT
from signaling.errors import InvalidMessageError
from signaling.protocol import (
    MAX_PEER_BYTES,
    Announce,
    Limits,
    Ping,
    Publish,
    Subscribe,
    Unsubscribe,
    encode_announce,
    encode_error,
    parse,
    topic_key,
)

LIMITS = Limits()

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
    "too many topics": (
        json.dumps({"type": "subscribe", "topics": ["t"] * 101}),
        "too_many_topics",
    ),
    "a topic too long": (
        json.dumps({"type": "subscribe", "topics": ["t" * 1019]}),
        "topic_too_long",
    ),
    "no topic": ('{"type":"publish","data":{}}', "invalid_message"),
    "a number as topic": ('{"type":"publish","topic":5}', "invalid_message"),
    "an array as topic": ('{"type":"publish","topic":["t"]}', "invalid_message"),
    "a number as data.type": (
        '{"type":"publish","topic":"t","data":{"type":1}}',
        "invalid_message",
    ),
    "an array as data.from": (
        '{"type":"publish","topic":"t","data":{"from":[]}}',
        "invalid_message",
    ),
    "a number as data.to": ('{"type":"publish","topic":"t","data":{"to":1}}', "invalid_message"),
    "an announce of nobody": (
        '{"type":"publish","topic":"t","data":{"type":"announce"}}',
        "invalid_message",
    ),
    "a peer too long": (
        json.dumps({"type": "publish", "topic": "t", "data": {"from": "p" * (MAX_PEER_BYTES + 1)}}),
        "invalid_message",
    ),
    "a peer that UTF-8 cannot hold": (
        '{"type":"publish","topic":"t","data":{"from":"\\udc00"}}',
        "invalid_message",
    ),
    "a message too large": (json.dumps({"type": "ping", "x": "y" * 32_768}), "message_too_large"),
}
"""Bodies that no y-webrtc client sends, with the code of the error frame that each gets."""


@pytest.mark.parametrize(("body", "code"), HOSTILE.values(), ids=HOSTILE)
def test_parse_refuses(body: str, code: str) -> None:
    with pytest.raises(InvalidMessageError) as refusal:
        parse(body, False, LIMITS)
    assert refusal.value.code == code
    frame = json.loads(encode_error(refusal.value))
    assert frame == {"type": "error", "code": code, "message": str(refusal.value)}


def test_parse_refuses_a_binary_frame() -> None:
    with pytest.raises(InvalidMessageError) as refusal:
        parse("eyJ0eXBlIjoicGluZyJ9", True, LIMITS)
    assert refusal.value.code == "binary_frame"


@given(st.text() | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
def test_parse_never_raises_anything_but_its_own_error(value: Any) -> None:
    for body in (str(value), json.dumps(value), json.dumps({"type": value, "topics": value})):
        with suppress(InvalidMessageError):
            parse(body, False, LIMITS)


def test_parse_reads_what_clients_send() -> None:
    def parsed(body: object) -> object:
        return parse(json.dumps(body), False, LIMITS)

    assert parsed({"type": "ping"}) == Ping()
    assert parsed({"type": "subscribe", "topics": []}) == Subscribe([])
    assert parsed({"type": "subscribe", "topics": ["b", "a", "b"]}) == Subscribe(["b", "a"])
    assert parsed({"type": "unsubscribe", "topics": ["a"]}) == Unsubscribe(["a"])


def published(data: object) -> Publish:
    message = parse(json.dumps({"type": "publish", "topic": "t", "data": data}), False, LIMITS)
    assert isinstance(message, Publish)
    return message


def test_parse_tells_an_announce_from_everything_else() -> None:
    announce = published({"from": 'p"é', "type": "announce", "more": 1})
    assert announce.announce == Announce('{"type":"announce","from":"p\\"\\u00e9"}', 'p"é')
    assert (announce.peer, announce.to) == ('p"é', None)
    signal = published({"type": "signal", "from": "p", "to": "q", "signal": {}})
    assert (signal.peer, signal.to, signal.announce) == ("p", "q", None)
    others: tuple[object, ...] = (None, 1, [], {}, {"unknown": 1}, "c2VjcmV0")
    for anything in others:
        message = published(anything)
        assert (message.peer, message.to, message.announce) == (None, None, None)


def encrypted(
    start: bytes = b"\x07AES-GCM\x0c",
    length: bytes = b"\x4c",
    size: int = 76,
    filling: bytes = b"c",
) -> str:
    """Return an announce as y-webrtc encrypts it, or what differs from one."""
    return b64encode(start + b"i" * 12 + length + filling * size).decode()


def test_an_announce_behind_a_password_is_known_by_its_form() -> None:
    message = published(encrypted())
    assert message.announce == Announce(f'"{encrypted()}"', None)
    assert message.peer is None


@pytest.mark.parametrize(
    "data",
    [
        encrypted(size=75),
        encrypted(size=77),
        encrypted(start=b"\x07AES-GCM\x0d"),
        encrypted(length=b"\x4d"),
        encrypted(size=76)[:-1],
        encrypted(size=76)[:-2] + "*=",
        encrypted(size=76)[:-2] + "\ud800=",
        encrypted(size=76)[:-4] + "====",
    ],
)
def test_a_text_of_another_form_is_no_announce(data: str) -> None:
    assert published(data).announce is None


def test_recorded_messages_behind_a_password_are_announces_only_where_they_were_that() -> None:
    trace = ROOT / "tests" / "traces" / "2peers-password.jsonl"
    events = [json.loads(line) for line in trace.read_text().splitlines()]
    sent = [json.loads(each["payload"]) for each in events if each["dir"] == "send"]
    messages = [published(each["data"]) for each in sent if each["type"] == "publish"]
    sizes = {len(json.loads(each.text)["data"]) for each in messages if each.announce is None}
    assert sum(each.announce is not None for each in messages) == 2
    assert min(sizes) > 400


@pytest.mark.parametrize("data", [{"type": "announce", "from": "p"}, encrypted()])
def test_an_announce_that_is_made_anew_is_the_same_message(data: object) -> None:
    message = published(data)
    assert message.announce is not None
    anew = json.loads(encode_announce("t", message.announce.data, 3))
    assert (
        anew
        == json.loads(message.encode(3))
        == {"type": "publish", "topic": "t", "data": data, "clients": 3}
    )


@given(st.text(alphabet=st.characters(codec=None), max_size=300))
def test_every_string_is_a_legal_topic(topic: str) -> None:
    body = json.dumps({"type": "subscribe", "topics": [topic]})
    assert parse(body, False, LIMITS) == Subscribe([topic])
    assert topic_key(topic).encode()


@given(*[st.text(alphabet=st.characters(codec=None) | st.sampled_from("\\ud80\ud800"))] * 2)
def test_different_topics_have_different_keys(one: str, other: str) -> None:
    assert (topic_key(one) == topic_key(other)) == (one == other)


def test_a_topic_is_limited_in_bytes_not_characters() -> None:
    longest = "é" * (LIMITS.topic_bytes // 2)
    assert len(topic_key(longest).encode()) <= 1024  # DynamoDB's sort key
    parse(json.dumps({"type": "subscribe", "topics": [longest]}), False, LIMITS)
    with pytest.raises(InvalidMessageError):
        parse(json.dumps({"type": "subscribe", "topics": [longest + "é"]}), False, LIMITS)


@pytest.mark.parametrize(
    "body",
    [
        '{"type":"publish","topic":"t","data":{"n":1e400,"z":-0,"big":12345678901234567890}}',
        '{"type":"publish","topic":"t","data":{"n":' + "9" * 5000 + "}}",
        '{"type":"publish","topic":"t","data":{"x":"\\ud800"},"more":[1.10,"\\u00e9"]} \r\n\t',
        '{"data":null,"topic":"t","type":"publish"}',
    ],
)
def test_a_published_message_goes_out_as_it_came_in_with_clients(body: str) -> None:
    message = parse(body, False, LIMITS)
    assert isinstance(message, Publish)
    sent = message.encode(clients=3)
    assert sent == body.rstrip(" \r\n\t")[:-1] + ',"clients":3}'


def test_clients_is_ours_even_if_the_sender_wrote_its_own() -> None:
    message = parse('{"type":"publish","topic":"t","clients":99}', False, LIMITS)
    assert isinstance(message, Publish)
    assert json.loads(message.encode(clients=2))["clients"] == 2
