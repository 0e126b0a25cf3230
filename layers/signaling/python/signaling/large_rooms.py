"""Introductions in rooms with so many members that a newcomer meets only some of them."""

from collections.abc import Iterable

from signaling.errors import SubscriptionsError
from signaling.introductions import heard_by
from signaling.ports import Connections, Outcome, Subscriber, Subscriptions, plus
from signaling.standing import (
    NEW_MILLISECONDS,
    came_back,
    entered_at,
    is_newcomer,
)
from signaling.typed import NamedTuple

INTRODUCED = 8
"""Members introduced to a newcomer in a large room.

4 are too few for peers that arrive at once; more shorten no paths
(benchmarks/results/simulation.md).
"""

INTRODUCED_AGAIN = 2
"""Members introduced to one that has lost a connection. More would fill a room that has just enough
connections: each member that leaves makes about 20 others announce themselves again."""


class Choice(NamedTuple):
    """A member that the sender of an announce is introduced to, in one direction."""

    member: Subscriber
    is_hearer: bool
    """Whether the member hears of the sender, and not the sender of the member."""


def choose(own: Subscriber, candidates: Iterable[Subscriber]) -> list[Choice]:
    """Return the members that `own` can be introduced to, the best first.

    The sender hears of the others and makes the offers, because y-webrtc accepts every offer, but
    ignores announces when it has 20 to 34 connections. If both announce themselves within seconds,
    the younger in the room hears of the elder, whichever is the sender, so their announces do not
    cross. They cross only if both announce themselves again and choose each other, and the elder
    reads before the younger writes.

    No member hears of a client that left and came back at once, because it may have gone.

    A client that has not announced itself is left out for some seconds, because its announce is
    still to come. After that it has either lost a connection and still has too many to announce
    itself, or it never does: it hears of the sender, and comes last.
    """
    chosen, silent = [], []
    for other in candidates:
        is_new = own.requested_at - other.requested_at <= NEW_MILLISECONDS
        if other.connection == own.connection or (is_new and other.announce is None):
            continue
        if came_back(other) or (other.announce is None and came_back(own)):
            continue
        if other.announce is None:
            silent.append(Choice(other, is_hearer=True))
        else:
            is_younger = is_new and _age(other) > _age(own)
            chosen.append(Choice(other, is_hearer=is_younger and not came_back(own)))
    chosen.sort(key=lambda choice: not choice.member.is_listed)  # to list a member costs a write
    return chosen + silent


def _age(subscriber: Subscriber) -> tuple[int, str]:
    """Return a key that is less for a member that has been in the room for longer."""
    return entered_at(subscriber), subscriber.connection


class LargeRoom:
    """A room with more members than those that were read."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        connections: Connections,
        topic: str,
        read: list[Subscriber],
    ) -> None:
        """Know the members of `topic` that were `read`."""
        self._subscriptions = subscriptions
        self._connections = connections
        self._topic = topic
        self._read = read

    def introduce(self, own: Subscriber, text: str, sample: list[Subscriber]) -> Outcome:
        """Introduce `own` to some of `sample`, or of those that were read if these are too few.

        `text` is its announce, as members get it that hear of it.

        Others are tried once in place of members that turn out to be gone. `own` wrote its row
        before the sample was read. So of clients that announce themselves at the same moment, the
        one that reads later finds those that read before, as if they had arrived one by one.

        Raises:
            SubscriptionsError: the table failed, and nothing was sent.
        """
        wanted = INTRODUCED if is_newcomer(own) else INTRODUCED_AGAIN
        candidates = {each.connection: each for each in [*sample, *self._read]}
        choices = choose(own, candidates.values())
        outcome = self._send(own, text, choices[:wanted])
        others = choices[wanted:][: len(outcome.gone)]
        if not others or own.connection in outcome.gone:
            return outcome
        try:
            more = self._send(own, text, others)
        except SubscriptionsError:
            return outcome
        return plus(outcome, more)

    def _send(self, own: Subscriber, text: str, choices: list[Choice]) -> Outcome:
        # Before any of them can answer, so that the addressees of their signals are found.
        members = [own, *(each.member for each in choices)]
        unlisted = [each for each in members if each.peer is not None and not each.is_listed]
        if unlisted:
            self._subscriptions.list_peers(self._topic, unlisted)
        return self._connections.send(
            [each.member.connection for each in choices if each.is_hearer],
            text,
            heard_by(
                own.connection,
                self._topic,
                (
                    (each.member.connection, each.member.announce or "")
                    for each in choices
                    if not each.is_hearer
                ),
                len(self._read),
            ),
        )
