"""Results that take a second to compute and depend only on the sources of their key.

Every start of the local server needs the same result, so it is kept in a file. If anything is wrong
with the file or its folder, the result is computed.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

_MOST_FILES = 32
"""The most recently used ones are kept."""


def remembered(folder: Path, sources: Iterable[bytes], compute: Callable[[], Any]) -> Any:
    """Return the result of `compute` for `sources` as JSON, from `folder` if it is there."""
    file = _file_of(folder, sources)
    with suppress(OSError, ValueError):
        known = json.loads(file.read_bytes())
        with suppress(OSError):
            os.utime(file)
        return known
    text = json.dumps(compute(), default=str)  # YAML has dates
    with suppress(OSError):
        _write(file, text)
        _remove_oldest(folder)
    return json.loads(text)


def _file_of(folder: Path, sources: Iterable[bytes]) -> Path:
    digest = hashlib.sha256()
    for each in sources:
        digest.update(b"%d:" % len(each) + each)
    return folder / f"{digest.hexdigest()}.json"


def _write(file: Path, text: str) -> None:
    """Write the whole `file` at once: many servers start at the same moment."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as opened:
        part = Path(opened.name)
        try:
            opened.write(text)
            opened.close()
            part.replace(file)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _remove_oldest(folder: Path) -> None:
    """Keep the newest files, which include those being written now."""
    for file in sorted(folder.iterdir(), key=_age)[_MOST_FILES:]:
        file.unlink(missing_ok=True)


def _age(file: Path) -> float:
    with suppress(FileNotFoundError):  # another process has just removed it
        return -file.stat().st_mtime
    return 0
