"""Whatever is asked in whatever order, rooms in memory say what DynamoDB's own engine says."""

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from uuid import uuid4

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from local.sam.template import Stack
from local.table.dynamodb import make_table
from local.table.in_memory import MemorySubscriptions
from rig.aws import dynamodb_client
from signaling.aws import lean
from signaling.ports import Sender, Subscriptions
from tests.support.subscriptions import CONNECTED_AT, NOW, announce, of_table

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Not shrinking, which takes minutes: what was asked is printed as it is."""

PEERS = ("A", "B", "A#", "1:A#")
CONNECTIONS = st.integers(0, 6)
PEER_IDS = st.sampled_from(PEERS)
DELAYS = st.sampled_from((0, 0, 0, 1, 3))
"""How many messages later a message is handled than it was sent."""

BY_CONNECTION = attrgetter("connection")
TEXTS = st.text("ab\u00e9", min_size=1, max_size=3)


@pytest.fixture
def adapters(
    lean_dynamodb: lean.LeanDynamoDB, dynamodb_local: str, stack: Stack
) -> list[Subscriptions]:
    """AWS's own engine, which says what is right, and the one in memory."""
    name = f"table-{uuid4()}"
    table = {**stack.table, "TableName": name}
    make_table(dynamodb_client(dynamodb_local), table)
    return [of_table(lean_dynamodb, name), MemorySubscriptions(now=lambda: NOW)]


def machine(adapters: list[Subscriptions]) -> type[RuleBasedStateMachine]:
    """Return what asks all `adapters` the same."""

    class Sequences(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.topic = f"{uuid4()}"
            self.now = CONNECTED_AT
            self.generations = [0] * 7

        def ask(self, question: Callable[[Subscriptions], object]) -> None:
            first, *others = map(question, adapters)
            for other in others:
                assert other == first

        def connection(self, number: int) -> str:
            return f"{number}-{self.generations[number]}="

        def sender(self, number: int, delay: int) -> Sender:
            self.now += 2
            return Sender(self.connection(number), CONNECTED_AT, self.now - 2 * delay)

        @rule(number=CONNECTIONS, delay=DELAYS)
        def subscribe(self, number: int, delay: int) -> None:
            sender = self.sender(number, delay)
            self.ask(lambda each: each.subscribe([self.topic], sender))

        @rule(number=CONNECTIONS, peer=PEER_IDS, delay=DELAYS, is_listed=st.booleans())
        def announce(self, number: int, peer: str, delay: int, is_listed: bool) -> None:
            sender = self.sender(number, delay)

            def announce_and_list(each: Subscriptions) -> object:
                own = each.announce(self.topic, sender, announce(peer))
                if own and is_listed and not own.is_listed:
                    each.list_peers(self.topic, [own])
                return own

            self.ask(announce_and_list)

        @rule(number=CONNECTIONS, delay=DELAYS)
        def unsubscribe(self, number: int, delay: int) -> None:
            sender = self.sender(number, delay)
            self.ask(lambda each: each.unsubscribe([self.topic], sender))

        @rule(number=CONNECTIONS, peer=PEER_IDS)
        def learn_peer(self, number: int, peer: str) -> None:
            connection = self.connection(number)
            self.ask(lambda each: each.learn_peer(self.topic, connection, peer))

        @rule(late=st.lists(CONNECTIONS, min_size=1, max_size=3))
        def list_those_who_may_have_left(self, late: list[int]) -> None:
            connections = {self.connection(number) for number in late}

            def list_some(each: Subscriptions) -> None:
                there = [row for row in each.of_topic(self.topic) if row.connection in connections]
                each.list_peers(self.topic, [row for row in there if row.peer is not None])

            self.ask(list_some)

        @rule(number=CONNECTIONS, text=TEXTS)
        def hold(self, number: int, text: str) -> None:
            connection = self.connection(number)
            self.ask(lambda each: each.hold(self.topic, connection, text))

        @rule(number=CONNECTIONS)
        def read_what_is_held(self, number: int) -> None:
            connection = self.connection(number)
            self.ask(lambda each: each.held(self.topic, connection))

        @rule(number=CONNECTIONS)
        def ask_for_one(self, number: int) -> None:
            connection = self.connection(number)
            self.ask(lambda each: each.of_connection(self.topic, connection))

        @rule(number=CONNECTIONS)
        def take(self, number: int) -> None:
            connection = self.connection(number)
            self.ask(lambda each: each.take(self.topic, connection))

        @rule(number=CONNECTIONS, peer=PEER_IDS, delay=DELAYS)
        def offer(self, number: int, peer: str, delay: int) -> None:
            """Note an offer to all who claim a peer id."""
            sender = self.sender(number, delay)

            def note(each: Subscriptions) -> list[str]:
                listed = each.of_peer(self.topic, peer)
                noted = each.note_offer(self.topic, sender, "A", listed)
                return [row.connection for row in noted]

            self.ask(note)

        @rule(number=CONNECTIONS, is_noticed=st.booleans())
        def disconnect(self, number: int, is_noticed: bool) -> None:
            connection = self.connection(number)
            if is_noticed:
                self.ask(lambda each: each.remove_connection(connection))
            else:
                self.ask(lambda each: each.remove(self.topic, [connection]))
            self.generations[number] += 1  # an id never comes again

        @invariant()
        def all_say_the_same(self) -> None:
            self.ask(lambda each: sorted(each.of_topic(self.topic), key=BY_CONNECTION))
            self.ask(lambda each: sorted(each.unanswered()))
            for peer in PEERS:
                self.ask(partial(self.found, peer))

        def found(self, peer: str, each: Subscriptions) -> list[str]:
            return [row.connection for row in each.of_peer(self.topic, peer)]

    return Sequences


def test_all_adapters_say_the_same_whatever_happens(adapters: list[Subscriptions]) -> None:
    few = settings(max_examples=20, stateful_step_count=20, phases=PHASES)
    run_state_machine_as_test(machine(adapters), settings=few)
