"""The threads in which a function's invocations run, shared fairly by the clients."""

from collections import defaultdict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

Job = Callable[[], None]


_MOST_THREADS = 256
"""Of one function, with those that wait and have given up their place."""


class FairThreads:
    """Runs jobs in threads, some at once, of which at most `most_a_client` are of one client.

    All methods except `shut_down` are called on one thread, the event loop's. So a client's job
    waits only while the client's maximum of jobs is running, and the end of each starts the next:
    none is forgotten. A new client waits for only a few jobs of each other client.
    """

    def __init__(self, places: int, most_a_client: int) -> None:
        self._threads = ThreadPoolExecutor(_MOST_THREADS)
        self._places = places
        self._most_a_client = most_a_client
        self._running = defaultdict[str, int](int)
        self._waiting = defaultdict[str, deque[Job]](deque)
        self._ready = deque[Job]()

    def run(self, client: str, job: Job) -> None:
        """Run `job` in a thread as soon as `client` has its turn.

        `ended` is to be called afterwards, or once the job gives up its place.
        """
        if self._running[client] < self._most_a_client:
            self._running[client] += 1
            self._ready.append(job)
            self._start()
        else:
            self._waiting[client].append(job)

    def ended(self, client: str) -> None:
        """Give the place of one of the client's jobs to another."""
        self._places += 1
        if waiting := self._waiting.get(client):
            self._ready.append(waiting.popleft())
        else:
            self._waiting.pop(client, None)
            self._running[client] -= 1
            if not self._running[client]:
                del self._running[client]
        self._start()

    def _start(self) -> None:
        while self._places and self._ready:
            self._places -= 1
            self._threads.submit(self._ready.popleft())

    def drop(self) -> None:
        """Forget the jobs that have no place."""
        self._waiting.clear()
        self._ready.clear()

    def shut_down(self) -> None:
        """Wait, in any thread, until all running jobs have ended; the rest never begin."""
        self._threads.shutdown(cancel_futures=True)
