"""Imports that are put off: of modules that others import, and that nothing uses here."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType

from signaling.typed import Any


class _StandIn(ModuleType):
    """In place of a module until something of it is used.

    An importlib.util.LazyLoader's would be loaded by the next import of the module.
    """

    def __getattr__(self, attribute: str) -> Any:
        _remove(self)
        return getattr(import_module(self.__name__), attribute)


@contextmanager
def put_off(*names: str) -> Iterator[None]:
    """Have what is imported in the block import `names` only when something of them is used.

    Modules that are there already stay, and after the block imports are as ever.
    """
    stand_ins = [_StandIn(name) for name in names if name not in sys.modules]
    sys.modules.update({each.__name__: each for each in stand_ins})
    try:
        yield
    finally:
        for each in stand_ins:
            _remove(each)


def _remove(stand_in: _StandIn) -> None:
    if sys.modules.get(stand_in.__name__) is stand_in:
        del sys.modules[stand_in.__name__]
