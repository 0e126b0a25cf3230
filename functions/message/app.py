"""$default: handle one message. A message that is not allowed gets an error frame, not a 5xx."""

from signaling.bootstrap import rooms, warm
from signaling.errors import SignalingError
from signaling.event import OK, Event, LambdaContext, RawEvent
from signaling.frames import encode_error
from signaling.log import InvocationLog
from signaling.protocol import parse
from signaling.settings import settings

warm()


def lambda_handler(event: RawEvent, context: LambdaContext) -> dict[str, int]:
    """Hand the message to the rooms."""
    frame = Event(event)
    with InvocationLog(frame) as log:
        handling = rooms(context, log)
        try:
            message = parse(frame.body, frame.is_binary, settings().limits)
            log.add_message(message)
            grants = frame.grants(settings().needs_token)
            log.add_outcome(*handling.handle(frame.sender, message, grants))
        except SignalingError as error:
            log.add_refusal(error)
            handling.reply(frame.connection, encode_error(error))
        log.add_given_up(handling.finish())
        return OK
