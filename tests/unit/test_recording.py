"""Events as files."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.functions.failures import print_failure
from local.functions.recording import Recorder
from local.sam.template import Function, Stack
from tests.support.events import ALL_EVENTS

EVENT = ALL_EVENTS["publish_announce"]


@pytest.fixture
def function(stack: Stack) -> Function:
    return stack.functions()["$default"]


def ignore(event: dict[str, Any], context: Any) -> None:
    """Handle it by doing nothing."""


def fail(event: dict[str, Any], context: Any) -> None:
    raise ZeroDivisionError


def recorded(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_each_event_is_written_before_the_function_gets_it(
    function: Function, tmp_path: Path
) -> None:
    folder = tmp_path / "made" / "here"
    seen: list[int] = []
    handler = Recorder(folder).record(
        function, lambda event, context: seen.append(len(recorded(folder)))
    )
    for _ in range(3):
        handler(EVENT, None)
    assert seen == [1, 2, 3]
    files = [folder / each for each in recorded(folder)]
    assert [json.loads(file.read_text()) for file in files] == [EVENT] * 3
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_names_sort_by_time_and_say_route_and_function(stack: Stack, tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    for route, event in (("$connect", "connect"), ("$default", "ping"), ("$disconnect",) * 2):
        handler = recorder.record(stack.functions()[route], ignore)
        handler(ALL_EVENTS[event.removeprefix("$")], None)
    assert [each.split("-", 2)[2] for each in recorded(tmp_path)] == [
        "connect-ConnectFunction.json",
        "default-MessageFunction.json",
        "disconnect-DisconnectFunction.json",
    ]


@pytest.mark.parametrize("route", ["../../x", "/etc/x", "a/../b", "\0", "", "x" * 10, "日本"])
def test_no_route_leads_out_of_the_folder(function: Function, tmp_path: Path, route: str) -> None:
    event = {**EVENT, "requestContext": {**EVENT["requestContext"], "routeKey": route}}
    Recorder(tmp_path / "records").record(function, ignore)(event, None)
    assert recorded(tmp_path) == ["records"]
    assert len(recorded(tmp_path / "records")) == 1


def test_of_one_run_only_the_newest_are_kept_and_nothing_else_is_deleted(
    function: Function, tmp_path: Path
) -> None:
    (tmp_path / "0-older.json").write_text("of somebody else")
    handler = Recorder(tmp_path, most_files=2).record(function, ignore)
    for _ in range(5):
        handler(EVENT, None)
    names = [each.split("-")[1] for each in recorded(tmp_path)]
    assert names == ["older.json", "0000004", "0000005"]


def test_a_function_runs_on_when_nothing_can_be_written(
    function: Function, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = Recorder(tmp_path).record(function, lambda event, context: "ran")
    tmp_path.rmdir()
    assert [handler(EVENT, None) for _ in range(3)] == ["ran"] * 3
    assert capsys.readouterr().err.count("No such file or directory") == 1


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        Recorder(tmp_path / "file")


def test_a_link_is_not_followed(function: Function, tmp_path: Path) -> None:
    """Whoever replaces the folder by a link afterwards does not move what is written."""
    folder, elsewhere = tmp_path / "records", tmp_path / "elsewhere"
    elsewhere.mkdir()
    recorder = Recorder(folder)
    folder.rename(tmp_path / "moved")
    folder.symlink_to(elsewhere)
    recorder.record(function, ignore)(EVENT, None)
    assert recorded(elsewhere) == []
    assert len(recorded(tmp_path / "moved")) == 1


def test_a_failure_names_the_recorded_file_or_shows_the_event(
    function: Function, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        Recorder(tmp_path).record(function, fail)(EVENT, None)
    print_failure(raised.value, function, EVENT)
    (name,) = recorded(tmp_path)
    printed = capsys.readouterr().err
    assert printed.endswith(f"MessageFunction failed. Its event: {tmp_path / name}\n")
    assert "in fail" in printed and "{" not in printed
    print_failure(ZeroDivisionError("not recorded"), function, EVENT)
    last = capsys.readouterr().err.splitlines()[-1]
    assert json.loads(last.partition("Its event: ")[2]) == EVENT
