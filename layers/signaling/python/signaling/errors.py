"""Errors that clients are told about.

SignalingError
├── InvalidMessageError    a frame that a client should not have sent
├── ForbiddenTopicError    a topic that the client's token does not grant
├── NoTokenError           a connection without a token where one is needed
├── TooManyRoomsError      a client that enters more rooms than it may
├── TooManyRecipientsError  a message for too many clients
├── TooManyAnnouncesError  a client that announces itself too often
└── SubscriptionsError     the table did not do what it was asked
"""

from collections.abc import Sequence

_NAMED_CHARACTERS = 64


class SignalingError(Exception):
    """A failure with a short `code` for programs and a message for people.

    Both go to the client, so neither may hold what other clients sent, or internals.
    """

    code = "error"


class InvalidMessageError(SignalingError):
    """A frame breaks the wire protocol or one of its limits."""

    def __init__(self, code: str, message: str) -> None:
        """Name the broken rule by `code`, and describe it in words."""
        super().__init__(message)
        self.code = code


class ForbiddenTopicError(SignalingError):
    """The client's token does not grant these topics."""

    code = "forbidden"

    def __init__(self, topics: Sequence[str]) -> None:
        """Name the first of the `topics`, cut short, and say how many there are."""
        more = f" and {len(topics) - 1} more" if len(topics) > 1 else ""
        super().__init__(f"the token does not grant {topics[0][:_NAMED_CHARACTERS]!r}{more}")


class NoTokenError(SignalingError):
    """The client's connection was opened without a token, and tokens are now required."""

    code = "forbidden"

    def __init__(self) -> None:
        """Say what the client can do."""
        super().__init__("this connection was opened without a token: open it again with one")


def refusal(topics: Sequence[str], has_token: bool) -> SignalingError:
    """Return why a client may not use `topics`, whose connection was opened with a token or not."""
    return ForbiddenTopicError(topics) if has_token else NoTokenError()


class TooManyRoomsError(SignalingError):
    """A client would enter more rooms over one connection than it may."""

    code = "too_many_rooms"

    def __init__(self, most: int) -> None:
        """Say how many rooms a connection may enter, and what the client can do."""
        super().__init__(
            f"a connection may enter {most} rooms, those that it has left among them: "
            "open another one"
        )


class TooManyRecipientsError(SignalingError):
    """A message is for all members of a room that has too many."""

    code = "too_many_recipients"

    def __init__(self, most: int) -> None:
        """Say how many recipients a message may have."""
        super().__init__(
            f"a message may have {most} recipients, and this room has more members: "
            "it must be for the peer id of a member, which a password would hide"
        )


class TooManyAnnouncesError(SignalingError):
    """A client announces itself more often than others need to hear."""

    code = "too_many_announces"

    def __init__(self) -> None:
        """Say where to look."""
        super().__init__(
            "this page announces itself so often that others hear only some of it; if it goes on, "
            "its WebRTC does not start: look at the iceServers in its peerOpts"
        )


class SubscriptionsError(SignalingError):
    """The subscriptions table is out of reach, throttled or refused a request."""

    code = "unavailable"

    @property
    def cause(self) -> str:
        """What the table answered, for the log."""
        return str(self.__cause__ or self)
