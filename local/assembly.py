"""The local server put together: API Gateway's, Lambda's and DynamoDB's parts, and the tools."""

import argparse
import asyncio
import gc
import os
import signal
import sys
from typing import TYPE_CHECKING

from local import ROOT, adapters
from local.clients import direct_clients
from local.console.console import Console
from local.console.feed import add_console
from local.faults.faults import Faults
from local.faults.plan import read_plan
from local.functions.invoker import InlineInvoker, Invoker
from local.functions.loading import load_handler
from local.gateway.gateway import Gateway
from local.sam.template import Stack
from local.sockets.http import http_application
from local.sockets.server import Server
from local.sockets.sites import HouseRules

if TYPE_CHECKING:
    from local.table.dynamodb import Table

_SECONDS_TO_DISCONNECT = 3.0
_SECONDS_BETWEEN_FLUSHES = 0.1
_SECONDS_BETWEEN_LOOKS_AT_THE_TABLE = 0.5


async def serve(stack: Stack, chosen: argparse.Namespace) -> int:
    """Serve `stack` as `chosen` on the command line until Ctrl-C, and return the exit status.

    Raises:
        OSError: the server cannot listen where it should.
        ValueError: the plan of the faults is none.
    """
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
        lambda function: console.watch_function(function, load(function)),
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
        print("error: functions that had not ended were abandoned", file=sys.stderr, flush=True)
        sys.stdout.flush()
        os._exit(0)  # Python would wait for their threads
    return 0


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
