"""Messages of one client may be handled in any order: the latest wins, in every adapter."""

from itertools import permutations

import pytest

from signaling.ports import Subscriptions
from signaling.protocol import Announce
from tests.support.subscriptions import announce, announces, members, sender


def test_a_subscription_of_before_its_announce_or_of_the_same_millisecond_forgets_nothing(
    subscriptions: Subscriptions,
) -> None:
    for at in (2, 3):
        subscriptions.announce("room", sender("a", at=3), announce("A"))
        subscriptions.subscribe(["room"], sender("a", at=at))
        assert announces(subscriptions) == {"a": '"I am A"'}
    subscriptions.subscribe(["room"], sender("b", at=3))
    subscriptions.announce("room", sender("b", at=3), announce("B"))
    assert announces(subscriptions)["b"] == '"I am B"'


def test_of_the_same_millisecond_the_subscription_stays(subscriptions: Subscriptions) -> None:
    subscriptions.subscribe(["first"], sender("a", at=2))
    subscriptions.unsubscribe(["first", "second"], sender("a", at=2))
    subscriptions.subscribe(["second"], sender("a", at=2))
    for topic in ("first", "second"):
        assert members(subscriptions, topic) == {"a": None}


LIVES = {
    "enters": ["subscribe", "announce"],
    "announces itself twice": ["announce", "announce"],
    "leaves": ["subscribe", "announce", "unsubscribe"],
    "enters again": ["announce", "unsubscribe", "subscribe", "announce"],
}


@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
def test_in_whatever_order_requests_are_handled_the_latest_holds(
    subscriptions: Subscriptions, life: list[str]
) -> None:
    for number, order in enumerate(permutations(enumerate(life, start=1))):
        topic = f"room-{number}"
        for at, request in order:
            if request == "announce":
                subscriptions.announce(topic, sender("a", at), Announce(str(at), f"{at}"))
            else:
                getattr(subscriptions, request)([topic], sender("a", at))
        found = [(each.announce, each.peer) for each in subscriptions.of_topic(topic)]
        last = f"{len(life)}"
        assert found == ([] if life[-1] == "unsubscribe" else [(last, last)]), order


def test_a_topic_whose_message_comes_late_keeps_no_other_out(subscriptions: Subscriptions) -> None:
    subscriptions.subscribe(["second"], sender("a", at=3))
    subscriptions.unsubscribe(["first", "second", "third"], sender("a", at=2))
    subscriptions.subscribe(["first", "second", "third"], sender("a", at=2))
    for topic in ("first", "second", "third"):
        assert members(subscriptions, topic) == {"a": None}
