"""What stands around the functions' ports stands around the whole of them."""

from collections.abc import Callable

import pytest

from local.console.watching import watched_subscriptions
from local.table.in_memory import MemorySubscriptions
from local.wrapping import WrappedSubscriptions
from signaling.ports import Subscriptions
from signaling.tracing import TracedSubscriptions

PORT = {name for name in vars(Subscriptions) if not name.startswith("_")}
WRAPPERS: dict[str, Callable[[Subscriptions], object]] = {
    "tracing": TracedSubscriptions,
    "console": lambda inner: watched_subscriptions(
        inner, lambda topics: None, lambda connection: []
    ),
    "faults": lambda inner: WrappedSubscriptions(inner, lambda call: call, lambda call: call),
}


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_wrapper_answers_whatever_the_rooms_ask(name: str) -> None:
    wrapper = WRAPPERS[name](MemorySubscriptions())
    assert {each for each in PORT if not callable(getattr(wrapper, each, None))} == set()
