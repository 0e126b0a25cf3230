"""Run the signaling server on this machine: `python -m local --help`."""

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError

from local import ROOT, adapters
from local.clients import direct_clients
from local.console.console import Console
from local.console.feed import add_console
from local.faults.faults import Faults
from local.faults.plan import read_plan
from local.functions.invoker import (
    Handler,
    InlineInvoker,
    Invoker,
    Load,
    load_handler,
    set_environment,
)
from local.functions.recording import Recorder
from local.gateway.gateway import Gateway
from local.options import options
from local.sam.parameters import parse_overrides
from local.sam.template import Function, Stack, load
from local.sockets.http import http_application
from local.sockets.server import Server
from local.sockets.sites import HouseRules

if TYPE_CHECKING:
    from local.table.dynamodb import Table

_ORIGINS = "ALLOWED_ORIGINS"
_SECONDS_TO_DISCONNECT = 3.0
_SECONDS_BETWEEN_FLUSHES = 0.1
_SECONDS_BETWEEN_LOOKS_AT_THE_TABLE = 0.5


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
        return asyncio.run(_serve(stack, chosen))
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


async def _serve(stack: Stack, chosen: argparse.Namespace) -> int:
    latency: tuple[float, float] = chosen.latency
    in_memory = chosen.dynamodb is None
    plan = read_plan(chosen.faults) if chosen.faults else None
    faults = Faults(plan) if plan else None
    waits = not in_memory or latency[1] > 0 or stack.authorizer or faults  # it may fetch keys
    invoker = Invoker(latency) if waits else InlineInvoker()
    console = Console()
    load = faults.load if faults else load_handler
    gateway = Gateway(
        stack,
        invoker,
        chosen.life,
        _with_tools(load, console, Recorder(chosen.record) if chosen.record else None),
        chosen.idle,
        chosen.throttle == "template",
        HouseRules().admit if chosen.guards_pages else lambda origin: True,
    )
    gateway.observer = console
    tasks = [asyncio.create_task(_flush_log())]
    table = None
    if not in_memory:
        from local.table.dynamodb import Table  # here: rooms in memory need no boto3

        table = Table(chosen.dynamodb, stack.table)
        tasks.append(asyncio.create_task(_keep_table(table)))
    middlewares = faults.middlewares if faults else []
    demo = ROOT / "local" / "demo" / "dist"
    application = http_application(gateway, demo, middlewares, not chosen.unsigned)
    add_console(application, gateway, console, chosen.console_for_everyone)
    server = Server(gateway, application)
    try:
        port = await server.start(chosen.host, chosen.port)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise OSError(f"{chosen.host}:{chosen.port}: {reason}") from None
    posts = f"http://{server.address()}/{stack.stage}"
    if table:
        direct_clients(chosen.dynamodb, posts)
        place = adapters.table(table)  # now, because boto3 makes clients in one thread only
    else:
        place = adapters.memory(gateway, latency)
    if faults:
        await faults.begin(posts, chosen.dynamodb)
    console.watch_rooms(place)
    interrupted = _interruption()  # before the greeting, after which Ctrl-C may come
    _greet(chosen.host, port, chosen.dynamodb)
    if plan:
        print(f"Faults: {plan}", flush=True)
    gc.freeze()  # what exists now stays: no need to scan it again and again
    await interrupted.wait()
    for task in tasks:
        task.cancel()
    await server.stop()
    has_ended = await invoker.finish(_SECONDS_TO_DISCONNECT)  # each client's $disconnect
    if faults:
        print(f"Faults that were made: {await faults.end()}", flush=True)
    if not has_ended:
        print("error: functions that had not ended were given up", file=sys.stderr, flush=True)
        sys.stdout.flush()
        os._exit(0)  # Python would wait for their threads
    return 0


def _is_of_our_own(record: logging.LogRecord) -> bool:
    """Return False for aiohttp's reports of bad requests, which quote the token in the URL."""
    bad_request = (HttpProcessingError, RequestPayloadError)
    return not (record.exc_info and isinstance(record.exc_info[1], bad_request))


def _with_tools(load: Load, console: Console, recorder: Recorder | None) -> Load:
    """Return `load` wrapped in the tools that see a function's events."""

    def load_with_tools(function: Function) -> Handler:
        handler = console.watch_function(function, load(function))
        return recorder.record(function, handler) if recorder else handler

    return load_with_tools


def _greet(host: str, port: int, endpoint: str | None) -> None:
    name = f"[{host}]" if ":" in host else host
    if host in ("127.0.0.1", "0.0.0.0", "::"):
        name = "localhost"
    print(
        f"Signaling for y-webrtc on ws://{name}:{port}, rooms in {endpoint or 'memory'}\n"
        f"Demo: http://{name}:{port}/\n"
        f"Console: http://{name}:{port}/console\n"
        "In your app:\n"
        f"  new WebrtcProvider('room', doc, {{ signaling: ['ws://{name}:{port}'] }})",
        flush=True,
    )


async def _keep_table(table: "Table") -> None:
    while True:
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS_AT_THE_TABLE)
        await asyncio.to_thread(table.restore)


async def _flush_log() -> None:
    """Write the log at intervals: a system call for each line would cost as much as the line."""
    while True:
        await asyncio.sleep(_SECONDS_BETWEEN_FLUSHES)
        sys.stdout.flush()


def _interruption() -> asyncio.Event:
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    return interrupted


if __name__ == "__main__":
    sys.exit(main())
