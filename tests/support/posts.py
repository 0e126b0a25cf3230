"""A client of @connections that answers as it is told."""

import threading
from collections import defaultdict
from typing import Any


class PostError(Exception):
    """An error as AWS clients raise it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.response = {"ResponseMetadata": {"HTTPStatusCode": status}}


class ScriptedClient:
    """Answers the posts to each connection with its statuses in turn, the last one for ever."""

    def __init__(self, **statuses: list[int | None]) -> None:
        self._statuses = statuses
        self.posts: dict[str, int] = defaultdict(int)
        self.most_in_flight = 0
        self._in_flight = 0
        self._lock = threading.Lock()

    def get_connection(self, ConnectionId: str) -> dict[str, Any]:
        return self.post_to_connection(f"get_{ConnectionId}", b"")

    def post_to_connection(self, ConnectionId: str, Data: bytes) -> dict[str, Any]:
        with self._lock:
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
            number = self.posts[ConnectionId]
            self.posts[ConnectionId] += 1
        threading.Event().wait(0.001)
        with self._lock:
            self._in_flight -= 1
        statuses = self._statuses.get(ConnectionId, [200])
        status = statuses[min(number, len(statuses) - 1)]
        if status is None:
            raise ConnectionResetError("closed while the Lambda was frozen")
        if status >= 300:
            raise PostError(status)
        return {"ResponseMetadata": {"HTTPStatusCode": status}}
