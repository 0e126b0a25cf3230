"""$connect: admit a client. It writes nothing: a connection without a topic has no row."""

from signaling.events import OK, Event, LambdaContext, RawEvent
from signaling.telemetry import InvocationLog


def lambda_handler(event: RawEvent, context: LambdaContext) -> dict[str, int]:
    """Admit the client; a status other than 2xx would refuse the handshake."""
    with InvocationLog(Event(event)):
        return OK
