"""Policies as IAM evaluates them, as far as an authorizer can use them. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import re
from collections.abc import Callable
from typing import Any

_PARTS_OF_AN_ARN = 6
_KNOWN = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource"}


def decision(statements: Any, action: str, resource: str) -> bool:
    """Tell whether `statements`, a list or a single one, allow `action` on the ARN `resource`.

    An explicit Deny wins, and what no statement allows is denied.

    Raises:
        ValueError: IAM would refuse them, or they have an element that is not evaluated here: a
            Condition or a Principal.
    """
    each = statements if isinstance(statements, list) else [statements]
    effects = [_effect(statement) for statement in each if _applies(statement, action, resource)]
    return "Allow" in effects and "Deny" not in effects


def _applies(statement: Any, action: str, resource: str) -> bool:
    if not isinstance(statement, dict):
        raise ValueError("a statement that is no object")
    if unknown := statement.keys() - _KNOWN:
        raise ValueError(f"a statement with {', '.join(sorted(unknown))}")
    _effect(statement)
    is_about_action = _names(statement, "Action", lambda pattern: _is_action(pattern, action))
    is_about_resource = _names(statement, "Resource", lambda pattern: _is_arn(pattern, resource))
    return is_about_action and is_about_resource


def _effect(statement: dict[str, Any]) -> str:
    effect = statement.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise ValueError(f"an effect that is neither Allow nor Deny: {effect!r}")
    return str(effect)


def _names(statement: dict[str, Any], element: str, is_named_by: Callable[[str], bool]) -> bool:
    """Tell whether `element` of the statement, or its opposite such as NotAction, matches."""
    opposite = f"Not{element}"
    if (element in statement) == (opposite in statement):
        raise ValueError(f"a statement with not just one of {element} and {opposite}")
    value = statement.get(element, statement.get(opposite))
    patterns: list[Any] = value if isinstance(value, list) else [value]
    if not patterns or not all(isinstance(pattern, str) for pattern in patterns):
        raise ValueError(f"a statement whose {element} is no text")
    named = [is_named_by(pattern) for pattern in patterns]
    return any(named) == (element in statement)


def _is_action(pattern: str, action: str) -> bool:
    return _matches(pattern.lower(), action.lower())


def _is_arn(pattern: str, resource: str) -> bool:
    """Match part by part: no wildcard crosses a colon, except a lone `*`.

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
