"""Events as files."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from local.functions.failures import print_failure
from local.functions.recording import Recorder
from local.sam.template import Stack
from tests.support.events import ALL_EVENTS

EVENT = ALL_EVENTS["publish_announce"]


def fail(event: dict[str, Any], context: Any) -> None:
    raise ZeroDivisionError


def recorded(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_each_event_is_written_before_the_function_gets_it(stack: Stack, tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    function = stack.functions()["$default"]
    seen: list[int] = []
    handler = Recorder(folder).record(
        function, lambda event, context: seen.append(len(recorded(folder)))
    )
    for _ in range(3):
        handler(EVENT, None)
    assert seen == [1, 2, 3]
    names = recorded(folder)
    assert all(each.endswith("-default-MessageFunction.json") for each in names)
    assert [json.loads((folder / each).read_text()) for each in names] == [EVENT] * 3
    assert {(folder / each).stat().st_mode & 0o777 for each in names} == {0o600}


def test_names_sort_by_time_and_say_route_and_function(stack: Stack, tmp_path: Path) -> None:
    functions = stack.functions()
    recorder = Recorder(tmp_path)
    for route, event in (("$connect", "connect"), ("$default", "ping"), ("$disconnect",) * 2):
        event = event.removeprefix("$")
        recorder.record(functions[route], lambda event, context: None)(ALL_EVENTS[event], None)
    assert [each.split("-", 2)[2] for each in recorded(tmp_path)] == [
        "connect-ConnectFunction.json",
        "default-MessageFunction.json",
        "disconnect-DisconnectFunction.json",
    ]


@pytest.mark.parametrize("route", ["../../x", "/etc/x", "a/../b", "\0", "", "x" * 10, "日本"])
def test_no_route_leads_out_of_the_folder(stack: Stack, tmp_path: Path, route: str) -> None:
    folder = tmp_path / "records"
    event = deepcopy(EVENT)
    event["requestContext"]["routeKey"] = route
    Recorder(folder).record(stack.functions()["$default"], lambda event, context: None)(event, None)
    assert [each.name for each in tmp_path.iterdir()] == ["records"]
    assert len(recorded(folder)) == 1


def test_of_one_run_only_the_newest_are_kept_and_nothing_else_is_deleted(
    stack: Stack, tmp_path: Path
) -> None:
    (tmp_path / "0-older.json").write_text("of somebody else")
    recorder = Recorder(tmp_path, most_files=2)
    handler = recorder.record(stack.functions()["$default"], lambda event, context: None)
    for _ in range(5):
        handler(EVENT, None)
    names = recorded(tmp_path)
    assert names[0] == "0-older.json"
    assert [each.split("-")[1] for each in names[1:]] == ["0000004", "0000005"]


def test_a_function_runs_on_when_nothing_can_be_written(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = Recorder(tmp_path).record(stack.functions()["$default"], lambda event, context: "ran")
    tmp_path.rmdir()
    assert [handler(EVENT, None) for _ in range(3)] == ["ran"] * 3
    assert capsys.readouterr().err.count("No such file or directory") == 1


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        Recorder(tmp_path / "file")


def test_a_link_is_not_followed(stack: Stack, tmp_path: Path) -> None:
    """Whoever replaces the folder by a link afterwards does not move what is written."""
    folder, elsewhere = tmp_path / "records", tmp_path / "elsewhere"
    elsewhere.mkdir()
    recorder = Recorder(folder)
    folder.rename(tmp_path / "moved")
    folder.symlink_to(elsewhere)
    recorder.record(stack.functions()["$default"], lambda event, context: None)(EVENT, None)
    assert recorded(elsewhere) == []
    assert len(recorded(tmp_path / "moved")) == 1


def test_a_failure_names_the_recorded_file(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    function = stack.functions()["$default"]
    with pytest.raises(ZeroDivisionError) as raised:
        Recorder(tmp_path).record(function, fail)(EVENT, None)
    print_failure(raised.value, function, EVENT)
    (name,) = recorded(tmp_path)
    printed = capsys.readouterr().err
    assert printed.endswith(f"MessageFunction failed. Its event: {tmp_path / name}\n")
    assert "in fail" in printed
    assert "{" not in printed


def test_a_failure_that_is_not_recorded_shows_the_event(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    print_failure(ZeroDivisionError("why"), stack.functions()["$default"], EVENT)
    last = capsys.readouterr().err.splitlines()[-1]
    assert json.loads(last.partition("Its event: ")[2]) == EVENT
