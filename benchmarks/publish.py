"""The message function as Lambda runs it, in a process of its own, under the runtime's Python.

With the layer and the function's folder on PYTHONPATH it handles the event in EVENT once, and as
often again as REPEAT says. In its last line it prints as JSON the CPU seconds until the first
answer, and of each fan-out but the first wall seconds, CPU seconds and how many posts were not
delivered. Imports nothing of the benchmarks. AWS_PORT is the port on this machine
where all names lead.
"""

from __future__ import annotations

import json
import os
import time
from importlib import import_module

TYPE_CHECKING = False  # typing's own would cost what is measured: the function does without it

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from signaling.ports import Connections, Introduction, Outcome


class Context:
    """Lambda's context object, of an invocation that has just begun."""

    def __init__(self, seconds: float) -> None:
        """Give the invocation `seconds`."""
        self._deadline = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that the invocation has left."""
        return int((self._deadline - time.monotonic()) * 1000)


class _Timed:
    """Connections whose every `send` is timed."""

    def __init__(self, connections: Connections, taken: list[list[float]]) -> None:
        self._connections = connections
        self._taken = taken

    def send(
        self, connections: Sequence[str], payload: str, introductions: Sequence[Introduction] = ()
    ) -> Outcome:
        wall, cpu = time.perf_counter(), time.process_time()
        result = self._connections.send(connections, payload, introductions)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        self._taken.append([wall, cpu, len(result.gone) + len(result.failed)])
        return result


def main(handed_over: float) -> None:
    """Import the function and handle the event; the process had used `handed_over` CPU seconds."""
    _lead_all_names_to(int(os.environ["AWS_PORT"]))
    from app import lambda_handler  # type: ignore[import-not-found]  # found through PYTHONPATH

    taken: list[list[float]] = []
    repeat = int(os.environ.get("REPEAT", "0"))
    if repeat:
        from signaling import bootstrap

        of_aws = bootstrap.installed()
        bootstrap.install(
            of_aws._replace(
                connections=lambda deadlines: _Timed(of_aws.connections(deadlines), taken)
            )
        )
    event = json.loads(os.environ["EVENT"])
    cpu = []
    for _ in range(1 + repeat):
        lambda_handler(event, Context(seconds=29))
        cpu.append(time.process_time() - handed_over)
    print(json.dumps([cpu[0], taken[1:]]))


def _lead_all_names_to(port: int) -> None:
    import_module("signaling.aws")  # before socket, because it imports that with less of its own
    import socket

    resolve = socket.getaddrinfo

    def here(host: Any, number: Any, *rest: Any, **keywords: Any) -> Any:
        # As bytes, which need no codec for international names: that would cost the caller CPU.
        return resolve(b"127.0.0.1", port, *rest, **keywords)

    setattr(socket, "getaddrinfo", here)  # noqa: B010  # mypy would have its whole signature
