"""Check a signaling server: `python -m check --help`."""

import argparse
import asyncio
import os
import sys
from functools import partial

from check.idle import sit_idle
from check.load import Load, form_rooms
from check.probes import PROBES, Probe, Stage, run
from check.report import Report
from check.target import Target
from signaling.settings import ADDRESSED, BROADCAST

_INTERRUPTED = 130


def main() -> int:
    """Run all probes and return the exit status: 0 if nothing failed."""
    options = _options()
    try:
        token = os.environ.get("TOKEN")  # not an option, which other users here could see
        target = Target.parse(options.url, token, options.origin, options.expect)._replace(
            expired_token=os.environ.get("EXPIRED_TOKEN") or None,
            foreign_token=os.environ.get("FOREIGN_TOKEN") or None,
        )
        load = Load.parse(options.load, options.rate) if options.load else None
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    report = Report(options.format == "json")
    probes = list(PROBES)
    if load:
        form = partial(form_rooms, load=load, progress=report.progress)
        tried = f"form {load.rooms} rooms of {load.peers}, {load.rate:g} a second"
        probes.append(Probe(Stage.MANY, "load", tried, form, is_bounded=False))
    if options.idle:
        idle = partial(sit_idle, progress=report.progress)
        probes.append(
            Probe(Stage.MANY, "idle", "say nothing for ten minutes", idle, is_bounded=False)
        )
    report.begin(f"{target.mask(str(target.url))}, expected to deliver {target.delivery}")
    try:
        passed = asyncio.run(run(target, probes, report))
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return _INTERRUPTED
    report.end()
    return 0 if passed else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m check",
        description="A client's view of a signaling server for y-webrtc. The variable TOKEN holds "
        "the token to bring, EXPIRED_TOKEN and FOREIGN_TOKEN tokens that must be refused.",
    )
    parser.add_argument(
        "url",
        nargs="?",
        default=os.environ.get("URL", ""),
        help="ws://... or wss://..., as an app names it; else the variable URL",
    )
    parser.add_argument("--origin", help="Origin to send, as a page of that site does")
    parser.add_argument(
        "--expect",
        choices=(ADDRESSED, BROADCAST),
        default=ADDRESSED,
        help="how it delivers (%(default)s); y-webrtc's own server: broadcast",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--idle", action="store_true", help="also sit idle for ten minutes")
    parser.add_argument("--load", metavar="20x5", help="also form 20 rooms of 5")
    parser.add_argument(
        "--rate", type=float, default=2, help="rooms of --load that begin in a second (%(default)s)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
