"""Functions and a layer that change while they serve."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
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
        self._watcher = Watcher(self.layer)

    def load(self) -> None:
        self._handler = self._watcher.load(Function("F", self.code, "app.lambda_handler", {}, 1))

    def write_function(self, answer: str) -> None:
        (self.code / "app.py").write_text(FUNCTION.format(answer=answer))

    def write_layer(self, answer: str, more: str = "") -> None:
        (self.layer / "probe.py").write_text(f"ANSWER = {answer!r}\n{more}")

    def look(self) -> Any:
        """Return what function and layer answer once the watcher has looked."""

        def install() -> None:
            self.installed += 1

        self._watcher.look(install)
        return self._handler({}, None)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    before = modules_of_layer()
    project = Project(tmp_path)
    # The probe lies beside the real layer's modules, as if it were one of them.
    import signaling

    monkeypatch.setattr(signaling, "__path__", [*signaling.__path__, str(project.layer)])
    (project.layer / "__init__.py").write_text(
        f"__path__.append({str(Path(LAYER) / 'signaling')!r})\n"
    )
    monkeypatch.syspath_prepend(project.layer.parent)
    project.load()
    yield project
    for name in modules_of_layer():
        del sys.modules[name]
    sys.modules.update(before)


def modules_of_layer() -> dict[str, ModuleType]:
    named = sys.modules.items()
    return {name: each for name, each in named if name.partition(".")[0] == "signaling"}


def test_a_changed_function_is_loaded_and_the_layer_is_not(project: Project) -> None:
    assert project.look() == ("one", "a")
    project.write_function("three")
    assert project.look() == ("three", "a")
    assert project.installed == 0


def test_a_change_of_the_same_size_in_the_same_second_is_seen(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a change fits the bytecode of what was there before."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = project.code / "app.py"
    now = file.stat().st_mtime_ns // 10**9 * 10**9
    for offset, answer in ((0, "one"), (1, "two"), (2, "six")):
        project.write_function(answer)
        os.utime(file, ns=(now + offset, now + offset))
        assert project.look() == (answer, "a")


def test_a_changed_module_of_the_layer_is_loaded_for_every_function(project: Project) -> None:
    errors = sys.modules["signaling.errors"]
    project.write_layer("changed")
    assert project.look() == ("one", "changed")
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
    (project.code / "app.py").write_text(text)
    assert project.look() == ("one", "a")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: the old code runs on: ")
    assert reason in line
    assert project.look() == ("one", "a")
    assert capsys.readouterr().err == ""
    project.write_function("mended")
    assert project.look() == ("mended", "a")


def test_a_broken_layer_leaves_everything_as_it_was_until_it_is_mended(project: Project) -> None:
    before = modules_of_layer()
    project.write_layer("b", "undefined\n")
    assert project.look() == ("one", "a")
    assert {name: modules_of_layer().get(name) for name in before} == before
    project.write_function("new")
    assert project.look() == ("one", "a")
    project.write_layer("mended")
    assert project.look() == ("new", "mended")


def test_a_file_that_is_just_being_replaced_is_no_error(project: Project) -> None:
    (project.code / "app.py").unlink()
    assert project.look() == ("one", "a")
    project.write_function("back")
    assert project.look() == ("back", "a")
