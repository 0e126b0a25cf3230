"""What `sam build` made, as `.aws-sam/build/template.yaml` tells."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from samtranslator.yaml_helper import yaml_parse

from local import ROOT
from local.sam.intrinsics import Resolver
from local.sam.template import Function, load

TEMPLATE = ROOT / ".aws-sam" / "build" / "template.yaml"


class Build(NamedTuple):
    """The template that `sam deploy` would upload from here."""

    template: dict[str, Any]

    def function(self, route: str, parameters: dict[str, str]) -> Function:
        """Return the function behind `route`, or of its `AUTHORIZER`, under these parameters."""
        return load(TEMPLATE, parameters).functions()[route]

    def code_of(self, name: str) -> Path:
        """Return the folder of the function or layer `name`."""
        properties = self.template["Resources"][name]["Properties"]
        return self.path(properties.get("CodeUri") or properties["ContentUri"])

    def path(self, relative: str) -> Path:
        """Return what a path in the template points to."""
        return (TEMPLATE.parent / relative).resolve()

    def layers_of(self, name: str, parameters: dict[str, str]) -> list[Path]:
        """Return what Lambda puts at /opt/python for the function `name`."""
        defaults = {key: str(each["Default"]) for key, each in self.template["Parameters"].items()}
        layers = [
            *self.template["Globals"]["Function"]["Layers"],
            *self.template["Resources"][name]["Properties"].get("Layers", []),
        ]
        names = Resolver(self.template, defaults | parameters).resolve(layers)
        return [self.code_of(each) / "python" for each in names]

    def sizes(self) -> dict[str, int]:
        """Return the unpacked bytes of every function and layer."""
        kinds = ("AWS::Serverless::Function", "AWS::Serverless::LayerVersion")
        names = [name for name, each in self.template["Resources"].items() if each["Type"] in kinds]
        return {
            name: sum(file.stat().st_size for file in files_of(self.code_of(name)))
            for name in names
        }


@cache
def build() -> Build:
    """Run `sam build` as its user does, once."""
    sam = Path(sys.executable).with_name("sam")
    done = subprocess.run(
        [sam, "build"],
        cwd=ROOT,
        env={**os.environ, "SAM_CLI_TELEMETRY": "0"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return Build(yaml_parse(TEMPLATE.read_text()))


def files_of(folder: Path) -> list[Path]:
    """Return the files under `folder`, but for what running them from here has left there."""
    files = (each for each in folder.rglob("*") if each.is_file())
    return [each for each in files if "__pycache__" not in each.parts]
