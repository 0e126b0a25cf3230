"""Join the bytecode of the layer into one file: see python/signaling/joined.py.

`sam build` runs this with the version of Python that has compiled the layer, for the folder with
the package: `python3.13 join.py .aws-sam/build/SignalingLayer/python`.
"""

import marshal
import sys
from importlib.util import cache_from_source
from pathlib import Path

PACKAGE = "signaling"
KEPT = {PACKAGE, f"{PACKAGE}.joined"}
"""What is imported before the file can be used, and itself."""

_HEAD_BYTES = 16
"""Of a file of bytecode, before its code: https://peps.python.org/pep-0552/"""


def main(folder: Path) -> None:
    """Add the bytecode of all other modules to that of `joined`, and delete their files."""
    modules: dict[str, tuple[bool, bytes]] = {}
    for source in sorted((folder / PACKAGE).rglob("*.py")):
        is_package = source.stem == "__init__"
        place = source.parent if is_package else source.with_suffix("")
        name = ".".join(place.relative_to(folder).parts)
        if name not in KEPT:
            compiled = Path(cache_from_source(str(source)))
            modules[name] = (is_package, compiled.read_bytes()[_HEAD_BYTES:])
            compiled.unlink()
    joined = folder / PACKAGE / "joined.py"
    compiled = Path(cache_from_source(str(joined)))
    before = compiled.read_bytes()
    text = f"{joined.read_text()}\nMODULES.update({modules!r})\n"
    code = compile(text, marshal.loads(before[_HEAD_BYTES:]).co_filename, "exec", dont_inherit=True)
    compiled.write_bytes(before[:_HEAD_BYTES] + marshal.dumps(code))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
