"""What the lean AWS client does when servers refuse, are slow or say nothing."""

import json
import time

import pytest

from signaling.aws import http1, lean
from signaling.aws.retries import THROTTLED
from tests.support.lean import ID, Served, post, query
from tests.support.stub import SILENCE, Received, Reply, reply


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_post_that_is_refused_for_now_is_sent_again(served: Served, status: int) -> None:
    stub, service = served(reply(status), reply(status), reply())
    assert post(service).delivered == [ID]
    assert len(stub.requests) == 3


@pytest.mark.parametrize("code", sorted(THROTTLED))
def test_a_throttled_operation_is_sent_again(served: Served, code: str) -> None:
    _, service = served(reply(400, json.dumps({"__type": f"x#{code}"}).encode()), reply())
    assert query(service) == {}


@pytest.mark.parametrize(("status", "kind"), [(410, "gone"), (403, "failed"), (413, "failed")])
def test_a_post_refused_for_good_is_sent_once(served: Served, status: int, kind: str) -> None:
    stub, service = served(reply(status))
    assert getattr(post(service), kind) == [ID]
    assert len(stub.requests) == 1


def test_at_the_deadline_refusals_are_told(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lean, "delay_after", lambda attempt: 0.2)
    _, slow = served(answer=lambda request: reply(503 if request.path.endswith("slow") else 200))
    started = time.monotonic()
    result = post(slow, "slow", "a", "b", seconds=0.5)
    assert time.monotonic() - started < 5  # without a deadline it would never end
    assert (result.failed, sorted(result.delivered)) == (["slow"], ["a", "b"])
    _, refusing = served(reply(503))
    assert query(refusing, seconds=0.3).status == 503


def test_a_server_that_never_answers_is_given_up_at_the_deadline(served: Served) -> None:
    _, service = served(SILENCE)
    started = time.monotonic()
    assert post(service, "a", "b", "c", seconds=0.3).failed == ["a", "b", "c"]
    assert query(service, seconds=0.3).code == "TimeoutError"
    assert time.monotonic() - started < 5
    assert service.host.idle == []


def test_a_slow_server_is_asked_again(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "READ_SECONDS", 0.1)
    stub, service = served(SILENCE, reply())
    assert post(service).delivered == [ID]
    assert stub.connections == 2


def test_a_fan_out_that_does_not_fit_the_deadline_reports_the_rest(served: Served) -> None:
    def answer(_: Received) -> Reply:
        time.sleep(0.02)
        return reply()

    everyone = [str(number) for number in range(10_000)]
    _, service = served(answer=answer)
    result = post(service, *everyone, seconds=2.0)
    assert result.delivered and result.failed
    assert sorted(result.delivered + result.failed) == sorted(everyone)
