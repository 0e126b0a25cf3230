"""What the owner of a stack sees: one JSON line per invocation.

A room's name is often its only secret, so a topic is logged as a short hash. The hash has no salt:
a reader who guesses the name can find it. Tokens, query strings and payloads are never logged.
"""

import json
import sys
import time
from collections.abc import Sequence
from functools import lru_cache
from types import TracebackType

from signaling.errors import SignalingError, SubscriptionsError
from signaling.event import Event
from signaling.hashes import sha256
from signaling.ports import Connections, Introduction, Outcome
from signaling.protocol import Message, Ping, Publish
from signaling.settings import INFO, settings
from signaling.typed import Any


class InvocationLog:
    """The line of one invocation, printed when its `with` block ends, if its level is enabled."""

    def __init__(self, event: Event) -> None:
        """Start the line with the route and connection of `event`.

        Raises:
            SettingError: the settings cannot be read, so nothing may be done for the event.
        """
        self._is_all_logged = settings().log_level == INFO
        self._started = time.perf_counter()
        self._topic: str | None = None
        self._fields: dict[str, Any] = {
            "level": INFO,
            "route": event.route,
            "connection": event.connection,
        }

    def __enter__(self) -> "InvocationLog":
        """Return the log to add fields to."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Print the line, with the type of an exception, which then propagates."""
        if kind is not None:
            self.add(level="ERROR", error=kind.__name__)
        if self._fields["level"] == INFO and not self._is_all_logged:
            return
        self.add(milliseconds=_milliseconds_since(self._started))
        if self._topic is not None:
            self.add(topic=hash_of(self._topic))
        # One write for text and newline: threads of the local server must not mix their lines.
        # Lambda's stdout has no buffer, and the local server flushes its own.
        sys.stdout.write(json.dumps(self._fields) + "\n")

    def add(self, **fields: Any) -> None:
        """Add `fields` to the line."""
        self._fields.update(fields)

    def add_message(self, message: Message) -> None:
        """Add the type of the message, and its topic or how many topics it has."""
        self.add(type=message.type)
        if isinstance(message, Publish):
            self._topic = message.topic
        elif not isinstance(message, Ping):
            self.add(topics=len(message.topics))

    def add_outcome(self, outcome: Outcome, untidy: str, has_hung_up: bool) -> None:
        """Add how many recipients there were, and how many got the message or did not.

        If `untidy` names a cause, the room still has rows of clients that are gone, or lacks a peer
        id. `has_hung_up` means that the sender's offer or answer was for a peer that is gone.
        """
        delivered, gone, failed = map(len, outcome[:3])
        recipients = delivered + gone + failed
        self.add(recipients=recipients, delivered=delivered, gone=gone, failed=failed)
        if outcome.why:
            self.add(failed_with={each: outcome.why.count(each) for each in sorted({*outcome.why})})
        if has_hung_up:
            self.add(hung_up=True)
        if untidy:
            self.add(clean_up="failed", cause=untidy)
        if failed or untidy:
            self.add(level="WARNING")

    def add_given_up(self, outcome: Outcome) -> None:
        """Add how many clients were told that the addressees of their offers have left, if any."""
        if outcome.delivered:
            self.add(given_up=len(outcome.delivered))

    def add_fan_out(self, milliseconds: float) -> None:
        """Add how long sending a message took; an error frame does not count."""
        if "error" not in self._fields:
            self.add(fan_out_milliseconds=milliseconds)

    def add_refusal(self, error: SignalingError) -> None:
        """Add the error that the client got; if the table failed, at ERROR and with its cause."""
        self.add(error=error.code)
        if isinstance(error, SubscriptionsError):
            self.add(level="ERROR", cause=error.cause)


class TimedConnections:
    """Connections that add `fan_out_milliseconds` to the line of their invocation."""

    def __init__(self, connections: Connections, log: InvocationLog) -> None:
        """Send through `connections` and note the time in `log`."""
        self._connections = connections
        self._log = log

    def send(
        self,
        connections: Sequence[str],
        payload: str,
        introductions: Sequence[Introduction] = (),
    ) -> Outcome:
        """Send, and add the time that it took."""
        started = time.perf_counter()
        outcome = self._connections.send(connections, payload, introductions)
        self._log.add_fan_out(_milliseconds_since(started))
        return outcome


@lru_cache
def hash_of(topic: str) -> str:
    """Return a short hash of `topic`; a reader who guesses the topic can also compute it."""
    return sha256(topic.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _milliseconds_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
