"""Members that announce themselves so often that others hear only some of it."""

from collections.abc import Callable

from signaling.errors import TooManyAnnouncesError
from signaling.introductions import find
from signaling.ports import (
    ANNOUNCES_MILLISECONDS,
    NOTHING,
    After,
    Outcome,
    Sender,
    Subscriber,
    Subscriptions,
)
from signaling.small_rooms import SMALL_ROOM


def postpone(
    sender: Sender,
    topic: str,
    too_many: int,
    own: Subscriber,
    subscriptions: Subscriptions,
    pass_on: Callable[[Sender], Outcome],
    after: After,
) -> Outcome:
    """Pass on the first of `too_many` announces when there must be an end of them.

    By then it stands for all of them: it reads who has announced itself in the meantime.

    Raises:
        TooManyAnnouncesError: this is the second; the others are dropped in silence.
    """
    if too_many == 2:
        raise TooManyAnnouncesError  # once for all of them
    if too_many > 2:
        return NOTHING

    def pass_on_later() -> Outcome:
        latest = find(subscriptions.of_topic(topic, SMALL_ROOM), sender.connection) or own
        return pass_on(sender._replace(requested_at=latest.requested_at))

    return after(ANNOUNCES_MILLISECONDS / 1000, pass_on_later)
