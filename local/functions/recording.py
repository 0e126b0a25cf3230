"""Events as files that can be replayed."""

import json
import os
import re
import sys
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from local.functions.failures import note_event
from local.functions.invoker import Handler
from local.sam.template import Function
from signaling.event import RawEvent

MOST_FILES = 10_000
"""Files of one run. A newer one replaces the oldest of this run."""

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9]+")
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_FOR_NOBODY_ELSE = 0o600  # an event may hold a token


class Recorder:
    """Writes every event of a function into a folder, before the function gets it.

    A file's name consists only of the time, a number and names from the template, and an existing
    file or link is never opened: nothing is written outside the folder.
    """

    def __init__(self, folder: Path, most_files: int = MOST_FILES) -> None:
        """Create `folder` if it is missing, and keep at most `most_files` of this run.

        Raises:
            OSError: it is not a folder, or not writable.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._most_files = most_files
        self._numbers = count(1)
        self._written: deque[str] = deque()
        self._fails = False
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(f"{folder}: nothing can be written there")

    def record(self, function: Function, handler: Handler) -> Handler:
        """Return `handler` with each of its events recorded, and named in failures."""

        def recorded(event: RawEvent, context: Any) -> Any:
            file = self._write(function, event)
            try:
                return handler(event, context)
            except Exception as error:
                if file:
                    note_event(error, function, str(file))
                raise

        return recorded

    def _write(self, function: Function, event: RawEvent) -> Path | None:
        route = _NOT_IN_A_NAME.sub("-", event["requestContext"]["routeKey"]).strip("-")
        kind = "authorize" if "methodArn" in event else route
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        # The number orders events of the same microsecond, and files of several threads.
        name = f"{now}-{next(self._numbers):07}-{kind}-{function.name}.json"
        try:
            file = os.open(name, _NEW_FILE, _FOR_NOBODY_ELSE, dir_fd=self._descriptor)
            self._written.append(name)
            with os.fdopen(file, "w") as stream:
                json.dump(event, stream, indent=2)
        except OSError as error:
            if not self._fails:
                print(f"error: {self._folder / name}: {error.strerror}", file=sys.stderr)
            self._fails = True
            return None
        if len(self._written) > self._most_files:
            with suppress(FileNotFoundError):  # another process has deleted it
                os.unlink(self._written.popleft(), dir_fd=self._descriptor)
        return self._folder / name
