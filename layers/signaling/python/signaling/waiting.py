"""Signals to a peer that is between two connections: they wait for it, but not for long."""

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
offer to one that has closed keeps a dead connection for so long.
https://github.com/dmonad/lib0/blob/v0.2.114/websocket.js#L60
"""


class Waiting:
    """Signals that have reached nobody, for the time of one invocation.

    y-webrtc sends each signal once, and two pages of which one lacks an answer ignore each other
    from then on. So such a signal is kept in its sender's own row. The invocation that keeps the
    first one looks for the addressees of all once more, so that each is sent by one invocation
    alone, and a client can keep no more than one waiting, however many signals it sends.
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
        """Let a signal wait that has reached nobody, or hang up if it cannot wait."""
        waiting = self._subscriptions.hold(signal.topic, sender.connection, signal.text)
        if waiting == 0:
            self.hang_up(sender, signal)
        if waiting != 1:
            return NOTHING
        return self._after(SECONDS_TO_COME_BACK, lambda: self._send(sender, signal.topic))

    def _send(self, sender: Sender, topic: str) -> Outcome:
        """Send everything that waits in the sender's row; hang up on who is still not there."""
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

        Otherwise the sender would keep a connection that cannot open any more, and ignore whatever
        the peer says when it comes back.
        """
        if signal.signal in ("offer", "answer") and signal.to and signal.peer:
            frame = encode_hang_up(signal.topic, signal.to, signal.peer)
            self._connections.send([sender.connection], frame)
            self.has_hung_up = True
