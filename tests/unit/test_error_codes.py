"""The error codes that clients may get: the code, the docs and `make check` know the same."""

import re

from check.meanings import _OF_CODES
from local import LAYER, ROOT
from signaling import errors
from signaling.errors import InvalidMessageError, SignalingError


def codes() -> set[str]:
    """Return every code that an error of the layer has."""
    kinds = (each for each in vars(errors).values() if isinstance(each, type))
    own = {kind.code for kind in kinds if issubclass(kind, SignalingError)}
    source = (ROOT / LAYER / "signaling" / "protocol.py").read_text()
    broken_rules = set(re.findall(r'InvalidMessageError\(\s*"(\w+)"', source))
    return (own - {SignalingError.code, InvalidMessageError.code}) | broken_rules


def test_the_docs_name_every_code_and_no_other() -> None:
    errors = (ROOT / "docs" / "protocol.md").read_text().partition("## Errors")[2]
    assert sorted(re.findall(r"^\| `(\w+)`", errors, re.MULTILINE)) == sorted(codes())


def test_what_check_explains_exists() -> None:
    assert {*_OF_CODES} <= codes()
