"""Imports run one way: from the edges of the project to its core."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import LAYER, ROOT

CORE = {
    *("bounds", "errors", "frames", "topics", "protocol", "ports", "access.grants"),
    *("standing", "introductions", "recipients", "small_rooms", "crowded_rooms", "large_rooms"),
    *("delivery", "large_topics", "waiting", "later"),
    "rooms",
}
MAY_IMPORT = {
    **{name: set[str]() for name in ("hashes", "joined", "put_off", "typed")},
    **{name: set[str]() for name in ("bounds", "errors", "topics", "large_topics")},
    "frames": {"errors"},
    "protocol": {"errors", "frames", "topics"},
    "ports": {"protocol"},
    "standing": {"ports"},
    "introductions": {"frames", "ports", "standing"},
    "recipients": {"introductions", "ports", "protocol", "standing"},
    "small_rooms": {"introductions", "ports", "protocol", "standing"},
    "crowded_rooms": {"introductions", "ports", "small_rooms"},
    "large_rooms": {"errors", "introductions", "ports", "protocol", "standing"},
    "delivery": {
        *("bounds", "errors", "ports", "protocol", "recipients", "small_rooms", "large_rooms"),
        "large_topics",
    },
    "later": {"errors", "introductions", "ports", "protocol", "standing"},
    "waiting": {"errors", "frames", "ports", "protocol", "recipients", "small_rooms"},
    "rooms": CORE,
    "access": {"access"},
    "authorizer": {"access.grants", "authorizer"},
    "event": {"access.grants", "ports"},
    "settings": {"access.origins", "protocol"},
    "log": {"errors", "event", "hashes", "ports", "protocol", "settings"},
    "tracing": {"ports"},
    "aws": {
        *("aws", "bounds", "errors", "frames", "hashes", "ports", "protocol", "standing"),
        "topics",
    },
    "bootstrap": {"aws", "event", "large_topics", "log", "ports", "rooms", "settings", "tracing"},
}
"""What a module of the layer, or each module of a package, may import of the layer but `typed`."""

PROJECT = {
    "layers": {"signaling"},
    "functions": {"signaling"},
    "local": {"local", "signaling"},
    "traffic": {"local.LAYER", "signaling", "traffic"},
    "check": {"check", "local.LAYER", "rig.clients", "signaling", "traffic"},
    "owner": {"local", "owner", "signaling", "traffic"},
    "rig": {"functions", "local", "rig", "signaling"},
    "benchmarks": {"benchmarks", "local", "rig", "signaling", "traffic"},
    "rehearsals": {"local", "rehearsals", "rig", "signaling", "traffic"},
    "tests": {
        *("benchmarks", "check", "functions", "local", "owner", "rehearsals", "rig"),
        *("signaling", "tests", "traffic"),
    },
}
"""What the files of a folder may import of the project."""

FORBIDDEN_ANYWHERE_IN_THE_CORE = {"boto3", "botocore", "os", "socket", "time"}


def imports(file: Path) -> Iterator[str]:
    """Every module that `file` imports, wherever in it, with the names it takes from it."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)


def is_within(name: str, allowed: set[str]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in allowed)


def modules_of_the_layer() -> dict[str, Path]:
    package = Path(LAYER) / "signaling"
    files = (each for each in package.rglob("*.py") if each.stem != "__init__")
    return {".".join(each.relative_to(package).with_suffix("").parts): each for each in files}


@pytest.mark.parametrize(("name", "file"), modules_of_the_layer().items())
def test_a_module_of_the_layer_imports_only_what_is_nearer_the_core(name: str, file: Path) -> None:
    allowed = MAY_IMPORT.get(name) or MAY_IMPORT[name.partition(".")[0]]
    found = {each.removeprefix("signaling.") for each in imports(file) if "signaling." in each}
    assert not {each for each in found if not is_within(each, allowed | {"typed"})}


@pytest.mark.parametrize("name", sorted(CORE))
def test_the_core_does_no_input_or_output(name: str) -> None:
    assert not set(imports(modules_of_the_layer()[name])) & FORBIDDEN_ANYWHERE_IN_THE_CORE


@pytest.mark.parametrize("folder", PROJECT)
def test_the_parts_of_the_project_import_one_way(folder: str) -> None:
    parts = {each.partition(".")[0] for each in set[str]().union(*PROJECT.values())}
    wrong = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in sorted((ROOT / folder).rglob("*.py"))
        if "node_modules" not in file.parts
        for name in imports(file)
        if name.partition(".")[0] in parts and not is_within(name, PROJECT[folder])
    ]
    assert wrong == []
