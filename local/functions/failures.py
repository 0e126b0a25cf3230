"""A function that failed, with the event that made it fail."""

import json
import sys
import traceback
from pathlib import Path
from types import TracebackType

from local.gateway.lambda_events import without_secrets
from local.sam.template import Function
from signaling.event import RawEvent

_OWN = Path(__file__).parents[1]


def print_failure(error: BaseException, function: Function, event: RawEvent) -> None:
    """Print the traceback and the event, without its secrets, to stderr."""
    error.add_note(f"{function.name} failed. Its event: {json.dumps(without_secrets(event))}")
    print(traceback_of(error), end="", file=sys.stderr)


def traceback_of(error: BaseException) -> str:
    """Return the traceback of `error` from the function's handler on, as Lambda shows it."""
    frames = error.__traceback__
    while frames and frames.tb_next and _is_own(frames):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames))


def _is_own(frames: TracebackType) -> bool:
    return Path(frames.tb_frame.f_code.co_filename).is_relative_to(_OWN)
