"""Starts of the local server that translate the template, and those that need not."""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest

from local import ROOT
from local.sam import cache, translation
from local.sam.template import load
from tests.support.commands import run

TEMPLATE = ROOT / "template.yaml"

LOAD = """
import sys
from local import ROOT, __main__
from local.sam import translation
from local.sam.template import load
translation.FOLDER = __import__("pathlib").Path(sys.argv[1])
load(ROOT / "template.yaml")
print(*sys.modules)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache" / "translations"
    monkeypatch.setattr(translation, "FOLDER", folder)
    return folder


def forbid_translation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translation, "translate", None)


def test_a_start_that_need_not_translate_imports_nothing_for_it(tmp_path: Path) -> None:
    heavy = {"boto3", "botocore", "samtranslator", "yaml"}
    for expected in (heavy, set[str]()):
        done = run(sys.executable, "-c", LOAD, tmp_path, check=True)
        assert heavy & set(done.stdout.split()) == expected


def test_the_second_start_reads_what_the_first_has_translated_with_code_beside_its_template(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load(TEMPLATE)
    forbid_translation(monkeypatch)
    assert load(TEMPLATE) == first
    file = tmp_path / "template.yaml"
    file.write_bytes(TEMPLATE.read_bytes())
    assert {each.code.parents[1] for each in load(file).functions().values()} == {tmp_path}
    assert len([*folder.iterdir()]) == 1


def test_other_parameters_another_region_and_another_translator_translate_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(TEMPLATE)
    load(TEMPLATE, {"Stage": "prod"})
    assert len([*folder.iterdir()]) == 2
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    load(TEMPLATE)
    assert len([*folder.iterdir()]) == 3
    newer = tmp_path / "newer.py"
    newer.write_text('__version__ = "2.0.0"\n')
    found = SimpleNamespace(origin=str(newer))
    monkeypatch.setattr(translation, "find_spec", lambda package: found)
    load(TEMPLATE)
    assert len([*folder.iterdir()]) == 4


def test_rules_and_values_are_checked_whatever_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="JwtAudience needs JwtIssuer"):
            load(TEMPLATE, {"JwtAudience": "demo"})
        with pytest.raises(ValueError, match="the template has no parameter Stag"):
            load(TEMPLATE, {"Stag": "x"})
        forbid_translation(monkeypatch)


def remembered(folder: Path, compute: Callable[[], Any], *sources: bytes) -> Any:
    return cache.remembered(folder, sources or [b"key"], compute)


@pytest.mark.parametrize("content", [b"", b'{"result": ', b"\0", b"\xff"])
def test_a_corrupt_file_is_written_again(tmp_path: Path, content: bytes) -> None:
    compute = count(1).__next__
    remembered(tmp_path, compute)
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)
    assert remembered(tmp_path, compute) == 2
    assert remembered(tmp_path, compute) == 2


def test_a_key_tells_where_one_source_ends(tmp_path: Path) -> None:
    compute = count(1).__next__
    remembered(tmp_path, compute, b"ab", b"c")
    assert remembered(tmp_path, compute, b"a", b"bc") == 2


def test_many_at_once_leave_one_whole_file_and_nothing_else(tmp_path: Path) -> None:
    together = Barrier(8)

    def compute() -> list[str]:
        together.wait()
        return ["x" * 1_000_000]

    with ThreadPoolExecutor(8) as threads:
        found = [*threads.map(lambda _: remembered(tmp_path, compute), range(8))]
    (file,) = tmp_path.iterdir()
    found.append(remembered(tmp_path, count(1).__next__))
    assert all(each == ["x" * 1_000_000] for each in found)
    assert file.suffix == ".json"


def test_a_folder_that_cannot_be_written_or_made_costs_time_alone(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    compute = count(1).__next__
    for times in (1, 2):
        assert remembered(tmp_path / "file" / "folder", compute) == times


def test_a_read_only_folder_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compute = count(1).__next__
    remembered(tmp_path, compute)

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "utime", refuse)  # root, as which CI may run, could write all the same
    assert remembered(tmp_path, compute) == 1


def test_the_files_used_last_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_MOST_FILES", 3)
    compute = count(1).__next__
    for number in range(6):
        for name in (number, 0):
            remembered(tmp_path, compute, b"%d" % name)
            for file in tmp_path.iterdir():
                earlier = file.stat().st_mtime - 10
                os.utime(file, (earlier, earlier))
    assert len([*tmp_path.iterdir()]) == 3
    known = [remembered(tmp_path, compute, b"%d" % name) for name in (4, 5, 0)]
    assert known == [5, 6, 1]  # as they were computed first
