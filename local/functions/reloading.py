"""Functions that change while the server runs: `--watch`.

Changed code is reloaded: a function's module, or every module of the layer with all functions. The
server's own code, the template and `signaling.errors` are not reloaded: the code that raises an
exception and the code that catches it must share its class.
"""

import asyncio
import sys
import traceback
from collections.abc import Callable, Iterable
from importlib.util import cache_from_source
from pathlib import Path
from types import ModuleType

from local import LAYER, ROOT
from local.functions.invoker import Handler, load_handler
from local.sam.template import Function

_SECONDS_BETWEEN_LOOKS = 0.3
_LAYER = "signaling"
_KEPT = "signaling.errors"

Versions = dict[Path, tuple[int, int]]
"""Files with their time and size, which reveal changes."""


class Watcher:
    """Loads functions, and loads them again when their files change.

    A handler is replaced by one assignment, so an invocation runs either the old or the new code to
    its end. Only the event loop loads.
    """

    def __init__(self, layer: Path = Path(LAYER) / _LAYER) -> None:
        """Load functions that use the `layer`."""
        self._layer = layer
        self._functions: dict[str, Function] = {}
        self._handlers: dict[str, Handler] = {}
        self._versions: Versions = {}
        self._waiting: set[Path] = set()

    def load(self, function: Function) -> Handler:
        """Return a handler of `function` that always runs the newest loadable code."""
        name, handlers = function.name, self._handlers
        self._functions[name] = function
        handlers[name] = load_handler(function)
        self._versions = self._versions_now()
        return lambda event, context: handlers[name](event, context)

    async def watch(self, install: Callable[[], None]) -> None:
        """Look for changes until cancelled; `install` gives a reloaded layer its ports."""
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            self.look(install)

    def look(self, install: Callable[[], None]) -> None:
        """Load the changes since the last look."""
        before, self._versions = self._versions, self._versions_now()
        files = before.keys() | self._versions.keys()
        changed = {each for each in files if before.get(each) != self._versions.get(each)}
        if not changed:
            return
        self._waiting |= changed
        for file in changed:  # bytecode of the same second and size would seem current
            Path(cache_from_source(str(file))).unlink(missing_ok=True)
        names = ", ".join(sorted(_shown(file) for file in self._waiting))
        try:
            loaded = self._reload(self._waiting, install)
        except Exception as error:
            print(f"error: the old code runs on: {_reason(error)}", file=sys.stderr)
        else:
            self._waiting.clear()
            print(f"loaded again: {names}, for {', '.join(loaded)}", file=sys.stderr)

    def _reload(self, changed: Iterable[Path], install: Callable[[], None]) -> list[str]:
        """Load all code that depends on `changed` or, if something raises, none."""
        if not any(self._layer in file.parents for file in changed):
            folders = {file.parent for file in changed}
            concerned = [each for each in self._functions.values() if each.code in folders]
            self._handlers.update({each.name: load_handler(each) for each in concerned})
            return [each.name for each in concerned]
        old = _take_out_layer()
        try:
            handlers = {each.name: load_handler(each) for each in self._functions.values()}
            install()
        except BaseException:
            _take_out_layer()
            sys.modules.update(old)
            raise
        self._handlers.update(handlers)
        return list(handlers)

    def _versions_now(self) -> Versions:
        files = [*self._layer.rglob("*.py")]
        for function in self._functions.values():
            files += function.code.glob("*.py")
        versions: Versions = {}
        for file in files:
            try:
                status = file.stat()
            except FileNotFoundError:
                continue  # an editor is just replacing it
            versions[file] = status.st_mtime_ns, status.st_size
        return versions


def _take_out_layer() -> dict[str, ModuleType]:
    names = [each for each in sys.modules if each.partition(".")[0] == _LAYER and each != _KEPT]
    return {name: sys.modules.pop(name) for name in names}


def _reason(error: Exception) -> str:
    """Return where `error` is in the changed code, and what it is."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_shown(Path(error.filename))}:{error.lineno}: {type(error).__name__}: {error.msg}"
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{_shown(Path(last.filename))}:{last.lineno}: {type(error).__name__}: {error}"


def _shown(file: Path) -> str:
    return str(file.relative_to(ROOT) if file.is_relative_to(ROOT) else file)
