"""Which topics a connection may use, as its token says. Pure.

A pattern is a topic in which `*` stands for any characters except `/`, and `**` for any at all.
"""

import json
from collections.abc import Mapping

from signaling.typed import Any, NamedTuple

_CLAIM = "topics"

MOST_TOPICS_BYTES = 1536
"""Limit for all patterns as JSON. With 650 bytes for the other claims that is 2,915 characters of
base64; with a header of 200, a signature of 683 (RSA with 4,096 bits) and two dots it is 3,800, the
longest token that `tokens.py` accepts. The authorizer's answer, which may have 8 KB, contains them
as JSON within JSON, which at worst doubles them:
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""


class Grants(NamedTuple):
    """Patterns of the topics that a connection may subscribe to and publish in."""

    topics: tuple[str, ...] | None
    """None grants every topic, an empty tuple none."""

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> "Grants":
        """Read the claim `topics` of a verified token; without it every topic is granted.

        Raises:
            ValueError: the claim is not a list of strings, or is too long for API Gateway.
        """
        if _CLAIM not in claims:
            return EVERYTHING
        topics = claims[_CLAIM]
        if not isinstance(topics, list) or not all(isinstance(each, str) for each in topics):
            raise ValueError("the claim topics is no list of strings")
        if len(json.dumps(topics)) > MOST_TOPICS_BYTES:
            raise ValueError(f"the claim topics has more than {MOST_TOPICS_BYTES} bytes")
        return cls(tuple(topics))

    @classmethod
    def from_context(cls, authorizer: Mapping[str, Any] | None, needs_token: bool) -> "Grants":
        """Read what `to_context` wrote; if it is missing, `needs_token` decides.

        It is missing if the connection is older than the authorizer. AWS also does not document
        that an authorizer's context is on the events after `$connect`.
        """
        if authorizer is None or not has_grants(authorizer):
            return NOTHING if needs_token else EVERYTHING
        try:
            topics = json.loads(authorizer[_CLAIM])
            return EVERYTHING if topics is None else cls.from_claims({_CLAIM: topics})
        except (ValueError, TypeError):
            return NOTHING  # not from this authorizer: whatever it means, it grants nothing

    def to_context(self) -> dict[str, str]:
        """Return the grants as an authorizer's context, whose values may only be strings.

        `null` grants every topic; an empty context would look like a missing one.
        """
        return {_CLAIM: json.dumps(self.topics)}

    def allows(self, topic: str) -> bool:
        """Tell whether one of the patterns matches the whole of `topic`."""
        return self.topics is None or _matches(self.topics, topic)

    def divide(self, topics: list[str]) -> tuple[list[str], list[str]]:
        """Return those of `topics` that are allowed, and the others."""
        allowed = [topic for topic in topics if self.allows(topic)]
        return allowed, [topic for topic in topics if topic not in allowed]


EVERYTHING = Grants(None)
NOTHING = Grants(())


def has_grants(authorizer: Mapping[str, Any]) -> bool:
    """Tell whether an authorizer's context has what `Grants.to_context` wrote."""
    return _CLAIM in authorizer


def _matches(patterns: tuple[str, ...], topic: str) -> bool:
    """Run all patterns at once, as one nondeterministic automaton whose states are bits.

    A pattern has a state for each count of literal characters read so far. A literal moves its
    state on by one bit, a wildcard keeps it. The work is one step for each character of the
    patterns and of the topic, whatever they are: there is nothing to backtrack over.
    """
    start = end = keeps = keeps_at_slash = 0
    moves: dict[str, int] = {}
    state = 1
    for pattern in patterns:
        start |= state
        for index, character in enumerate(pattern):
            if character != "*":
                moves[character] = moves.get(character, 0) | state
                state <<= 1
            else:
                keeps |= state
                if pattern.startswith("**", index):
                    keeps_at_slash |= state
        end |= state
        state <<= 1
    states = start
    for character in topic:
        moved = (states & moves.get(character, 0)) << 1
        states = moved | states & (keeps_at_slash if character == "/" else keeps)
    return states & end != 0
