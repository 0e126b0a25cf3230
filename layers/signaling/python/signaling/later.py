"""Announces that others hear of some time later, one for all that a member has made by then."""

from collections.abc import Callable

from signaling.errors import TooManyAnnouncesError
from signaling.introductions import SECONDS_UNTIL_HEARD_AGAIN, find, is_heard_later
from signaling.ports import NOTHING, After, Outcome, Sender, Subscriber, Subscriptions
from signaling.protocol import Publish
from signaling.standing import ANNOUNCES_AT_ONCE, ANNOUNCES_MILLISECONDS, came_back


class Later:
    """Announces that are passed on later, for the time of one invocation."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        read: Callable[[Publish], list[Subscriber]],
        introduce: Callable[[Sender, Publish, Subscriber, list[Subscriber]], Outcome],
        after: After,
    ) -> None:
        """`read` gives the members of a room, and `introduce` introduces one of them to these."""
        self._subscriptions = subscriptions
        self._read = read
        self._introduce = introduce
        self._after = after

    def pass_on(self, sender: Sender, publish: Publish, own: Subscriber | None) -> Outcome:
        """Pass on the announce of a member that lost a connection, or that left and came back.

        Once for all that it says within half a second, or once if it came back: it announces itself
        for each of its connections that ends. `own` is None if a later message of it was handled.

        Raises:
            TooManyAnnouncesError: it announces itself too often; it is passed on later.
        """
        if own is None:
            return self._pass_on_soon(sender, publish, None)
        if own.announces > ANNOUNCES_AT_ONCE and not came_back(own):
            return self._postpone(sender, publish, own)
        if came_back(own):
            is_first = own.entered_at == sender.requested_at
        else:
            is_first = own.began_at == sender.began_at
        return self._pass_on_soon(sender, publish, own) if is_first else NOTHING

    def _pass_on_soon(self, sender: Sender, publish: Publish, own: Subscriber | None) -> Outcome:
        return self._after(
            SECONDS_UNTIL_HEARD_AGAIN, lambda: self._pass_on_now(sender, publish, own)
        )

    def _postpone(self, sender: Sender, publish: Publish, own: Subscriber) -> Outcome:
        """Pass on the first announce beyond the limit at the end of the counted time.

        By then it stands for all of them, because the room is read again.
        """
        too_many = own.announces - ANNOUNCES_AT_ONCE
        if too_many == 2:
            raise TooManyAnnouncesError  # once for all of them
        if too_many > 2:
            return NOTHING
        return self._after(
            ANNOUNCES_MILLISECONDS / 1000,
            lambda: self._pass_on_now(sender, publish, own, stands_for_all=True),
        )

    def _pass_on_now(
        self,
        sender: Sender,
        publish: Publish,
        own: Subscriber | None,
        stands_for_all: bool = False,
    ) -> Outcome:
        """Pass on an announce for what its sender has said since and goes with it, or for all.

        Nobody hears of it if the sender has said more since.
        """
        topic, read = publish.topic, self._read(publish)
        latest = find(read, sender.connection)
        latest = latest or self._subscriptions.of_connection(topic, sender.connection)
        if latest is None or (own is None and is_heard_later(latest)):
            return NOTHING  # it has left, or has subscribed again, and announces itself again
        if own:
            goes_with_it = latest.began_at == own.began_at or came_back(latest)
            if stands_for_all or goes_with_it:
                sender = sender._replace(requested_at=latest.requested_at)
        return self._introduce(sender, publish, latest, read)
