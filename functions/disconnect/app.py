"""$disconnect: remove a client from every room. API Gateway calls it at most once."""

from signaling.bootstrap import rooms, warm
from signaling.event import OK, Event, LambdaContext, RawEvent
from signaling.log import InvocationLog

warm()


def lambda_handler(event: RawEvent, context: LambdaContext) -> dict[str, int]:
    """Remove every row of the connection."""
    disconnect = Event(event)
    with InvocationLog(disconnect) as log:
        log.add(code=disconnect.disconnect_code)
        handling = rooms(context, log)
        handling.leave(disconnect.connection)
        log.add_given_up(handling.finish())
        return OK
