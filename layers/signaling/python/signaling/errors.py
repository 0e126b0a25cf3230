"""What can go wrong, as a client is told of it.

SignalingError
├── InvalidMessageError    a frame that a client should not have sent
└── SubscriptionsError     the table did not do what it was asked
"""


class SignalingError(Exception):
    """A failure with a short `code` for programs and a message for people.

    Both go to the client, so neither may hold what other clients sent or how we work inside.
    """

    code = "error"


class InvalidMessageError(SignalingError):
    """A frame breaks the wire protocol or one of its limits."""

    def __init__(self, code: str, message: str) -> None:
        """Name the rule that is broken by `code`, and say it in words."""
        super().__init__(message)
        self.code = code


class SubscriptionsError(SignalingError):
    """The subscriptions table is out of reach, throttled or refused a request."""

    code = "unavailable"
