"""Run the signaling server on this machine: `python -m local --help`."""

import asyncio
import logging
import os
import sys

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError

from local import ROOT
from local.assembly import serve
from local.functions.loading import set_environment
from local.options import options
from local.sam.parameters import parse_overrides
from local.sam.template import load

_ORIGINS = "ALLOWED_ORIGINS"


def main() -> int:
    """Serve until Ctrl-C and return the exit status."""
    if sys.argv[1:2] == ["invoke"]:
        from local.functions import replaying  # here, because the server does not need it

        return replaying.main(sys.argv[2:])
    chosen = options()
    logging.getLogger("aiohttp.server").addFilter(_is_of_our_own)
    try:
        parameters = parse_overrides(chosen.parameter_overrides)
        stack = load(ROOT / "template.yaml", parameters)
        if "LogLevel" not in parameters:
            os.environ.setdefault(
                "LOG_LEVEL", "WARNING"
            )  # a line per message would hide the others
        chosen.guards_pages = not (_ORIGINS in os.environ or _ORIGINS in stack.overridden)
        set_environment(stack)
        return asyncio.run(serve(stack, chosen))
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _is_of_our_own(record: logging.LogRecord) -> bool:
    """Return False for aiohttp's reports of bad requests, which quote the token in the URL."""
    bad_request = (HttpProcessingError, RequestPayloadError)
    return not (record.exc_info and isinstance(record.exc_info[1], bad_request))


if __name__ == "__main__":
    sys.exit(main())
