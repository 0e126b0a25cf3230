"""The local server's command line."""

import argparse
from collections.abc import Sequence

from local.gateway.gateway import IDLE_SECONDS, LIFE_SECONDS
from local.sockets.sites import is_loopback


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options in `arguments`, or in those of this process."""
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description="API Gateway's WebSocket API on this machine, as template.yaml describes it.",
        epilog="One function with events from files: `python -m local invoke --help`.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=4444, help="port, 0 for any (%(default)s)")
    parser.add_argument(
        "--dynamodb",
        metavar="URL",
        help="keep subscriptions in this DynamoDB endpoint, and post over HTTP as Lambda does",
    )
    parser.add_argument(
        "--latency",
        type=_milliseconds,
        default=(0.0, 0.0),
        metavar="MIN:MAX",
        help="delay each invocation by a random time, in milliseconds",
    )
    parser.add_argument(
        "--life",
        type=_seconds,
        default=LIFE_SECONDS,
        metavar="SECONDS",
        help="close each connection after this time (API Gateway's two hours: %(default)s)",
    )
    parser.add_argument(
        "--idle",
        type=_seconds,
        default=IDLE_SECONDS,
        metavar="SECONDS",
        help="close a connection without messages after this time (ten minutes: %(default)s)",
    )
    parser.add_argument(
        "--throttle",
        choices=("template", "none"),
        default="template",
        help="messages and handshakes beyond the template's limits are refused, as API Gateway does"
        " it, or none is (%(default)s)",
    )
    parser.add_argument(
        "--unsigned",
        action="store_true",
        help="take requests to @connections without a signature, as curl sends them; for programs"
        " of this machine alone",
    )
    parser.add_argument(
        "--faults",
        metavar="PLAN",
        help="break what can break: a TOML file, or as in posts.429=0.1,table.silent=0.02,seed=7;"
        " see docs/reliability.md",
    )
    parser.add_argument(
        "--console-for-everyone",
        action="store_true",
        help="show /console to other machines, too: it shows names and messages",
    )
    parser.add_argument(
        "--parameter-overrides",
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="parameters of template.yaml, as `sam deploy` takes them",
    )
    chosen = parser.parse_args(arguments)
    if chosen.unsigned and not is_loopback(chosen.host):
        parser.error(
            f"--unsigned with --host {chosen.host}: other machines could write to every client"
        )
    return chosen


def _milliseconds(text: str) -> tuple[float, float]:
    least, most = (float(each) / 1000 for each in text.split(":"))
    if not 0 <= least <= most:
        raise ValueError(text)
    return least, most


def _seconds(text: str) -> float:
    seconds = float(text)
    if not seconds > 0:
        raise ValueError(text)
    return seconds
