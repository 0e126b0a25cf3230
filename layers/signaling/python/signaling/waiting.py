"""Signals to a peer that is between two connections: they wait for it for a short time."""

from collections.abc import Callable

from signaling.frames import encode_hang_up
from signaling.ports import (
    NOTHING,
    After,
    Connections,
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

    def keep(self, sender: Sender, signal: Publish) -> Outcome:
        """Keep a signal that has reached no client, or hang up if it cannot wait."""
        waiting = self._subscriptions.hold(signal.topic, sender.connection, signal.text)
        if waiting == 0:
            self.hang_up(sender, signal)
        if waiting != 1:
            return NOTHING
        return self._after(SECONDS_TO_COME_BACK, lambda: self._send(sender, signal.topic))

    def _send(self, sender: Sender, topic: str) -> Outcome:
        """Send all signals that wait in the sender's row; hang up if an addressee is still away."""
        held = self._subscriptions.take(topic, sender.connection)
        read = self._subscriptions.of_topic(topic, SMALL_ROOM) if held else []
        outcome = NOTHING
        for text in held:
            signal = parse(text, False, Limits())
            if isinstance(signal, Publish):
                reached = self._reach(sender, signal, read)
                outcome = plus(outcome, reached)
                if is_lost(signal, reached):
                    self.hang_up(sender, signal)
        return outcome

    def hang_up(self, sender: Sender, signal: Publish) -> None:
        """Hang up in the name of the addressee of an offer or an answer.

        Otherwise the sender would keep a connection that can no longer open, and ignore the peer
        when it comes back.
        """
        if signal.signal in ("offer", "answer") and signal.to and signal.peer:
            frame = encode_hang_up(signal.topic, signal.to, signal.peer)
            self._connections.send([sender.connection], frame)
            self.has_hung_up = True
