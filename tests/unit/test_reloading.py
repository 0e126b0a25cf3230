"""Functions and a layer that change while they serve."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local import LAYER
from local.functions.reloading import Watcher
from local.sam.template import Function

FUNCTION = """
from signaling import probe

def lambda_handler(event, context):
    return "{answer}", probe.ANSWER
"""


class Project:
    """A function, and a layer whose one module it uses."""

    def __init__(self, folder: Path) -> None:
        self.code, self.layer = folder / "function", folder / "layer" / "signaling"
        self.code.mkdir()
        self.layer.mkdir(parents=True)
        self.installed = 0
        self.write_function("one")
        self.write_layer("a")
        self.watcher = Watcher(self.layer)

    def load(self) -> Any:
        return self.watcher.load(Function("F", self.code, "app.lambda_handler", {}, 1))

    def write_function(self, answer: str) -> None:
        (self.code / "app.py").write_text(FUNCTION.format(answer=answer))

    def write_layer(self, answer: str) -> None:
        (self.layer / "probe.py").write_text(f"ANSWER = {answer!r}\n")

    def look(self) -> None:
        def install() -> None:
            self.installed += 1

        self.watcher.look(install)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    before = {name: module for name, module in sys.modules.items() if is_of_layer(name)}
    project = Project(tmp_path)
    # The probe lies beside the real layer's modules, as if it were one of them.
    import signaling

    monkeypatch.setattr(signaling, "__path__", [*signaling.__path__, str(project.layer)])
    (project.layer / "__init__.py").write_text(
        f"__path__.append({str(Path(LAYER) / 'signaling')!r})\n"
    )
    monkeypatch.syspath_prepend(project.layer.parent)
    yield project
    for name in [each for each in sys.modules if is_of_layer(each)]:
        del sys.modules[name]
    sys.modules.update(before)


def is_of_layer(name: str) -> bool:
    return name.partition(".")[0] == "signaling"


def test_a_changed_function_is_loaded_and_the_layer_is_not(project: Project) -> None:
    handler = project.load()
    assert handler({}, None) == ("one", "a")
    project.write_function("three")
    project.look()
    assert handler({}, None) == ("three", "a")
    assert project.installed == 0


def test_a_change_of_the_same_size_in_the_same_second_is_seen(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a change fits the bytecode of what was there before."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    handler = project.load()
    file = project.code / "app.py"
    now = file.stat().st_mtime_ns // 10**9 * 10**9
    for offset, answer in ((0, "one"), (1, "two"), (2, "six")):
        project.write_function(answer)
        os.utime(file, ns=(now + offset, now + offset))
        project.look()
        assert handler({}, None) == (answer, "a")


def test_a_changed_module_of_the_layer_is_loaded_for_every_function(project: Project) -> None:
    handler = project.load()
    errors = sys.modules["signaling.errors"]
    project.write_layer("changed")
    project.look()
    assert handler({}, None) == ("one", "changed")
    assert project.installed == 1
    assert sys.modules["signaling.errors"] is errors


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def broken(:\n", "app.py:1: SyntaxError"),
        ("\n\nundefined\n", "app.py:3: NameError: name 'undefined' is not defined"),
        ("", "has no attribute 'lambda_handler'"),
        ("import nowhere\n", "app.py:1: ModuleNotFoundError"),
    ],
)
def test_the_old_code_runs_on_when_the_new_cannot_be_loaded(
    project: Project, capsys: pytest.CaptureFixture[str], text: str, reason: str
) -> None:
    handler = project.load()
    (project.code / "app.py").write_text(text)
    project.look()
    assert handler({}, None) == ("one", "a")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: the old code runs on: ")
    assert reason in line
    project.look()
    assert capsys.readouterr().err == ""
    project.write_function("mended")
    project.look()
    assert handler({}, None) == ("mended", "a")


def test_a_broken_layer_leaves_everything_as_it_was(project: Project) -> None:
    handler = project.load()
    before = dict(sys.modules)
    (project.layer / "probe.py").write_text("def broken(:\n")
    project.look()
    assert handler({}, None) == ("one", "a")
    assert {name: sys.modules.get(name) for name in before if is_of_layer(name)} == {
        name: module for name, module in before.items() if is_of_layer(name)
    }


def test_what_could_not_be_loaded_is_loaded_with_what_mends_it(project: Project) -> None:
    handler = project.load()
    (project.layer / "probe.py").write_text("ANSWER = 'b'\nundefined\n")
    project.look()
    project.write_function("new")
    project.look()
    assert handler({}, None) == ("one", "a")
    project.write_layer("mended")
    project.look()
    assert handler({}, None) == ("new", "mended")


def test_a_file_that_is_just_being_replaced_is_no_error(project: Project) -> None:
    handler = project.load()
    (project.code / "app.py").unlink()
    project.look()
    assert handler({}, None) == ("one", "a")
    project.write_function("back")
    project.look()
    assert handler({}, None) == ("back", "a")
