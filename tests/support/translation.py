"""`template.yaml` as CloudFormation gets it from SAM."""

from copy import deepcopy
from functools import cache
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from local import ROOT
from local.sam.intrinsics import Resolver
from local.sam.translation import translate

Resources = dict[str, dict[str, Any]]

TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
"""As it is written, with the short forms of intrinsic functions written out."""


def parameters(**overrides: str) -> dict[str, str]:
    return {name: str(each["Default"]) for name, each in TEMPLATE["Parameters"].items()} | overrides


@cache
def translated(tracing: str) -> dict[str, Any]:
    """Return what SAM makes of the template; of all parameters it looks at `Tracing` alone."""
    return translate(deepcopy(TEMPLATE), parameters(Tracing=tracing))


def deployed(**overrides: str) -> Resources:
    """Return the resources that CloudFormation would create."""
    values = parameters(**overrides)
    return Resolver(translated(values["Tracing"]), values).resources()


def of_type(resources: Resources, kind: str) -> Resources:
    """Return the properties of the resources of this kind."""
    return {
        name: each["Properties"]
        for name, each in resources.items()
        if each["Type"] == f"AWS::{kind}"
    }
