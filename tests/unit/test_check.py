"""The check's arithmetic, and what it makes of a server's answers."""

import io
from typing import Any

import pytest

from check import meanings
from check.findings import Advice, Finding, Outcome
from check.latency import percentile, percentiles
from check.load import Load
from check.report import Report
from check.target import Target, mask
from tests.support.authorizer import encoded


def token(**claims: Any) -> str:
    """Return what looks like a JWT."""
    return ".".join(map(encoded, ({"alg": "ES256"}, claims, "signature")))


def target(url: str = "wss://host/dev", token: str | None = None) -> Target:
    return Target.parse(url, token, None, "addressed")


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(each) for each in range(100, 0, -1)]
    percents = (50, 95, 99, 100, 0, 0.5)
    assert [percentile(values, percent) for percent in percents] == [50, 95, 99, 100, 1, 1]
    assert percentile([3.0, 1.0, 2.0], 99) == 3
    assert percentiles([0.0012, 0.0304]) == "p50/p95/p99 1.2/30/30 ms"


@pytest.mark.parametrize(
    ("status", "has_token", "means"),
    [
        (200, False, "no signaling server"),
        (400, False, "bad request"),
        (401, False, "wants a token"),
        (401, True, "found no token"),
        (403, False, "AllowedOrigins"),
        (403, True, "the token is refused"),
        (404, False, "no signaling server"),
        (429, False, "RouteRateLimit"),
        (500, True, "authorizer"),
        (502, False, "setting"),
        (504, False, "too long"),
    ],
)
def test_a_refusal_is_explained_by_its_status(status: int, has_token: bool, means: str) -> None:
    assert means in meanings.of_status(status, has_token).means


def test_a_token_that_has_expired_is_called_that() -> None:
    assert meanings.of_status(403, True, expired=True).means == "the token has expired"


@pytest.mark.parametrize(
    ("frame", "means"),
    [
        ({"type": "error", "code": "forbidden", "message": ""}, "does not open this room"),
        ({"type": "error", "code": "unavailable", "message": ""}, "table"),
        ({"type": "error", "code": "invalid_message", "message": "why"}, "why"),
        ({"message": "Internal server error", "connectionId": "1"}, "message function failed"),
        ({"message": "Too Many Requests", "connectionId": "1"}, "Too Many Requests"),
        ({"type": "publish", "message": "x"}, None),
    ],
)
def test_only_a_frame_of_a_failure_is_explained(frame: dict[str, str], means: str | None) -> None:
    advice = meanings.of_frames([{"type": "pong"}, frame])
    assert (advice is None) == (means is None)
    assert advice is None or str(means) in advice.means


def test_a_token_may_come_in_the_url_and_is_masked_wherever_it_stands() -> None:
    assert mask("ws://h/?a=1&token=abc.d-e_f&b=2 failed") == "ws://h/?a=1&token=***&b=2 failed"
    mine = target("wss://host/dev?a=1&token=abc")
    assert (f"{mine.url}", mine.token) == ("wss://host/dev?a=1", "abc")
    mine = target(token="se/cr+et")
    assert mine.mask("no se/cr+et here, no se%2Fcr%2Bet") == "no *** here, no ***"
    assert mine.mask(f"{mine.address('se/cr+et')}") == "wss://host/dev?token=***"


@pytest.mark.parametrize(
    ("url", "bring", "error"),
    [
        *((url, None, "no WebSocket URL") for url in ("https://host", "host", "", "wss://")),
        *((url, None, "no WebSocket URL") for url in ("wss://[host", "http://host?token=secret")),
        ("wss://host?token=secret", "another", "two tokens"),
        ("wss://host", token(topics=["lobby"]), "fixed names"),
    ],
)
def test_a_wrong_url_or_token_is_refused_in_one_line_without_the_token(
    url: str, bring: str | None, error: str
) -> None:
    with pytest.raises(ValueError, match=error) as raised:
        target(url, bring)
    assert "\n" not in str(raised.value)
    assert "secret" not in str(raised.value)


def test_rooms_are_ones_that_the_token_opens_and_that_nobody_uses() -> None:
    assert target().room().startswith("check-")
    assert target().room() != target().room()
    assert target(token=token(topics=["lobby", "team-1/**"])).room().startswith("team-1/check-")


@pytest.mark.parametrize(
    ("claims", "start"),
    [
        ({"topics": ["lobby", "team-1/**"]}, "check-outside-"),
        ({"topics": ["check-*"]}, "not-check-"),
        ({"topics": ["**"]}, None),
        ({}, None),
    ],
)
def test_a_token_does_not_open_a_room_outside(claims: dict[str, Any], start: str | None) -> None:
    outside = target(token=token(**claims)).room_outside()
    assert (outside is None) == (start is None)
    assert outside is None or outside.startswith(str(start))


def test_a_changed_token_differs_in_its_signature_alone() -> None:
    mine = token(sub="ada")
    changed = target(token=mine).changed_token()
    assert changed and changed != mine and len(changed) == len(mine)
    assert changed.rpartition(".")[0] == mine.rpartition(".")[0]
    assert target().changed_token() is None


@pytest.mark.parametrize(
    ("text", "rate"),
    [("20", 2), ("x5", 2), ("20x1", 2), ("0x5", 2), ("axb", 2), ("9999x9", 2), ("2x2", 0)],
)
def test_a_load_is_rooms_times_peers_or_refused(text: str, rate: float) -> None:
    assert Load.parse("20x5", 2) == Load(20, 5, 2)
    with pytest.raises(ValueError, match=r"LOAD|RATE"):
        Load.parse(text, rate)


FAILED = Finding("ping", Outcome.FAILED, "ping", "no pong", 5.0, Advice("it is dead", "revive it"))


TEXT = """what
FAIL ping       ping: no pong [5.0 s]
       means: it is dead
       do: revive it
0 passed, 1 failed, 0 not tried, in 0 s
"""
JSON = (
    '{"probe": "ping", "outcome": "failed", "tried": "ping", "came": "no pong", "seconds": 5.0, '
    '"means": "it is dead", "do": "revive it"}\n'
)


@pytest.mark.parametrize(("is_json", "written"), [(False, TEXT), (True, JSON)])
def test_a_finding_is_a_line_with_advice_below_it_or_an_object(is_json: bool, written: str) -> None:
    output = io.StringIO()
    report = Report(is_json, output, io.StringIO())
    report.begin("what")
    report.tell(FAILED)
    report.end()
    assert output.getvalue() == written
