"""What benchmarks say of costs and requests, against the facts."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from typing import Any

import pytest

from benchmarks import ROOT, costs
from benchmarks.requests import EXPECTED, usage
from benchmarks.worst_bill import REQUESTS_A_SECOND, attacks
from rig.traces import TRACES, sent
from signaling.settings import ADDRESSED, BROADCAST
from traffic.conversation import Step, emptying, filling
from traffic.costs import connecting
from traffic.prices import AS_OF, Prices

# Measured between browsers; with candidates that Chromium skips now and then, hence the ranges.
MEASURED = {
    2: ((8, 8), (15, 15), (7, 7)),
    3: ((21, 21), (54, 54), (21, 21)),
    5: ((63, 65), (246, 255), (68, 70)),
    8: ((174, 176), (1029, 1044), (194, 196)),
}


@pytest.mark.parametrize("peers", MEASURED)
def test_a_meeting_costs_what_was_measured_between_browsers(peers: int) -> None:
    publishes, broadcast, addressed = MEASURED[peers]
    to_all, to_one = costs.meeting(peers, BROADCAST).met, costs.meeting(peers, ADDRESSED).met
    assert publishes[0] <= to_one.publishes <= publishes[1]
    assert broadcast[0] <= to_all.deliveries <= broadcast[1]
    assert addressed[0] <= to_one.deliveries <= addressed[1]


@pytest.mark.parametrize("delivery", [ADDRESSED, BROADCAST])
@pytest.mark.parametrize("signals_per_pair", [4, 6, 12])
@pytest.mark.parametrize("peers", [1, 2, 3, 8, 20, 22, 23, 26])
def test_requests_are_what_is_billed(peers: int, signals_per_pair: int, delivery: str) -> None:
    met, parted, requests = costs.meeting(peers, delivery, signals_per_pair)
    assert met.plus(parted).aws_requests == requests


def test_meetings_cost_what_the_page_says() -> None:
    pages = (ROOT / "benchmarks" / "results" / "costs.md").read_text()
    for peers in (2, 5, 10, 20):
        for delivery in (ADDRESSED, BROADCAST):
            met, parted, requests = costs.meeting(peers, delivery)
            both = met.plus(parted)
            figures = f"{both.publishes:,} | {both.deliveries:,} | {requests + 2 * peers:,} |"
            assert f"| {peers} peers, {delivery} | {figures}" in pages


def test_every_step_tells_how_often_it_is_delivered() -> None:
    for delivery in (ADDRESSED, BROADCAST):
        steps = list(chain.from_iterable(filling("room", 8)))
        deliveries = sum(step.deliveries(delivery) for step in steps)
        assert deliveries == costs.meeting(8, delivery).met.deliveries
    departures = emptying("room", 8, BROADCAST)
    parting = chain.from_iterable(each.before + each.after for each in departures)
    deliveries = sum(step.deliveries(BROADCAST) for step in parting)
    assert deliveries == costs.meeting(8, BROADCAST).parted.deliveries


def said_by_each(messages: Iterable[tuple[int, str]]) -> dict[int, list[str]]:
    """Return what kinds of messages each client sent."""
    said = defaultdict(list)
    for sender, text in messages:
        message = json.loads(text)
        said[sender].append(message.get("data", message)["type"])
    return said


def test_peers_say_what_was_recorded_when_one_leaves() -> None:
    recorded = sent(TRACES / "3peers-leave.jsonl")
    (leaving,) = [number for number, (_, text) in enumerate(recorded) if "unsubscribe" in text]
    departure = next(emptying("room", 3, BROADCAST))
    steps: list[Step] = departure.before + departure.after
    said = said_by_each((step.sender, step.text) for step in steps)
    assert said == said_by_each(recorded[leaving:])


def test_signals_are_as_long_as_the_browsers() -> None:
    steps = chain.from_iterable(filling("weblab-47b6ac42", 2))
    lengths = [len(step.text) for step in steps if step.is_for_one]
    assert lengths == pytest.approx([713, 378, 378, 714, 378, 378], abs=5)


def test_an_idle_client_pays_for_its_pings_minutes_and_reconnects() -> None:
    prices = Prices()
    pings = 2 * 175_200 * prices.websocket_message
    assert pings == pytest.approx(0.35, abs=0.001)
    minutes = 43_800 * prices.connection_minute
    reconnects = 365 * (connecting() + costs.meeting(1, ADDRESSED).met.dollars(1))
    assert costs.idle_client_month() == pytest.approx(pings + minutes + reconnects)
    assert reconnects < minutes
    words = (ROOT / "benchmarks" / "results" / "costs.md").read_text()
    assert f"for a month costs ${costs.idle_client_month():.2f}." in words.replace("\n", " ")
    assert f"Prices of {AS_OF}," in words


def test_operations_make_the_requests_that_the_model_is_made_for(table: tuple[Any, str]) -> None:
    used = usage(*table)
    for name, expected in EXPECTED.items():
        assert (used[name].requests, used[name].posts) == (expected.requests, expected.posts), name


def test_a_meeting_makes_the_requests_of_its_operations() -> None:
    each = {name: sum(used.requests.values()) + used.posts for name, used in EXPECTED.items()}
    before, after = costs.meeting(7, ADDRESSED).met, costs.meeting(8, ADDRESSED).met
    joining = each["subscribe to 1 topic"] + each["announce in a room of 8"]
    signals = 6 * 7 * each["signal in a room of 8"]
    assert after.aws_requests - before.aws_requests == joining + signals


LIMITS = {
    "MaxTopics": 10.0,
    "MaxRecipients": 100.0,
    "MaxWriteUnits": 1000.0,
    "MaxReadUnits": 100.0,
    "MessageRateLimit": 50.0,
    "RouteRateLimit": 50.0,
}


def bills(limits: dict[str, float]) -> dict[str, float]:
    return {re.sub(r"\d+", "N", attack.what): dollars for attack, dollars in attacks(limits)}


@pytest.mark.parametrize("parameter", sorted(LIMITS.keys() - {"MaxWriteUnits"}))
def test_the_worst_bill_grows_with_each_limit(parameter: str) -> None:
    less, more = bills(LIMITS), bills({**LIMITS, parameter: 1.5 * LIMITS[parameter]})
    assert sum(more.values()) > sum(less.values())
    assert all(more[what] >= less[what] for what in less)


def test_posts_cost_no_more_than_aws_lets_through() -> None:
    for recipients in (100.0, 1_000.0):
        limits = {**LIMITS, "MaxRecipients": recipients, "MessageRateLimit": 500.0}
        (publish,) = (each for each, _ in attacks(limits) if each.what.startswith("publish"))
        assert publish.a_second * (recipients + 1) == pytest.approx(REQUESTS_A_SECOND)
        assert 36 < bills(limits)["publish to N sockets of their own"] < 42


def test_rows_cost_no_more_than_the_owner_allows() -> None:
    price = Prices().write_unit * 2 * LIMITS["MaxWriteUnits"] * 3600
    bill = bills({**LIMITS, "MaxTopics": 1000.0})
    assert price < bill["enter N new rooms with each message, and disconnect"] < price + 4
