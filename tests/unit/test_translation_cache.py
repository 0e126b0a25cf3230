"""Starts of the local server that translate the template, and those that need not."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from local import ROOT
from local.sam import cache, translation
from local.sam.template import load

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


class Counted:
    """A computation that counts how often it is made."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> dict[str, int]:
        self.times += 1
        return {"result": self.times}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache" / "translations"
    monkeypatch.setattr(translation, "FOLDER", folder)
    return folder


@pytest.fixture
def never(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Forbids to translate from now on."""

    def forbid() -> None:
        monkeypatch.setattr(translation, "translate", None)

    return forbid


def test_the_second_start_reads_what_the_first_has_translated(
    folder: Path, never: Callable[[], None]
) -> None:
    first = load(TEMPLATE)
    never()
    assert load(TEMPLATE) == first
    assert len([*folder.iterdir()]) == 1


def test_a_start_that_need_not_translate_imports_nothing_for_it(tmp_path: Path) -> None:
    heavy = {"boto3", "botocore", "samtranslator", "yaml"}
    for expected in (heavy, set[str]()):
        command = [sys.executable, "-c", LOAD, str(tmp_path)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert heavy & set(done.stdout.split()) == expected


def test_an_edited_template_is_translated(folder: Path, tmp_path: Path) -> None:
    text = TEMPLATE.read_text()
    file = tmp_path / "template.yaml"
    for seconds in (11, 12):
        file.write_text(re.sub("Timeout: [0-9]+", f"Timeout: {seconds}", text))
        assert {each.timeout for each in load(file).functions().values()} == {seconds}


def test_the_same_template_elsewhere_has_its_code_there(
    folder: Path, tmp_path: Path, never: Callable[[], None]
) -> None:
    load(TEMPLATE)
    never()
    file = tmp_path / "template.yaml"
    file.write_bytes(TEMPLATE.read_bytes())
    assert {each.code.parents[1] for each in load(file).functions().values()} == {tmp_path}


def test_other_parameters_another_region_and_another_translator_translate_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(TEMPLATE)
    load(TEMPLATE, {"Stage": "prod"})
    assert len([*folder.iterdir()]) == 2
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    load(TEMPLATE)
    assert len([*folder.iterdir()]) == 3
    newer = tmp_path / "samtranslator" / "__init__.py"
    newer.parent.mkdir()
    newer.write_text('__version__ = "2.0.0"\n')

    def find_newer(package: str) -> object:
        return type("Spec", (), {"origin": str(newer)})

    monkeypatch.setattr(translation, "find_spec", find_newer)
    load(TEMPLATE)
    assert len([*folder.iterdir()]) == 4


def test_rules_and_values_are_checked_whatever_is_known(
    folder: Path, never: Callable[[], None]
) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="JwtAudience needs JwtIssuer"):
            load(TEMPLATE, {"JwtAudience": "demo"})
        with pytest.raises(ValueError, match="the template has no parameter Stag"):
            load(TEMPLATE, {"Stag": "x"})
        never()


@pytest.mark.parametrize("text", ["", '{"result": ', "\0", b"\xff"])
def test_a_corrupt_file_is_written_again(tmp_path: Path, text: str | bytes) -> None:
    compute = Counted()
    cache.remembered(tmp_path, [b"key"], compute)
    (file,) = tmp_path.iterdir()
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert cache.remembered(tmp_path, [b"key"], compute) == {"result": 2}
    assert cache.remembered(tmp_path, [b"key"], compute) == {"result": 2}


def test_a_key_tells_where_one_source_ends(tmp_path: Path) -> None:
    compute = Counted()
    cache.remembered(tmp_path, [b"ab", b"c"], compute)
    assert cache.remembered(tmp_path, [b"a", b"bc"], compute) == {"result": 2}


def test_many_at_once_leave_one_whole_file_and_nothing_else(tmp_path: Path) -> None:
    together = Barrier(8)

    def compute() -> list[str]:
        together.wait()
        return ["x" * 1_000_000]

    def remember(_: int) -> bool:
        found: list[str] = cache.remembered(tmp_path, [b"key"], compute)
        return found == ["x" * 1_000_000]

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(remember, range(8)))
    (file,) = tmp_path.iterdir()
    assert cache.remembered(tmp_path, [b"key"], Counted()) == ["x" * 1_000_000]
    assert file.suffix == ".json"


def test_a_folder_that_cannot_be_written_or_made_costs_time_alone(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    compute = Counted()
    for times in (1, 2):
        known = cache.remembered(tmp_path / "file" / "folder", [b"key"], compute)
        assert known == {"result": times}


def test_a_known_result_in_a_folder_that_is_read_only_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute = Counted()
    cache.remembered(tmp_path, [b"key"], compute)

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "utime", refuse)  # root, as which CI may run, could write all the same
    assert cache.remembered(tmp_path, [b"key"], compute) == {"result": 1}


def test_the_files_that_were_used_last_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_MOST_FILES", 3)
    compute = Counted()
    for number in range(6):
        for name in (number, 0):
            cache.remembered(tmp_path, [b"%d" % name], compute)
            for file in tmp_path.iterdir():
                earlier = file.stat().st_mtime - 10
                os.utime(file, (earlier, earlier))
    assert compute.times == 6
    assert len([*tmp_path.iterdir()]) == 3
    for name in (4, 5, 0):
        cache.remembered(tmp_path, [b"%d" % name], compute)
    assert compute.times == 6
