"""What viewers of the console are told, without a server."""

import asyncio
import json
from copy import deepcopy

from local.console.presence import Change, Rooms
from local.console.records import Sent, frames_of, invocation
from local.console.viewers import Viewer, encode
from local.gateway.lambda_events import without_secrets
from signaling.ports import Introduction, Outcome
from tests.support.events import ALL_EVENTS

HOSTILE = "</script>\r\n\ndata: x\u2028\ud800\0"


def test_a_room_tells_who_came_who_left_and_who_got_a_name() -> None:
    rooms = Rooms()
    came = [Change("room", "a", None, True), Change("room", "b", "B", True)]
    assert rooms.update("room", {"a": None, "b": "B"}) == came
    changed = [Change("room", "b", "B", False), Change("room", "a", "A", True)]
    assert rooms.update("room", {"a": "A"}) == changed
    assert rooms.update("room", {"a": "A"}) == []


def test_a_newcomer_is_told_all_rooms_that_somebody_is_in() -> None:
    rooms = Rooms()
    rooms.update("one", {"a": "A"})
    rooms.update("two", {"a": None})
    assert list(rooms.everyone()) == [Change("one", "a", "A", True), Change("two", "a", None, True)]
    assert rooms.topics_of("a") == ["one", "two"]
    rooms.update("two", {})
    assert (rooms.topics(), rooms.topics_of("a")) == (["one"], ["one"])


def test_a_frame_tells_what_became_of_it_for_each_receiver_and_of_whom_it_tells() -> None:
    sent = Sent(["a", "b", "c"], "frame", [], Outcome(["a"], ["b"], ["c"]))
    assert frames_of(sent, "s") == [
        {"from": "s", "frame": "frame", "to": {"a": "delivered", "b": "gone", "c": "failed"}}
    ]
    introductions = [Introduction("x", "s", "of x"), Introduction("y", "s", "of y")]
    sent = Sent([], "not sent", introductions, Outcome(["s"], ["y"], []))
    assert frames_of(sent, "s") == [
        {"from": "x", "frame": "of x", "to": {"s": "delivered"}},
        {"from": "y", "frame": "of y", "to": {"s": "gone"}},
    ]


def test_what_clients_send_cannot_leave_the_line_of_its_server_sent_event() -> None:
    event = deepcopy(ALL_EVENTS["publish_announce"])
    event["body"] = HOSTILE
    message = encode(invocation("F", event, [], None, HOSTILE, 1))
    assert message.startswith(b"data: ") and message.endswith(b"\n\n")
    line = message[len(b"data: ") : -2]
    assert not any(end in line.decode() for end in "\r\n\u2028")
    assert json.loads(line)["event"]["body"] == HOSTILE


def test_an_event_is_shown_without_its_token_and_credentials_and_is_not_changed() -> None:
    secret = "secret"
    event = deepcopy(ALL_EVENTS["connect"])
    event["headers"] |= {"Cookie": secret, "authorization": secret}
    event["multiValueHeaders"] |= {"Cookie": [secret, secret]}
    event["queryStringParameters"] = {"token": secret, "other": "shown"}
    event["multiValueQueryStringParameters"] = {"token": [secret], "other": ["shown"]}
    before = deepcopy(event)
    shown = without_secrets(event)
    assert secret not in json.dumps(shown)
    assert shown["queryStringParameters"]["other"] == "shown"
    assert event == before


def test_a_viewer_takes_at_once_what_has_waited() -> None:
    async def take() -> tuple[bytes, bytes]:
        viewer = Viewer(lambda: None)
        viewer.send(b"a")
        viewer.send(b"b")
        return await viewer.take(5), await viewer.take(0)

    assert asyncio.run(take()) == (b"ab", b"")


def test_a_viewer_who_does_not_read_is_dropped_and_nothing_is_kept_for_it() -> None:
    dropped: list[bool] = []

    async def flood() -> bytes:
        viewer = Viewer(lambda: dropped.append(True))
        for _ in range(100):
            viewer.send(bytes(1024 * 1024))
        assert viewer.is_dropped
        return await viewer.take(5)

    assert asyncio.run(flood()) == b""
    assert dropped
