"""Run the signaling server on this machine: `python -m local --help`."""

import argparse
import asyncio
import gc
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from functools import partial

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError

from local import ROOT, dynamodb
from local.faults.faults import Faults
from local.faults.plan import read_plan
from local.gateway import Gateway
from local.in_memory import InProcessConnections, MemorySubscriptions
from local.invoker import InlineInvoker, Invoker, load_handler
from local.options import options
from local.sam.parameters import parse_overrides
from local.sam.template import Stack, load
from local.server import Server
from local.sites import HouseRules
from signaling import bootstrap

_ORIGINS = "ALLOWED_ORIGINS"
_SECONDS_TO_DISCONNECT = 3.0
_SECONDS_BETWEEN_FLUSHES = 0.1
_SECONDS_BETWEEN_LOOKS_AT_THE_TABLE = 0.5


def main() -> int:
    """Serve until Ctrl-C and return the exit status."""
    chosen = options()
    logging.getLogger("aiohttp.server").addFilter(_is_of_our_own)
    try:
        parameters = parse_overrides(chosen.parameter_overrides)
        stack = load(ROOT / "template.yaml", parameters)
        if "LogLevel" not in parameters:
            os.environ.setdefault(
                "LOG_LEVEL", "WARNING"
            )  # a line for each message would bury the rest
        chosen.guards_pages = not (_ORIGINS in os.environ or _ORIGINS in stack.overridden)
        _set_environment(stack)
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
    gateway = Gateway(
        stack,
        invoker,
        chosen.life,
        faults.load if faults else load_handler,
        chosen.idle,
        chosen.throttle == "template",
        HouseRules().admit if chosen.guards_pages else lambda origin: True,
    )
    tasks = [asyncio.create_task(_flush_log())]
    if in_memory:
        _keep_in_memory(gateway, latency)
    else:
        restore = dynamodb.use_endpoint(chosen.dynamodb, stack.table)
        tasks.append(asyncio.create_task(_keep_table(restore)))
    middlewares = faults.middlewares if faults else []
    demo = ROOT / "local" / "demo" / "dist"
    server = Server(gateway, demo, middlewares, needs_signature=not chosen.unsigned)
    try:
        port = await server.start(chosen.host, chosen.port)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise OSError(f"{chosen.host}:{chosen.port}: {reason}") from None
    posts = f"http://{server.address()}/{stack.stage}"
    if not in_memory:
        dynamodb.direct_clients(chosen.dynamodb, posts)
        bootstrap.installed()  # now, because boto3 makes clients in one thread only
    if faults:
        await faults.begin(posts, chosen.dynamodb)
    interrupted = _interruption()  # before the greeting, which may be answered with Ctrl-C
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
    """Tell whether it is not aiohttp's report of a bad request, which quotes the URL's token."""
    bad_request = (HttpProcessingError, RequestPayloadError)
    return not (record.exc_info and isinstance(record.exc_info[1], bad_request))


def _set_environment(stack: Stack) -> None:
    """Give the functions their environment.

    A parameter override wins over a variable that is already set, as by `DELIVERY=...`, and that
    over the template's default.
    """
    for function in stack.functions().values():
        for name, value in function.environment.items():
            if name in stack.overridden:
                os.environ[name] = value
            else:
                os.environ.setdefault(name, value)
    os.environ["TRACING"] = "Disabled"  # there is no X-Ray daemon here


def _keep_in_memory(gateway: Gateway, latency: tuple[float, float]) -> None:
    connections = InProcessConnections(gateway)
    # A table is never as quick as memory: a tenth of the latency lets invocations interleave.
    pause = partial(_pause, latency[0] / 10, latency[1] / 10) if latency[1] else _no_pause
    subscriptions = MemorySubscriptions(pause=pause)
    bootstrap.install(
        bootstrap.Adapters(lambda deadlines: subscriptions, lambda deadlines: connections)
    )


def _pause(least: float, most: float) -> None:
    time.sleep(random.uniform(least, most))


def _no_pause() -> None:
    pass


def _greet(host: str, port: int, endpoint: str | None) -> None:
    name = f"[{host}]" if ":" in host else host
    if host in ("127.0.0.1", "0.0.0.0", "::"):
        name = "localhost"
    print(
        f"Signaling for y-webrtc on ws://{name}:{port}, rooms in {endpoint or 'memory'}\n"
        f"Demo: http://{name}:{port}/\n"
        "In your app:\n"
        f"  new WebrtcProvider('room', doc, {{ signaling: ['ws://{name}:{port}'] }})",
        flush=True,
    )


async def _keep_table(restore: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS_AT_THE_TABLE)
        await asyncio.to_thread(restore)


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
