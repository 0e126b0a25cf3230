"""Messages of y-webrtc clients while a room fills, one by one, and empties again. Pure.

A newcomer subscribes and announces itself; then it exchanges signals with each peer that is there:
an offer, an answer and ICE candidates, which are as long as in the traces under `tests/traces`.
A client that leaves makes all others announce themselves, and announces itself, too, as in
`3peers-leave.jsonl`, which was recorded with a server that sends everything to all clients.
"""

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from signaling.settings import ADDRESSED, BROADCAST

SIGNALS_PER_PAIR = 6
"""As measured between two browsers with one network interface each; 4 to 12 were seen."""

_DESCRIPTION_CHARACTERS, _CANDIDATE_CHARACTERS = 492, 153


class Step(NamedTuple):
    """One message of the conversation."""

    sender: int
    """Number of the client, from 0 in the order of arrival."""
    text: str
    members: int
    """Clients in the room by then."""
    is_publish: bool
    is_for_one: bool
    """Whether the message names its addressee, which is in the room."""

    def deliveries(self, delivery: str) -> int:
        """Return the number of clients that get this message."""
        if not self.is_publish:
            return 0
        if delivery == BROADCAST:
            return self.members
        return 1 if self.is_for_one else self.members - 1


class Departure(NamedTuple):
    """The messages when a client closes its page."""

    leaver: int
    before: list[Step]
    """Sent by the client, until its connection ends."""
    after: list[Step]
    """Sent by the others, which notice it then."""


def filling(
    topic: str, peers: int, signals_per_pair: int = SIGNALS_PER_PAIR
) -> Iterator[list[Step]]:
    """Yield the messages until `peers` clients have met in `topic`, in bursts.

    As in the traces, no client waits within a burst: the newcomer announces itself; then all that
    are there send it an offer and candidates; then it sends each an answer and candidates.
    """
    for newcomer in range(peers):
        members = newcomer + 1
        yield _entering(topic, newcomer, members)
        offers, answers = _offers(signals_per_pair), range(1, signals_per_pair, 2)
        for numbers, is_answer in ((offers, False), (answers, True)):
            pairs = (
                (newcomer, other) if is_answer else (other, newcomer) for other in range(newcomer)
            )
            yield [
                Step(pair[0], _signal(topic, *pair, number), members, True, True)
                for pair in pairs
                for number in numbers
            ]


def emptying(
    topic: str,
    peers: int,
    delivery: str = ADDRESSED,
    signals_per_pair: int = SIGNALS_PER_PAIR,
) -> Iterator[Departure]:
    """Yield the departures as `peers` clients leave `topic` one by one, the last to arrive first.

    A closing page unsubscribes, but then y-webrtc closes its connections, and each that closes
    enters the room again. The others notice that their connection has closed, and also enter the
    room again. With broadcast they also answer the last announces of the leaving client, with
    offers and candidates for a peer that no longer exists. A connection that never opened stays in
    the tables of the clients that offered it, and closes when they leave themselves.
    """
    for leaver in reversed(range(peers)):
        unsubscribe = _encode({"type": "unsubscribe", "topics": [topic]})
        before = [Step(leaver, unsubscribe, leaver, False, False)]
        for _ in range(peers - 1 if delivery == BROADCAST else leaver):
            before += _entering(topic, leaver, leaver + 1)
        after = []
        for other in range(leaver):
            after += _entering(topic, other, leaver)
        if delivery == BROADCAST:
            after += [
                Step(other, _signal(topic, other, leaver, number), leaver, True, False)
                for other in range(leaver)
                for number in _offers(signals_per_pair)
            ]
        yield Departure(leaver, before, after)


def announce(topic: str, client: int) -> str:
    """Return the announce of `client` in `topic`."""
    return _publish(topic, {"type": "announce", "from": peer_id(client)})


def message_to_all(topic: str, client: int) -> str:
    """Return a message of `client` to all others in `topic`, as long as an announce."""
    return _publish(topic, {"type": "greeting", "from": peer_id(client)})


def peer_id(client: int) -> str:
    """Return a peer id as long as y-webrtc's."""
    return f"{client:08d}-0000-4000-8000-000000000000"


def _entering(topic: str, client: int, members: int) -> list[Step]:
    subscribe = _encode({"type": "subscribe", "topics": [topic]})
    return [
        Step(client, subscribe, members, False, False),
        Step(client, announce(topic, client), members, True, False),
    ]


def _offers(signals_per_pair: int) -> range:
    """Return the numbers of the signals from the client that makes the offer."""
    return range(0, signals_per_pair, 2)


def _signal(topic: str, sender: int, receiver: int, number: int) -> str:
    size = _DESCRIPTION_CHARACTERS if number < 2 else _CANDIDATE_CHARACTERS
    signal = {"type": ("offer", "answer", "candidate")[min(number, 2)], "sdp": "v" * size}
    data = {
        "to": peer_id(receiver),
        "from": peer_id(sender),
        "type": "signal",
        "token": 1795449990625.7075,
        "signal": signal,
    }
    return _publish(topic, data)


def _publish(topic: str, data: Mapping[str, object]) -> str:
    return _encode({"type": "publish", "topic": topic, "data": data})


def _encode(message: Mapping[str, object]) -> str:
    return json.dumps(message, separators=(",", ":"))
