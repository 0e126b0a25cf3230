"""What every adapter of the port `Subscriptions` does with signals that reached nobody."""

from signaling.bounds import HELD_BYTES
from signaling.ports import Subscriptions
from tests.support.subscriptions import announce, members, sender


def test_signals_are_held_in_order_and_taken_once(subscriptions: Subscriptions) -> None:
    subscriptions.subscribe(["room", "other"], sender("a"))
    assert [subscriptions.hold("room", "a", text) for text in ("one", "tw\u00f6")] == [1, 2]
    assert subscriptions.take("other", "a") == subscriptions.held("other", "a") == []
    assert subscriptions.held("room", "a") == ["one", "tw\u00f6"]
    subscriptions.announce("room", sender("a", at=2), announce("A"))
    assert subscriptions.take("room", "a") == ["one", "tw\u00f6"]
    assert subscriptions.take("room", "a") == subscriptions.held("room", "a") == []
    assert subscriptions.hold("room", "a", "again") == 1


def test_signals_are_held_for_those_only_who_are_there(subscriptions: Subscriptions) -> None:
    subscriptions.subscribe(["room"], sender("a", at=1))
    assert subscriptions.hold("room", "b", "signal") == 0
    assert subscriptions.hold("room", "a", "signal") == 1
    subscriptions.unsubscribe(["room"], sender("a", at=2))
    assert subscriptions.take("room", "a") == []
    assert subscriptions.hold("room", "a", "signal") == 0
    assert members(subscriptions) == {}


def test_signals_are_held_up_to_a_number_of_bytes(subscriptions: Subscriptions) -> None:
    subscriptions.subscribe(["room"], sender("a"))
    assert subscriptions.hold("room", "a", "\u00e9" * (HELD_BYTES // 2) + "e") == 0
    assert subscriptions.hold("room", "a", "\u00e9" * (HELD_BYTES // 2)) == 1
    assert subscriptions.hold("room", "a", "e") == 0
    assert len(subscriptions.take("room", "a")) == 1
    assert subscriptions.hold("room", "a", "e") == 1
