"""Values of a template's parameters, and CloudFormation's objections to them. Pure."""

import re
import shlex
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from local.sam.intrinsics import Resolver


def parse_overrides(arguments: Iterable[str]) -> dict[str, str]:
    """Return names and values of `NAME=VALUE` or `ParameterKey=NAME,ParameterValue=VALUE` pairs.

    Raises:
        ValueError: one of them is not such a pair.
    """
    parameters = {}
    try:
        pairs = shlex.split(" ".join(arguments))
    except ValueError as error:
        raise ValueError(f"--parameter-overrides: {error}") from None
    for pair in pairs:
        match = re.fullmatch(r"(?:ParameterKey=)?(\w+)(?:,ParameterValue)?=(.*)", pair, re.DOTALL)
        if not match:
            raise ValueError(f"--parameter-overrides takes NAME=VALUE, not {pair!r}")
        parameters[match[1]] = match[2]
    return parameters


def values_of(
    declared: Mapping[str, dict[str, Any]], overrides: Mapping[str, str]
) -> dict[str, str]:
    """Return the value of every parameter in `declared`: its override, or its default.

    Raises:
        ValueError: a parameter is unknown, has no value or one that the template forbids.
    """
    if unknown := sorted(set(overrides) - set(declared)):
        raise ValueError(f"the template has no parameter {', '.join(unknown)}")
    values = {}
    for name, declaration in declared.items():
        if name not in overrides and "Default" not in declaration:
            raise ValueError(f"parameter {name} needs a value")
        value = str(overrides.get(name, declaration.get("Default")))
        if complaint := _complaint(declaration, value):
            raise ValueError(f"parameter {name} is {value!r}: {complaint}")
        values[name] = value
    return values


def check_rules(rules: Mapping[str, dict[str, Any]], resolver: Resolver) -> None:
    """Check the parameters of `resolver` against the template's `rules`.

    Raises:
        ValueError: an assertion does not hold.
    """
    for rule in rules.values():
        if resolver.resolve(rule.get("RuleCondition", True)):
            for assertion in rule["Assertions"]:
                if not resolver.resolve(assertion["Assert"]):
                    raise ValueError(assertion["AssertDescription"])


def _complaint(declaration: dict[str, Any], value: str) -> str | None:
    """Return why CloudFormation would refuse `value` for the parameter, or None."""
    allowed = [str(each) for each in declaration.get("AllowedValues", [])]
    if allowed and value not in allowed:
        return f"one of {', '.join(allowed)}"
    if declaration["Type"] == "Number":
        least, most = declaration.get("MinValue", 0), declaration.get("MaxValue", sys.maxsize)
        if not value.isdecimal() or not least <= int(value) <= most:
            return f"not a number from {least} to {most}"
    pattern = declaration.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        return str(declaration.get("ConstraintDescription", f"not {pattern}"))
    return None
