"""The threads in which a function's invocations run, shared fairly by the clients."""

from collections import defaultdict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

Job = Callable[[], None]


class FairThreads:
    """Runs jobs in threads, at most `most_a_client` of each client at once.

    All methods except `shut_down` are called on one thread, the event loop's. So a client's job
    waits only while the client's maximum of jobs is running, and the end of each starts the next:
    none is forgotten. A new client waits for only a few jobs of each other client.
    """

    def __init__(self, threads: int, most_a_client: int) -> None:
        self._threads = ThreadPoolExecutor(threads)
        self._most_a_client = most_a_client
        self._running = defaultdict[str, int](int)
        self._waiting = defaultdict[str, deque[Job]](deque)

    def run(self, client: str, job: Job) -> None:
        """Run `job` in a thread as soon as `client` has its turn.

        The thread that runs it calls `ended` afterwards.
        """
        if self._running[client] < self._most_a_client:
            self._running[client] += 1
            self._threads.submit(job)
        else:
            self._waiting[client].append(job)

    def ended(self, client: str) -> None:
        """Run the client's next job in place of one that has ended."""
        if waiting := self._waiting.get(client):
            self._threads.submit(waiting.popleft())
            return
        self._waiting.pop(client, None)
        self._running[client] -= 1
        if not self._running[client]:
            del self._running[client]

    def drop(self) -> None:
        """Forget the jobs that wait for their client's turn."""
        self._waiting.clear()

    def shut_down(self) -> None:
        """Wait, in any thread, until all running jobs have ended; the rest never begin."""
        self._threads.shutdown(cancel_futures=True)
