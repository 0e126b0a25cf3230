"""Lambda's part: the functions' handlers, their context and where they run."""

import asyncio
import json
import random
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

from local.functions.failures import print_failure
from local.functions.threads import FairThreads
from local.sam.template import Function
from signaling import bootstrap
from signaling.event import OK, RawEvent
from signaling.ports import Outcome

Handler = Callable[[RawEvent, Any], Any]
TakeResult = Callable[[Any], None]
"""Takes an invocation's result, None if it failed, or `LATE`, on the event loop."""

INTEGRATION_SECONDS = 29
"""How long API Gateway waits for a function:
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""

LATE: Final = object()
"""Result of an invocation that API Gateway no longer waits for."""


MOST_AT_ONCE = 16
"""Invocations of one function that are under way; the others wait.

With more, as many as an account's 1,000, DynamoDB Local would get more requests than it can answer
in time when all clients come back at once: it takes 3 to 5 ms of CPU per request, and requests that
time out and are retried leave nothing for the others.
"""

MOST_OF_A_CLIENT = 4
"""Invocations of one function for one client that are under way; its others wait.

Each may write the rows of 100 topics. One client that used all threads for that would leave nothing
of DynamoDB Local for the others, which would not notice it in AWS.
"""


class Context:
    """Lambda's context object, as far as the functions use it."""

    def __init__(self, function: Function) -> None:
        self._deadline = time.monotonic() + function.timeout

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that the invocation has left."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class Invocation(NamedTuple):
    """An event and the function that handles it."""

    function: Function
    handler: Handler
    event: RawEvent

    def run(self) -> Any:
        """Return the handler's result, or None if it raises or the result is not JSON.

        Lambda's runtime sends an answer as JSON in UTF-8:
        https://github.com/aws/aws-lambda-python-runtime-interface-client/blob/4.2.2/awslambdaric/lambda_runtime_marshaller.py
        """
        try:
            result = self.handler(self.event, Context(self.function))
            if result == OK:  # as it nearly always is: JSON leaves it as it is
                return result
            return json.loads(json.dumps(result, ensure_ascii=False).encode())
        except Exception as error:
            print_failure(error, self.function, self.event)
            return None


class Invoker:
    """Runs invocations at once, as Lambda does: each in a thread, after a random delay."""

    def __init__(self, latency: tuple[float, float] = (0, 0), places: int = MOST_AT_ONCE) -> None:
        """Delay each invocation by `latency`, the least and the most seconds.

        Each function has its own `places`, so one that hangs delays no other.
        """
        self._latency = latency
        self._threads = defaultdict[str, FairThreads](
            partial(FairThreads, places, MOST_OF_A_CLIENT)
        )
        self._loop = asyncio.get_running_loop()
        self._delayed: set[_Run] = set()

    def invoke(self, invocation: Invocation, take_result: TakeResult) -> None:
        """Run `invocation` soon in a thread, and give its result to `take_result`.

        The result is None after the function's timeout, and `LATE` after the time that API Gateway
        waits. The thread cannot be stopped, but its later result is dropped; an invocation that has
        not begun by then never does.
        """
        threads = self._threads[invocation.function.name]
        delay = random.uniform(*self._latency)
        _Run(invocation, take_result, threads, self._loop).begin_in(delay, self._delayed)

    def call_back(self, job: Callable[[], object]) -> None:
        """Run `job` on the event loop, from a thread."""
        self._loop.call_soon_threadsafe(job)

    async def finish(self, seconds: float) -> bool:
        """Let invocations finish for at most `seconds`, and tell whether all of them have ended.

        Those that have not started are dropped.
        """
        end = self._loop.time() + seconds
        while self._delayed and self._loop.time() < end:
            await asyncio.sleep(0.01)
        for run in self._delayed:
            run.drop()
        for threads in self._threads.values():
            threads.drop()
        ends = [
            self._loop.run_in_executor(None, threads.shut_down)
            for threads in self._threads.values()
        ]
        if not ends:
            return True
        _, waiting = await asyncio.wait(ends, timeout=max(0, end - self._loop.time()))
        return not waiting


class _Run:
    """An invocation that is under way.

    It ends once, by its thread or by a timer, whichever is first: both run on the event loop.
    """

    def __init__(
        self,
        invocation: Invocation,
        take_result: TakeResult,
        threads: FairThreads,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._invocation = invocation
        self._take_result = take_result
        self._threads = threads
        self._loop = loop
        self._client: str = invocation.event["requestContext"]["connectionId"]
        self._has_ended = False
        self._has_place = True  # once it has begun
        self._start: asyncio.TimerHandle
        self._patience: asyncio.TimerHandle

    def begin_in(self, delay: float, delayed: "set[_Run]") -> None:
        """Begin after `delay` seconds, and be in `delayed` until then."""
        delayed.add(self)
        self._start = self._loop.call_later(delay, self._begin, delayed)
        killed_in = delay + self._invocation.function.timeout
        if killed_in < INTEGRATION_SECONDS:
            self._patience = self._loop.call_later(killed_in, self._end_late, None, delayed)
        else:
            self._patience = self._loop.call_later(
                INTEGRATION_SECONDS, self._end_late, LATE, delayed
            )

    def drop(self) -> None:
        """Never begin."""
        self._start.cancel()
        self._patience.cancel()

    def _begin(self, delayed: "set[_Run]") -> None:
        delayed.discard(self)
        self._threads.run(self._client, self._run)

    def rest(self) -> None:
        """Give the place to another invocation; called in the thread that runs this one."""
        self._loop.call_soon_threadsafe(self._give_place)

    def _run(self) -> None:
        _thread.run = self
        result = None if self._has_ended else self._invocation.run()
        self._loop.call_soon_threadsafe(self._returned, result)

    def _returned(self, result: Any) -> None:
        self._give_place()
        self._end(result)

    def _give_place(self) -> None:
        if self._has_place:
            self._has_place = False
            self._threads.ended(self._client)

    def _end(self, result: Any) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._patience.cancel()
            self._take_result(result)

    def _end_late(self, result: Any, delayed: "set[_Run]") -> None:
        function = self._invocation.function
        seconds = INTEGRATION_SECONDS if result is LATE else function.timeout
        print(f"error: {function.name}: Task timed out after {seconds} seconds", file=sys.stderr)
        delayed.discard(self)
        self._start.cancel()
        self._end(result)


class _Thread(threading.local):
    run: _Run | None = None


_thread = _Thread()
"""Knows the invocation that its thread runs."""


def pause(seconds: float, action: Callable[[], Outcome]) -> Outcome:
    """Run `action` after `seconds`, in which others have the place of the thread's invocation.

    A wait takes nothing that would have to be shared, and in AWS others do not notice it: what the
    same client says meanwhile, as that it leaves, is handled at once.
    """
    if _thread.run:
        _thread.run.rest()
    return bootstrap.pause(seconds, action)


class InlineInvoker:
    """Runs each invocation to its end: sufficient for handlers that never wait, and faster."""

    def invoke(self, invocation: Invocation, take_result: TakeResult) -> None:
        """Run `invocation` now and give its result to `take_result`."""
        take_result(invocation.run())

    def call_back(self, job: Callable[[], object]) -> None:
        """Run `job` now."""
        job()

    async def finish(self, seconds: float) -> bool:
        """Return True: no invocation is ever under way."""
        return True
