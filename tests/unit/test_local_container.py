"""What `make invoke` writes for Lambda's container, whatever the template looks like."""

import json
from pathlib import Path

import pytest

from local import ROOT
from local.sam.container import write_files

TEMPLATES = {
    "block style": "Globals:\n  Function:\n    Environment:\n      Variables:\n        A: !Ref B\n",
    "flow style": "Globals: {Function: {Environment: {Variables: {A: {Ref: B}}}}}\n",
}


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_the_endpoints_are_declared_beside_the_templates_own_variables(
    template: str, tmp_path: Path
) -> None:
    (tmp_path / "template.yaml").write_text(template)
    write_files(tmp_path, ROOT / "events" / "connect.json")
    copy = json.loads((tmp_path / "local.json").read_text())
    declared = copy["Globals"]["Function"]["Environment"]["Variables"]
    given = json.loads((tmp_path / "environment.json").read_text())["Parameters"]
    assert declared == {"A": {"Ref": "B"}, **given}


@pytest.mark.parametrize("name", ["connect", "authorize", "publish_signal"])
def test_an_event_keeps_everything_but_its_times(name: str, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATES["flow style"])
    file = ROOT / "events" / f"{name}.json"
    write_files(tmp_path, file)
    original, event = (
        json.loads(file.read_text()),
        json.loads((tmp_path / "event.json").read_text()),
    )
    for each in (original, event):
        each["requestContext"] |= {"connectedAt": 0, "requestTimeEpoch": 0}
    assert event == original
