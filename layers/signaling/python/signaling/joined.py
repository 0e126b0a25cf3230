"""The bytecode of the whole layer in one file: this module's own, as `sam build` makes it.

Python finds, opens and reads a file for each module, which for 40 of them takes a twentieth of a
cold start. So layers/signaling/join.py adds their bytecode to that of this module, and here it is
only run. Sources stay where they are, and tracebacks show them. From sources alone, as in a
checkout or under another version of Python, `MODULES` is empty, and all modules are imported as
ever.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from marshal import loads

TYPE_CHECKING = False  # as in `typed`, which would be a file of its own here

if TYPE_CHECKING:
    from importlib.abc import Loader
    from types import ModuleType
else:
    Loader = object

MODULES: dict[str, tuple[bool, bytes]] = {}
"""By name, whether it is a package, and its code."""

_FOLDER = __file__.rsplit("/", 2)[0]  # pathlib is slow to import


class Finder(Loader):
    """Finds the modules that are here, and loads them."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return where the module `name` comes from, if it is here."""
        if name not in MODULES:
            return None
        is_package, _ = MODULES[name]
        place = f"{_FOLDER}/{name.replace('.', '/')}"
        origin = f"{place}/__init__.py" if is_package else f"{place}.py"
        spec = ModuleSpec(name, self, origin=origin, is_package=is_package)
        if is_package:
            spec.submodule_search_locations = [place]
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to Python to create the module."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code."""
        assert module.__spec__
        module.__file__ = module.__spec__.origin
        exec(loads(MODULES[module.__name__][1]), module.__dict__)


def install() -> None:
    """Have Python look here first, if anything is here."""
    if MODULES:
        sys.meta_path.insert(0, Finder())
