"""Members that announce themselves so often that others hear only some of it."""

from collections.abc import Callable

from signaling.errors import TooManyAnnouncesError
from signaling.ports import NOTHING, After, Outcome
from signaling.standing import ANNOUNCES_MILLISECONDS


def postpone(too_many: int, pass_on: Callable[[], Outcome], after: After) -> Outcome:
    """Pass on the first of `too_many` announces at the end of the counted time.

    By then it stands for all of them, because the room is read again.

    Raises:
        TooManyAnnouncesError: this is the second; the others are dropped in silence.
    """
    if too_many == 2:
        raise TooManyAnnouncesError  # once for all of them
    if too_many > 2:
        return NOTHING
    return after(ANNOUNCES_MILLISECONDS / 1000, pass_on)
