"""What y-webrtc clients say while a room fills, one after the other. Pure.

A newcomer subscribes and announces itself; then it and each peer that is there exchange signals:
an offer, an answer and ICE candidates, which are as long as in the traces under `tests/traces`.
"""

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from signaling.settings import BROADCAST

SIGNALS_PER_PAIR = 6
"""As measured between two browsers with one network interface each; 4 to 12 were seen."""

_DESCRIPTION_CHARACTERS, _CANDIDATE_CHARACTERS = 492, 153


class Step(NamedTuple):
    """One message of the conversation."""

    sender: int
    """Number of the client, from 0 in the order in which they come."""
    text: str
    members: int
    """Clients in the room by then."""
    is_publish: bool
    is_for_one: bool
    """Whether the message names its addressee."""

    def deliveries(self, delivery: str) -> int:
        """Return how many clients are sent this message."""
        if not self.is_publish:
            return 0
        if delivery == BROADCAST:
            return self.members
        return 1 if self.is_for_one else self.members - 1


def filling(
    topic: str, peers: int, signals_per_pair: int = SIGNALS_PER_PAIR
) -> Iterator[list[Step]]:
    """Yield the messages until `peers` clients have met in `topic`, in bursts.

    As in the traces, nobody waits within a burst: the newcomer announces itself; then everyone who
    is there sends it an offer and candidates; then it sends everyone an answer and candidates.
    """
    for newcomer in range(peers):
        members = newcomer + 1
        subscribe = {"type": "subscribe", "topics": [topic]}
        yield [
            Step(newcomer, _encode(subscribe), members, False, False),
            Step(newcomer, announce(topic, newcomer), members, True, False),
        ]
        offers = range(0, signals_per_pair, 2)
        answers = range(1, signals_per_pair, 2)
        for numbers, is_answer in ((offers, False), (answers, True)):
            pairs = (
                (newcomer, other) if is_answer else (other, newcomer) for other in range(newcomer)
            )
            yield [
                Step(pair[0], _signal(topic, *pair, number), members, True, True)
                for pair in pairs
                for number in numbers
            ]


def announce(topic: str, client: int) -> str:
    """Return the announce of `client` in `topic`."""
    return _publish(topic, {"type": "announce", "from": peer_id(client)})


def peer_id(client: int) -> str:
    """Return a peer id as long as y-webrtc's."""
    return f"{client:08d}-0000-4000-8000-000000000000"


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
