"""Run one function with events from files, without a server and without Docker.

`python -m local invoke FUNCTION FILE...` does what `sam local invoke` does in a container: the
function's log and posts go to stderr, its results to stdout.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from pathlib import Path

from local import ROOT
from local.functions.failures import print_failure
from local.functions.invoker import Context
from local.functions.loading import load_handler, set_environment
from local.gateway.lambda_events import TIMES
from local.sam.parameters import parse_overrides
from local.sam.template import Function, Stack, load
from local.table.dynamodb import Table
from local.table.in_memory import MemorySubscriptions
from signaling import bootstrap
from signaling.event import RawEvent
from signaling.ports import Introduction, Outcome


class _PrintedConnections:
    """Connections that accept every frame and print it."""

    def send(
        self,
        connections: Sequence[str],
        payload: str,
        introductions: Sequence[Introduction] = (),
    ) -> Outcome:
        """Print each frame beside its receiver."""
        frames = [(each, payload) for each in connections]
        frames += [(each.receiver, each.payload) for each in introductions]
        for receiver, frame in frames:
            print(f"to {receiver}: {frame}", file=sys.stderr)
        return Outcome([receiver for receiver, _ in frames], [], [])


def main(arguments: Sequence[str]) -> int:
    """Invoke as given in `arguments`, and return the exit status: 1 if an invocation failed."""
    chosen = _options(arguments)
    try:
        stack = load(ROOT / "template.yaml", parse_overrides(chosen.parameter_overrides))
        function = _function_of(stack, chosen.function)
        events = [_read(file) for file in chosen.file]
        set_environment(stack)
        if chosen.dynamodb:
            Table(chosen.dynamodb, stack.table)
            endpoint = f"http://127.0.0.1:{chosen.port}/{stack.stage}"
            os.environ["AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"] = endpoint
        else:
            subscriptions, connections = MemorySubscriptions(), _PrintedConnections()
            bootstrap.install(bootstrap.Adapters(lambda _: subscriptions, lambda _: connections))
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return _invoke(function, moved_to(int(time.time() * 1000), events))


def moved_to(now: int, events: Iterable[RawEvent]) -> list[RawEvent]:
    """Return `events` as if the first had arrived at `now`, epoch milliseconds.

    A row lives for two hours, so a row written by an old event would have expired.
    """
    events = list(events)
    then = next((each["requestContext"].get("requestTimeEpoch") for each in events), None)
    later_by = 0 if then is None else now - then
    return [
        each | {"requestContext": {**context, **_moved(context, later_by)}}
        for each in events
        for context in [each["requestContext"]]
    ]


def _moved(context: RawEvent, later_by: int) -> dict[str, int]:
    return {name: context[name] + later_by for name in TIMES if name in context}


def _invoke(function: Function, events: Iterable[RawEvent]) -> int:
    failed = False
    with redirect_stdout(sys.stderr):
        handler = load_handler(function)
    for event in events:
        try:
            with redirect_stdout(sys.stderr):
                result = handler(event, Context(function))
        except Exception as error:
            print_failure(error, function, event)
            failed = True
        else:
            print(json.dumps(result), flush=True)
    return int(failed)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local invoke", description="Run one function with events from files."
    )
    parser.add_argument("function", metavar="FUNCTION", help="its name in template.yaml")
    parser.add_argument(
        "file", metavar="FILE", nargs="+", type=Path, help="an event, as events/ has it"
    )
    parser.add_argument(
        "--dynamodb", metavar="URL", help="use the rooms in this DynamoDB endpoint, not none"
    )
    parser.add_argument(
        "--port", type=int, default=4444, help="of the server to post to, beside --dynamodb"
    )
    parser.add_argument("--parameter-overrides", nargs="+", default=[], metavar="NAME=VALUE")
    return parser.parse_args(arguments)


def _function_of(stack: Stack, name: str) -> Function:
    functions = {each.name: each for each in stack.functions().values()}
    if name not in functions:
        raise ValueError(f"{name} is no function of this stack; there are {', '.join(functions)}")
    return functions[name]


def _read(file: Path) -> RawEvent:
    try:
        event = json.loads(file.read_text())
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{file}: not JSON: {error}") from None
    context = event.get("requestContext") if isinstance(event, dict) else None
    if not isinstance(context, dict):
        raise ValueError(f"{file}: no event of a WebSocket API: it lacks requestContext")
    return dict(event)
