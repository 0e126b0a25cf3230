"""Signals to peers that are away: their senders wait for a short time, and then give them up."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from signaling.errors import SubscriptionsError
from signaling.frames import encode_hang_up
from signaling.ports import (
    NOTHING,
    After,
    Connections,
    Offer,
    Outcome,
    Sender,
    Subscriber,
    Subscriptions,
    plus,
)
from signaling.protocol import Limits, Publish, parse
from signaling.recipients import is_lost
from signaling.small_rooms import SMALL_ROOM

SECONDS_TO_COME_BACK = 1.5
"""How long a signal waits.

y-webrtc connects again at once, and a cold start of `$connect` takes a second. A page that made an
offer to a closed one keeps a dead connection for this time.
https://github.com/dmonad/lib0/blob/v0.2.114/websocket.js#L60
"""


class Waiting:
    """Signals that have reached no client, for the time of one invocation.

    y-webrtc sends each signal once, and if one of two pages lacks an answer, they ignore each other
    from then on. So such a signal is kept in its sender's own row. The invocation that keeps the
    first one looks for the addressees of all once more. So each is sent by one invocation alone,
    and a client keeps no more than one invocation waiting, however many signals it sends.
    """

    def __init__(
        self,
        subscriptions: Subscriptions,
        connections: Connections,
        reach: Callable[[Sender, Publish, list[Subscriber]], Outcome],
        after: After,
    ) -> None:
        """`reach` sends a message to those of some subscribers that it is for."""
        self._subscriptions = subscriptions
        self._connections = connections
        self._reach = reach
        self._after = after
        self.has_hung_up = False
        self._told_of: tuple[str, str | None] | None = None

    def keep(self, sender: Sender, signal: Publish, is_back: bool) -> Outcome:
        """Keep a signal that has reached no client, or hang up if it cannot wait.

        It cannot if its addressee `is_back` and may not get it.
        """
        topic, connection = signal.topic, sender.connection
        if _is_hung_up_on(signal):
            self._told_of = connection, signal.to
        waiting = 0 if is_back else self._subscriptions.hold(topic, connection, signal.text)
        if waiting == 0:
            self.hang_up(sender, signal)
        if waiting != 1:
            return NOTHING
        return self._after(SECONDS_TO_COME_BACK, lambda: self._send(sender, topic))

    def _send(self, sender: Sender, topic: str) -> Outcome:
        """Send all signals that wait in the sender's row; hang up if an addressee is still away."""
        held = self._subscriptions.take(topic, sender.connection)
        read = self._subscriptions.of_topic(topic, SMALL_ROOM) if held else []
        outcome, away = NOTHING, set[str | None]()
        for text in held:
            signal = parse(text, False, Limits())
            if isinstance(signal, Publish):
                if signal.to not in away:
                    reached = self._reach(sender, signal, read)
                    outcome = plus(outcome, reached)
                    if is_lost(signal, reached):
                        away.add(signal.to)
                if signal.to in away:
                    self.hang_up(sender, signal)
        return outcome

    def hang_up(self, sender: Sender, signal: Publish) -> None:
        """Hang up in the name of the addressee of an offer or an answer.

        Otherwise the sender would keep a connection that can no longer open, and ignore the peer
        when it comes back.
        """
        if _is_hung_up_on(signal) and signal.to and signal.peer:
            frame = encode_hang_up(signal.topic, signal.to, signal.peer)
            self._connections.send([sender.connection], frame)
            self.has_hung_up = True

    def give_up(self, offers: Sequence[Offer]) -> Outcome:
        """Hang up in the names of members that have left, unless they come on another connection.

        Some time later, because signals that they sent before they left may still be on their way:
        y-webrtc would take a candidate that arrives after this for a new connection, which never
        opens. Those that `keep` hangs up on are left out.
        """
        others = [each for each in offers if (each.connection, each.to) != self._told_of]
        self._told_of = None
        if not others:
            return NOTHING
        return self._after(SECONDS_TO_COME_BACK, lambda: self._give_up(others))

    def _give_up(self, offers: Sequence[Offer]) -> Outcome:
        outcome = NOTHING
        for offer in offers:
            topic, to, _, connection, peer = offer
            with suppress(SubscriptionsError):  # then it is better to be told twice than not at all
                held = self._subscriptions.held(topic, connection)
                if _is_told(held, to) or _has_moved(offer, self._subscriptions):
                    continue
            frame = encode_hang_up(topic, to, peer)
            outcome = plus(outcome, self._connections.send([connection], frame))
        return outcome


def _is_hung_up_on(signal: Publish) -> bool:
    """Tell whether its sender is told if its addressee stays away."""
    return signal.signal in ("offer", "answer")


def _has_moved(offer: Offer, subscriptions: Subscriptions) -> bool:
    listed = subscriptions.of_peer(offer.topic, offer.to)
    return any(each.connection != offer.addressee for each in listed)


def _is_told(held: Sequence[str], to: str) -> bool:
    """Tell whether a client is hung up on in the name of `to` because of what it keeps."""
    kept = (parse(text, False, Limits()) for text in held)
    return any(
        isinstance(each, Publish) and each.to == to and _is_hung_up_on(each) for each in kept
    )
