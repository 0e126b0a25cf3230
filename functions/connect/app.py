"""$connect: admit a client. Nothing is written: a connection without topics has no row."""

from signaling.access.origins import is_allowed_origin
from signaling.event import OK, Event, LambdaContext, RawEvent
from signaling.log import InvocationLog
from signaling.settings import settings

_FORBIDDEN = {"statusCode": 403}
_LOGGED_CHARACTERS = 100


def lambda_handler(event: RawEvent, context: LambdaContext) -> dict[str, int]:
    """Admit the client; a status other than 2xx refuses the handshake."""
    connect = Event(event)
    with InvocationLog(connect) as log:
        if is_allowed_origin(connect.origin, settings().allowed_origins):
            return OK
        origin = (connect.origin or "")[:_LOGGED_CHARACTERS]
        log.add(level="WARNING", refused="origin", origin=origin)
        return _FORBIDDEN
