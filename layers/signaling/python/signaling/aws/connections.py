"""Messages to clients over API Gateway's @connections, for either AWS client."""

from collections.abc import Sequence

from signaling.ports import Introduction, Outcome

_SUCCESSES = frozenset(range(200, 300))
_GONE = 410
_NO_ANSWER = "no answer"

Call = tuple[str, bytes | None]
"""A request to @connections: a connection, and what is posted to it, or None to look it up."""


class ApiGatewayConnections:
    """Connections of an API Gateway WebSocket API, through one of the AWS clients."""

    def statuses_of(self, calls: Sequence[Call]) -> Sequence[int | None]:
        """Make `calls` at once and return their HTTP statuses, None where no answer came."""
        raise NotImplementedError

    def send(
        self,
        connections: Sequence[str],
        payload: str,
        introductions: Sequence[Introduction] = (),
    ) -> Outcome:
        """Send as the port says.

        Whether introduced clients are still connected is asked in parallel with the posts. Only 410
        means that a client is gone: after any other answer, an introduction too many is better than
        one too few.
        """
        data = payload.encode()
        calls = [(each, data) for each in connections]
        introduced = list(dict.fromkeys(each.connection for each in introductions))
        statuses = self.statuses_of([*calls, *((each, None) for each in introduced)])
        asked = zip(introduced, statuses[len(calls) :], strict=True)
        gone = [connection for connection, status in asked if status == _GONE]
        posts = [
            (i.receiver, i.payload.encode()) for i in introductions if i.connection not in gone
        ]
        later = self.statuses_of(posts) if posts else ()
        answered = [*zip(calls, statuses, strict=False), *zip(posts, later, strict=True)]
        sent = [(connection, status) for (connection, _), status in answered]
        return outcome([*sent, *((connection, _GONE) for connection in gone)])


def outcome(statuses: Sequence[tuple[str, int | None]]) -> Outcome:
    """Sort connections by the HTTP status of their post; None stands for no answer."""
    delivered = [connection for connection, status in statuses if status in _SUCCESSES]
    if len(delivered) == len(statuses):
        return Outcome(delivered, [], [])
    others = [each for each in statuses if each[1] not in _SUCCESSES]
    gone = [connection for connection, status in others if status == _GONE]
    failed = [each for each in others if each[1] != _GONE]
    why = [str(status or _NO_ANSWER) for _, status in failed]
    return Outcome(delivered, gone, [connection for connection, _ in failed], why)
