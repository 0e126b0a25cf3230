"""aws-sam-translator's result for a SAM template: what CloudFormation would get.

Importing the translator, reading YAML and translating take more than half a second together, so
the result is kept in `.cache`, and nothing here is imported before it is needed.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from local import ROOT
from local.sam.cache import remembered
from local.sam.intrinsics import PSEUDO_PARAMETERS
from local.sam.parameters import values_of

FOLDER = ROOT / ".cache" / "translations"

_CODE = {"CodeUri", "ContentUri"}
_UPLOADED = "s3://bucket/key"  # the translator accepts only uploaded code


class Translation(NamedTuple):
    """A SAM template translated for certain values of its parameters."""

    template: dict[str, Any]
    """What CloudFormation would get."""
    parameters: dict[str, str]
    """The value of every parameter."""
    code: dict[str, str]
    """The code folders of functions and layers, relative to the template."""


def translation_of(text: bytes, overrides: Mapping[str, str]) -> Translation:
    """Return the translation of the SAM template `text`, `overrides` replacing parameter defaults.

    Raises:
        ValueError: a parameter is unknown, has no value or one that the template forbids.
    """
    _choose_region()
    sources = [text, *_other_sources(overrides)]
    return Translation(**remembered(FOLDER, sources, lambda: _translation(text, overrides)))


def translate(source: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
    """Return what CloudFormation gets for the SAM template `source`, and modify `source`."""
    from samtranslator.translator.transform import transform

    for resource in source["Resources"].values():
        for key in _CODE & set(resource.get("Properties", {})):
            resource["Properties"][key] = _UPLOADED
    _choose_region()
    translated: dict[str, Any] = transform(source, parameters, _NoManagedPolicies())
    return translated


class _NoManagedPolicies:
    def load(self) -> dict[str, str]:
        return {}


def _choose_region() -> None:
    """Give the translator and AWS clients of this process a Region if none is chosen."""
    os.environ.setdefault("AWS_DEFAULT_REGION", str(PSEUDO_PARAMETERS["AWS::Region"]))


def _other_sources(overrides: Mapping[str, str]) -> Iterator[bytes]:
    """Yield the sources of a translation other than the template."""
    yield json.dumps(sorted(overrides.items())).encode()
    yield os.environ["AWS_DEFAULT_REGION"].encode()
    yield sys.version.encode()
    for package in ("samtranslator", "yaml"):  # found, not imported: the file holds the version
        spec = find_spec(package)
        assert spec and spec.origin
        yield Path(spec.origin).read_bytes()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        yield file.read_bytes()


def _translation(text: bytes, overrides: Mapping[str, str]) -> dict[str, Any]:
    from samtranslator.yaml_helper import yaml_parse

    source = yaml_parse(text)
    parameters = values_of(source.get("Parameters", {}), overrides)
    code = {
        name: resource["Properties"][key]
        for name, resource in source["Resources"].items()
        for key in _CODE & set(resource.get("Properties", {}))
    }
    template = translate(source, dict(parameters))
    return Translation(template, parameters, code)._asdict()
