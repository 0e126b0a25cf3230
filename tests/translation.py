"""`template.yaml` as CloudFormation gets it from SAM."""

from functools import cache
from typing import Any

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from local import ROOT
from local.intrinsics import Resolver

Resources = dict[str, dict[str, Any]]


class _NoManagedPolicies:
    def load(self) -> dict[str, str]:
        return {}


def parameters(**overrides: str) -> dict[str, str]:
    """Return the value of every parameter."""
    declared = _source()["Parameters"].items()
    return {name: str(each["Default"]) for name, each in declared} | overrides


@cache
def translated(tracing: str) -> dict[str, Any]:
    """Return what SAM makes of the template; of all parameters it looks at `Tracing` alone."""
    source = _source()
    for resource in source["Resources"].values():
        for key in {"CodeUri", "ContentUri"} & set(resource.get("Properties", {})):
            resource["Properties"][key] = "s3://bucket/key"
    template: dict[str, Any] = transform(source, parameters(Tracing=tracing), _NoManagedPolicies())
    return template


def deployed(**overrides: str) -> Resources:
    """Return the resources that CloudFormation would create."""
    values = parameters(**overrides)
    template = translated(values["Tracing"])
    resolver = Resolver(template, values)
    return {
        name: {**resource, "Properties": resolver.resolve(resource.get("Properties", {}))}
        for name, resource in template["Resources"].items()
        if "Condition" not in resource or resolver.condition(resource["Condition"])
    }


def _source() -> dict[str, Any]:
    source: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    return source
