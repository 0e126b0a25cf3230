"""The message function as Lambda runs it, in a process of its own, under the runtime's Python.

With the layer and the function's folder on PYTHONPATH it handles the event in EVENT once, and as
often again as REPEAT says, and prints wall seconds, CPU seconds and the outcome of each of these
fan-outs as JSON in its last line. Imports nothing of the benchmarks.
"""

import json
import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

    def __init__(self, connections: "Connections", taken: list[list[float]]) -> None:
        self._connections = connections
        self._taken = taken

    def send(
        self,
        connections: Sequence[str],
        payload: str,
        introductions: "Sequence[Introduction]" = (),
    ) -> "Outcome":
        wall, cpu = time.perf_counter(), time.process_time()
        result = self._connections.send(connections, payload, introductions)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        self._taken.append([wall, cpu, *map(len, result)])
        return result


def main() -> None:
    """Import the function and handle the event."""
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
    for _ in range(1 + repeat):
        lambda_handler(event, Context(seconds=29))
    print(json.dumps(taken[1:]))


if __name__ == "__main__":
    main()
