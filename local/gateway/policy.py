"""Policies as IAM evaluates them, as far as an authorizer's can go. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import re
from typing import Any

_PARTS_OF_AN_ARN = 6
_KNOWN = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource"}


def decision(statements: Any, action: str, resource: str) -> bool:
    """Tell whether `statements`, a list or one alone, allow `action` on the ARN `resource`.

    An explicit Deny wins, and what nothing allows is denied.

    Raises:
        ValueError: IAM would refuse them, or they have what is not evaluated here: a Condition or
            a Principal.
    """
    effects = set()
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, dict) or not statement.keys() <= _KNOWN:
            raise ValueError(f"a statement that is not understood: {statement!r}")
        if statement.get("Effect") not in ("Allow", "Deny"):
            raise ValueError(f"an effect that is neither Allow nor Deny: {statement!r}")
        # Both, because either may be no part of a policy.
        if all([_names(statement, "Action", action), _names(statement, "Resource", resource)]):
            effects.add(statement["Effect"])
    return effects == {"Allow"}


def _names(statement: dict[str, Any], element: str, name: str) -> bool:
    """Tell whether `element` of the statement, or its opposite, such as NotAction, is about it."""
    opposite = f"Not{element}"
    if (element in statement) == (opposite in statement):
        raise ValueError(f"a statement with not just one of {element} and {opposite}")
    value = statement.get(element, statement.get(opposite))
    patterns: list[Any] = value if isinstance(value, list) else [value]
    if not patterns or not all(isinstance(pattern, str) for pattern in patterns):
        raise ValueError(f"a statement whose {element} is no text")
    is_named_by = _is_arn if element == "Resource" else _is_action
    named = [is_named_by(pattern, name) for pattern in patterns]  # all: each may be refused
    return any(named) == (element in statement)


def _is_action(pattern: str, action: str) -> bool:
    return _matches(pattern.lower(), action.lower())


def _is_arn(pattern: str, resource: str) -> bool:
    """Match part by part: no wildcard reaches over a colon, but for a lone `*`.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    if pattern == "*":
        return True
    parts = pattern.split(":", _PARTS_OF_AN_ARN - 1)
    if len(parts) < _PARTS_OF_AN_ARN or parts[0] != "arn":
        raise ValueError(f"a resource that is no ARN: {pattern}")
    return all(map(_matches, parts, resource.split(":", _PARTS_OF_AN_ARN - 1)))


def _matches(pattern: str, text: str) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text, re.DOTALL) is not None
