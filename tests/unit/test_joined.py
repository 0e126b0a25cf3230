"""The layer with its bytecode in one file, as `sam build` makes it, for this version of Python."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from local import LAYER, ROOT
from tests.support.commands import Done, run

IMPORT_ALL = """
import json, sys
from importlib import import_module

modules = [import_module(name) for name in json.loads(sys.argv[1])]
joined = sys.modules["signaling.joined"]
print(json.dumps({
    "joined": [*joined.MODULES],
    "files": {each.__name__: each.__file__ for each in modules},
    "places": {each.__name__: [*each.__path__] for each in modules if hasattr(each, "__path__")},
}))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the layer was built."""
    folder = tmp_path_factory.mktemp("layer")
    package = folder / "signaling"
    shutil.copytree(
        Path(LAYER) / "signaling", package, ignore=shutil.ignore_patterns("__pycache__")
    )
    compiling = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    run(*compiling, folder, check=True)
    run(sys.executable, ROOT / "layers" / "signaling" / "join.py", folder, check=True)
    return folder


def python(folder: Path, program: str, *arguments: str) -> Done:
    return run(sys.executable, "-B", "-c", program, *arguments, env={"PYTHONPATH": str(folder)})


def modules_in(folder: Path) -> dict[str, Path]:
    files = (each.relative_to(folder) for each in (folder / "signaling").rglob("*.py"))
    names = {".".join(each.with_suffix("").parts): folder / each for each in files}
    return {name.removesuffix(".__init__"): file for name, file in names.items()}


def test_all_modules_but_those_that_find_them_come_from_one_file(folder: Path) -> None:
    of_all = modules_in(folder)
    names = [name for name in of_all if name != "signaling.tracing"]  # slow to import
    done = python(folder, IMPORT_ALL, json.dumps(names))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {*told["joined"]} == {*of_all} - {"signaling", "signaling.joined"}
    assert told["files"] == {name: str(of_all[name]) for name in names}
    packages = {name for name, file in of_all.items() if file.stem == "__init__"}
    assert told["places"] == {name: [str(of_all[name].parent)] for name in packages}
    kept = sorted(each.name.partition(".")[0] for each in folder.rglob("*.pyc"))
    assert kept == ["__init__", "joined"]


def test_sources_are_not_read_but_shown_in_tracebacks(folder: Path, tmp_path: Path) -> None:
    built = tmp_path / "python"
    shutil.copytree(folder, built)
    changed = built / "signaling" / "topics.py"
    changed.write_text(changed.read_text().replace("topic~", "changed~"))
    program = "from signaling.topics import topic_key; print(topic_key('\\ud800')); topic_key(1)"
    done = python(built, program)
    assert done.stdout == "topic~\\ud800\n"
    lines = (folder / "signaling" / "topics.py").read_text().splitlines()
    number = next(at for at, line in enumerate(lines, 1) if "topic.encode()" in line)
    assert f'signaling/topics.py", line {number}, in topic_key' in done.stderr
    assert lines[number - 1].strip() in done.stderr
