"""Lambda's part: the functions' handlers, their context and where they run."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

from local.lambda_events import new_id
from local.sam.template import Function
from signaling.event import RawEvent

Handler = Callable[[RawEvent, Any], Any]
TakeResult = Callable[[Any], None]
"""Takes an invocation's result, or None if it failed, on the event loop."""


class Context:
    """Lambda's context object, as far as the functions use it."""

    def __init__(self, function: Function) -> None:
        self.aws_request_id = new_id()
        self.function_name = function.name
        self._deadline = time.monotonic() + function.timeout

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that the invocation has left."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class Invoker:
    """Runs invocations at once, as Lambda does: each in a thread, after a random delay.

    Each function has threads of its own: one whose invocations hang holds up no other.
    """

    def __init__(self, latency: tuple[float, float] = (0, 0), threads: int = 16) -> None:
        """Delay each invocation by `latency`, the least and the most seconds."""
        self._latency = latency
        self._threads = defaultdict[str, ThreadPoolExecutor](partial(ThreadPoolExecutor, threads))
        self._loop = asyncio.get_running_loop()
        self._delayed: set[asyncio.TimerHandle] = set()

    def invoke(self, function: str, work: Callable[[], Any], take_result: TakeResult) -> None:
        """Do `work` of `function` soon in a thread, and give its result to `take_result`."""

        def start() -> None:
            self._delayed.discard(timer)
            self._threads[function].submit(lambda: self.call_back(partial(take_result, work())))

        timer = self._loop.call_later(random.uniform(*self._latency), start)
        self._delayed.add(timer)

    def call_back(self, job: Callable[[], None]) -> None:
        """Run `job` on the event loop, from a thread."""
        self._loop.call_soon_threadsafe(job)

    async def finish(self, seconds: float) -> None:
        """Let invocations finish for at most `seconds`, and drop those that have not started."""
        end = self._loop.time() + seconds
        while self._delayed and self._loop.time() < end:
            await asyncio.sleep(0.01)
        for timer in self._delayed:
            timer.cancel()
        ended = [
            self._loop.run_in_executor(None, partial(threads.shutdown, cancel_futures=True))
            for threads in self._threads.values()
        ]
        if ended:
            await asyncio.wait(ended, timeout=end - self._loop.time())


class InlineInvoker:
    """Runs each invocation to its end: enough for handlers that never wait, and faster."""

    def invoke(self, function: str, work: Callable[[], Any], take_result: TakeResult) -> None:
        """Do `work` now and give its result to `take_result`."""
        take_result(work())

    def call_back(self, job: Callable[[], None]) -> None:
        """Run `job` now."""
        job()

    async def finish(self, seconds: float) -> None:
        """Do nothing: no invocation is ever under way."""


def load_handler(function: Function) -> Handler:
    """Return the handler of `function`, its module loaded under `functions.<folder>.<module>`."""
    module_name, handler_name = function.handler.rsplit(".", 1)
    spec = spec_from_file_location(
        f"functions.{function.code.name}.{module_name}", function.code / f"{module_name}.py"
    )
    if spec is None or spec.loader is None:
        raise ValueError(f"{function.name}: no module {module_name} in {function.code}")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Handler = getattr(module, handler_name)
    return handler
