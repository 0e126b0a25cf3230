"""The core: entering, leaving and publishing in rooms. Knows only the two ports."""

from collections.abc import Callable, Sequence

from signaling.access.grants import Grants
from signaling.delivery import Delivery
from signaling.errors import SubscriptionsError, TooManyRoomsError, refusal
from signaling.frames import PONG
from signaling.introductions import CROWDED, find, is_heard_later
from signaling.large_topics import LargeTopics
from signaling.ports import (
    NOTHING,
    After,
    Connections,
    Outcome,
    Sender,
    Subscriber,
    Subscriptions,
    plus,
    remove_gone,
)
from signaling.protocol import Message, Ping, Publish, Subscribe, Unsubscribe
from signaling.recipients import has_left_since, is_back, is_lost, opens_alone
from signaling.small_rooms import SMALL_ROOM
from signaling.standing import ANNOUNCES_AT_ONCE, came_back
from signaling.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from signaling.waiting import Waiting


class Handled(NamedTuple):
    """What came of a message."""

    outcome: Outcome
    """What became of the frames that it caused."""
    untidy: str = ""
    """Why the room's rows could not be updated afterwards; empty if they were."""
    has_hung_up: bool = False
    """Whether the sender was told that its peer is gone."""


class Rooms:
    """Rooms for the time of one invocation."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        connections: Connections,
        is_broadcast: bool = False,
        needs_token: bool = False,
        max_rooms: int = 0,
        max_recipients: int = SMALL_ROOM,
        after: After = lambda seconds, action: action(),
        large_topics: LargeTopics | None = None,
    ) -> None:
        """`large_topics` is what this process knows of earlier invocations."""
        self._subscriptions = subscriptions
        self._connections = connections
        self._is_broadcast = is_broadcast
        self._max_rooms = max_rooms
        self._after = after
        self._waiting_if_used: Waiting | None = None
        known = LargeTopics() if large_topics is None else large_topics
        self._delivery = Delivery(
            subscriptions, connections, is_broadcast, needs_token, max_recipients, known
        )

    def handle(self, sender: Sender, message: Message, grants: Grants) -> Handled:
        """Do what `message` asks for.

        Raises:
            ForbiddenTopicError: `grants` leave out a topic; everything that they allow is done.
            NoTokenError: the topics need a token, and the sender brought none.
            SubscriptionsError: the table failed; what was done before that stays done.
            TooManyRoomsError: the sender may not enter that many; it has entered none of them.
            TooManyRecipientsError: the message would go to more than it may; no client got it.
            TooManyAnnouncesError: the sender announces itself too often; it is passed on later.
        """
        match message:
            case Publish():
                if not grants.allows(message.topic):
                    raise refusal([message.topic], sender.has_token)
                return self.publish(sender, message)
            case Subscribe():
                self._write(self._subscriptions.subscribe, sender, message.topics, grants)
            case Unsubscribe():
                self._write(self._subscriptions.unsubscribe, sender, message.topics, grants)
            case Ping():
                return Handled(self.reply(sender.connection, PONG))
            case _:
                from typing import assert_never  # here: only mypy gets here

                assert_never(message)
        return Handled(NOTHING)

    def _write(
        self,
        write: Callable[[Sequence[str], Sender], None],
        sender: Sender,
        topics: list[str],
        grants: Grants,
    ) -> None:
        """Subscribe the sender to the topics that it may use, or unsubscribe it."""
        granted, others = grants.divide(topics)
        if granted:
            self._refuse_too_many_rooms(sender, granted)
            write(granted, sender)
        if others:
            raise refusal(others, sender.has_token)

    def _refuse_too_many_rooms(self, sender: Sender, topics: Sequence[str]) -> None:
        """Refuse a connection that would write into more rooms than it may, as members or not."""
        if self._max_rooms and self._subscriptions.is_in_more(topics, sender, self._max_rooms):
            raise TooManyRoomsError(self._max_rooms)

    def publish(self, sender: Sender, publish: Publish) -> Handled:
        """Pass a message to its room, then bring the room's rows up to date.

        An announce is written before the topic is read. Everything else is sent first, because
        y-webrtc never sends a message again: losing one is worse than learning a peer id late. So
        a failure after sending does not change what the sender is told.
        """
        if publish.announce is None:
            try:
                return self._pass_on(sender, publish, None)
            except SubscriptionsError:
                self._waiting().hang_up(sender, publish)  # y-webrtc takes no notice of an error
                raise
        self._refuse_too_many_rooms(sender, [publish.topic])
        own = self._subscriptions.announce(publish.topic, sender, publish.announce)
        waits = not own or own.announces > ANNOUNCES_AT_ONCE or is_heard_later(own)
        if self._is_broadcast or not waits:
            return self._pass_on(sender, publish, own)
        return Handled(self._pass_on_later(sender, publish, own))

    def _pass_on_later(self, sender: Sender, publish: Publish, own: Subscriber | None) -> Outcome:
        from signaling.later import Later  # here: a newcomer is heard of at once

        def introduce(
            sender: Sender, publish: Publish, own: Subscriber, read: list[Subscriber]
        ) -> Outcome:
            return self._pass_on(sender, publish, own, read).outcome

        later = Later(self._subscriptions, self._delivery.read, introduce, self._after)
        return later.pass_on(sender, publish, own)

    def _pass_on(
        self,
        sender: Sender,
        publish: Publish,
        own: Subscriber | None,
        read: list[Subscriber] | None = None,
    ) -> Handled:
        topic = publish.topic
        was_large = self._delivery.was_large(sender, publish)
        if read is None:
            read = [] if was_large else self._delivery.read(publish)
        is_large = was_large or self._delivery.is_large(publish, read)
        if is_large and opens_alone(publish):
            self._delivery.note_if_late(sender, publish)
            if has_left_since(self._subscriptions.of_connection(topic, sender.connection), sender):
                return Handled(NOTHING)  # its peer was told so
        if was_large:
            outcome = self._delivery.reach_listed(sender, publish)
        else:
            outcome = self._delivery.reach(sender, publish, read, own)
        try:
            if publish.announce is None and not is_large:
                self._learn_peer(sender, publish, read)
            remove_gone(self._subscriptions, topic, outcome)
            self._subscriptions.forget_left(topic)
            if is_lost(publish, outcome) and not self._is_broadcast:
                return self._wait(sender, publish, read, outcome)
            if own and not self._is_broadcast and CROWDED < len(read) <= SMALL_ROOM:
                outcome = plus(outcome, self._look_again(topic, own))
        except SubscriptionsError as error:
            if is_lost(publish, outcome):
                self._waiting().hang_up(sender, publish)
            return Handled(outcome, error.cause)
        return Handled(outcome)

    def _wait(
        self, sender: Sender, signal: Publish, read: list[Subscriber], outcome: Outcome
    ) -> Handled:
        """Keep a signal for its addressee."""
        here = [each for each in read if each.connection not in outcome.gone]
        waiting = self._waiting()
        outcome = plus(outcome, waiting.keep(sender, signal, is_back(signal.to, here)))
        return Handled(outcome, has_hung_up=waiting.has_hung_up)

    def _waiting(self) -> "Waiting":
        if self._waiting_if_used is None:
            from signaling.waiting import Waiting  # here: few signals are lost

            self._waiting_if_used = Waiting(
                self._subscriptions, self._connections, self._delivery.reach, self._after
            )
        return self._waiting_if_used

    def _look_again(self, topic: str, own: Subscriber) -> Outcome:
        """Introduce others to a newcomer that all may have ignored: once per newcomer."""
        from signaling.crowded_rooms import look_again  # here: few rooms are crowded

        if own.entered_at != own.requested_at or came_back(own):
            return NOTHING
        return look_again(
            topic, own, self._subscriptions, self._connections, self._delivery.admitted, self._after
        )

    def reply(self, connection: str, frame: str) -> Outcome:
        """Send `frame` to one connection."""
        return self._connections.send([connection], frame)

    def leave(self, connection: str) -> Outcome:
        """Take a connection out of every room."""
        if self._subscriptions.remove_connection(connection):
            return self._after(0.0, lambda: self.leave(connection))
        return NOTHING

    def finish(self) -> Outcome:
        """Hang up on offers to members that this invocation found to have left."""
        unanswered = self._subscriptions.unanswered()
        return self._waiting().give_up(unanswered) if unanswered else NOTHING

    def _learn_peer(self, sender: Sender, publish: Publish, subscribers: list[Subscriber]) -> None:
        own = find(subscribers, sender.connection)
        if own is None or publish.peer is None or sender.requested_at < own.requested_at:
            return  # a signal of a peer that was there before may come last
        if publish.peer != own.peer:
            self._subscriptions.learn_peer(publish.topic, sender.connection, publish.peer)
