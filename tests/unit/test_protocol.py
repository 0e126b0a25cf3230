"""The wire protocol: what is accepted, what is refused, and what goes out."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.traces import TRACES, sent
from signaling.errors import InvalidMessageError
from signaling.frames import encode_announce, encode_error
from signaling.protocol import (
    MAX_PEER_BYTES,
    Announce,
    Limits,
    Message,
    Ping,
    Publish,
    Subscribe,
    Unsubscribe,
    parse,
)
from signaling.topics import topic_key
from tests.support.messages import HOSTILE, encrypted

LIMITS = Limits()
LARGEST_FRAME = 32 * 1024
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""


@pytest.mark.parametrize(("body", "code"), HOSTILE.values(), ids=HOSTILE)
def test_parse_refuses(body: str, code: str) -> None:
    with pytest.raises(InvalidMessageError) as refusal:
        parse(body, False, LIMITS)
    assert refusal.value.code == code
    frame = json.loads(encode_error(refusal.value))
    assert frame == {"type": "error", "code": code, "message": str(refusal.value)}


@given(st.text() | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
def test_parse_never_raises_anything_but_its_own_error(value: Any) -> None:
    for body in (str(value), json.dumps(value), json.dumps({"type": value, "topics": value})):
        with suppress(InvalidMessageError):
            parse(body, False, LIMITS)


def parsed(**body: object) -> Message:
    return parse(json.dumps(body), False, LIMITS)


def published(data: object, topic: str = "t") -> Publish:
    return published_by(json.dumps({"type": "publish", "topic": topic, "data": data}))


def published_by(body: str) -> Publish:
    message = parse(body, False, LIMITS)
    assert isinstance(message, Publish)
    return message


def test_parse_reads_what_clients_send() -> None:
    assert parsed(type="ping") == Ping()
    assert parsed(type="subscribe", topics=[]) == Subscribe([])
    assert parsed(type="subscribe", topics=["b", "a", "b"]) == Subscribe(["b", "a"])
    assert parsed(type="unsubscribe", topics=["a"]) == Unsubscribe(["a"])


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


def test_an_announce_behind_a_password_is_known_by_its_form() -> None:
    message = published(encrypted())
    assert message.announce == Announce(f'"{encrypted()}"', None)
    assert message.peer is None


@pytest.mark.parametrize(
    "data",
    [
        *(encrypted(size=75), encrypted(size=77), encrypted(start=b"\x07AES-GCM\x0d")),
        *(encrypted(length=b"\x4d"), encrypted()[:-1], encrypted()[:-2] + "*="),
        *(encrypted()[:-2] + "\ud800=", encrypted()[:-4] + "===="),
    ],
)
def test_a_text_of_another_form_is_no_announce(data: str) -> None:
    assert published(data).announce is None


def test_recorded_messages_behind_a_password_are_announces_only_where_they_were_that() -> None:
    recorded = [json.loads(text) for _, text in sent(TRACES / "2peers-password.jsonl")]
    messages = [published(each["data"]) for each in recorded if each["type"] == "publish"]
    sizes = {len(json.loads(each.text)["data"]) for each in messages if each.announce is None}
    assert sum(each.announce is not None for each in messages) == 2
    assert min(sizes) > 400


@pytest.mark.parametrize("data", [{"type": "announce", "from": "p"}, encrypted()])
def test_an_announce_that_is_made_anew_is_the_same_message(data: object) -> None:
    message = published(data)
    assert message.announce is not None
    expected = {"type": "publish", "topic": "t", "data": data, "clients": 3}
    assert json.loads(encode_announce("t", message.announce.data, 3)) == expected
    assert json.loads(message.encode(3)) == expected


@given(st.text(alphabet=st.characters(codec=None), max_size=300))
def test_every_string_is_a_legal_topic(topic: str) -> None:
    assert parsed(type="subscribe", topics=[topic]) == Subscribe([topic])
    assert topic_key(topic).encode()


def test_a_topic_is_limited_in_bytes_not_characters() -> None:
    longest = "é" * (LIMITS.topic_bytes // 2)
    assert len(topic_key(longest).encode()) <= 1024  # DynamoDB's sort key
    parsed(type="subscribe", topics=[longest])
    with pytest.raises(InvalidMessageError):
        parsed(type="subscribe", topics=[longest + "é"])


@pytest.mark.parametrize(
    "body",
    [
        '{"type":"publish","topic":"t","data":{"n":1e400,"z":-0,"big":12345678901234567890}}',
        '{"type":"publish","topic":"t","data":{"n":' + "9" * 5000 + "}}",
        '{"type":"publish","topic":"t","data":{"x":"\\ud800"},"more":[1.10,"\\u00e9"]} \r\n\t',
        '{"data":null,"topic":"t","type":"publish"}',
        '{"type":"publish","topic":"t","clients":99}',  # of several the last one counts
    ],
)
def test_a_published_message_goes_out_as_it_came_in_with_clients(body: str) -> None:
    encoded = published_by(body).encode(clients=3)
    assert encoded == body.rstrip(" \r\n\t")[:-1] + ',"clients":3}'
    assert json.loads(encoded, parse_int=str)["clients"] == "3"


def test_the_longest_message_still_fits_one_frame_with_the_number_of_clients() -> None:
    empty = '{"type":"publish","topic":"t","data":""}'
    body = empty[:-2] + "x" * (LIMITS.message_bytes - len(empty)) + empty[-2:]
    assert len(published_by(body).encode(10**21 - 1).encode()) <= LARGEST_FRAME


def test_the_longest_announce_that_is_made_anew_fits_one_frame() -> None:
    topic, peer = "\x01" * LIMITS.topic_bytes, "\x01" * MAX_PEER_BYTES
    announce = published({"type": "announce", "from": peer}, topic).announce
    assert announce
    assert len(encode_announce(topic, announce.data, 10**21 - 1).encode()) <= LARGEST_FRAME
