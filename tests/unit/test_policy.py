"""Authorizers' policies, evaluated as IAM does."""

from typing import Any

import pytest

from local.gateway.policy import decision

METHOD = "arn:aws:execute-api:us-east-1:123456789012:local/dev/$connect"


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "execute-api:Invoke", "Resource": METHOD} | elements


def without(element: str, **elements: Any) -> dict[str, Any]:
    return {key: value for key, value in statement(**elements).items() if key != element}


def allows(*statements: Any) -> bool:
    return decision(list(statements), "execute-api:Invoke", METHOD)


@pytest.mark.parametrize(
    "resource",
    [
        METHOD,
        "*",
        "arn:aws:execute-api:us-east-1:123456789012:local/dev/*",
        "arn:aws:execute-api:*:*:*",
        "arn:aws:execute-api:us-east-?:123456789012:*/$connect",
        "arn:*:execute-api:us-*-1:123456789012:local/???/$conn*",
        ["arn:aws:execute-api:us-east-1:123456789012:other/dev/$connect", METHOD],
    ],
)
def test_an_allow_for_this_resource_lets_in(resource: Any) -> None:
    assert allows(statement(Resource=resource))
    assert not allows(without("Resource", NotResource=resource))


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:execute-api:us-east-1:123456789012:other/dev/$connect",
        "arn:aws:execute-api:us-east-1:123456789012:local/prod/$connect",
        "arn:aws:execute-api:us-east-1:123456789012:local/dev/$CONNECT",
        "arn:aws:execute-api:us-east-1:123456789012:local/de?/?connect/",
        "arn:aws:execute-api:us-east-1:123456789012:local/dev",
        "arn:aws:execute-api:us-east-?:1:*",
        "arn:aws:lambda:*:*:*",
        "arn:aws:execute-api:us-east-1:123456789012:",
        "arn:aws:execute-api:*:local/dev/$connect:",
    ],
)
def test_an_allow_for_another_resource_does_not(resource: Any) -> None:
    assert not allows(statement(Resource=resource))
    assert allows(without("Resource", NotResource=resource))


@pytest.mark.parametrize(
    ("action", "is_it"),
    [
        ("execute-api:Invoke", True),
        ("EXECUTE-API:invoke", True),
        ("execute-api:*", True),
        ("*", True),
        ("execute-api:In?oke", True),
        (["lambda:*", "execute-api:Invoke"], True),
        ("execute-api:ManageConnections", False),
        ("lambda:*", False),
        ("execute-api:Invoke*ion", False),
    ],
)
def test_the_action_is_matched_in_any_case(action: Any, is_it: bool) -> None:
    assert allows(statement(Action=action)) == is_it
    assert allows(without("Action", NotAction=action)) != is_it


def test_an_explicit_deny_wins_wherever_it_stands() -> None:
    for statements in (
        [statement(), statement("Deny")],
        [statement("Deny", Resource="*"), statement()],
        [
            statement(),
            statement(),
            without("Resource", effect="Deny", NotResource="arn:aws:s3:::x"),
        ],
    ):
        assert not allows(*statements)
    elsewhere = "arn:aws:execute-api:us-east-1:123456789012:local/prod/*"
    assert allows(statement("Deny", Resource=elsewhere), statement())


def test_what_nothing_allows_is_denied() -> None:
    assert not allows()
    assert not allows(statement("Deny"))


def test_a_statement_alone_needs_no_list() -> None:
    assert decision(statement(), "execute-api:Invoke", METHOD)


@pytest.mark.parametrize(
    "malformed",
    [
        "Allow",
        None,
        {},
        statement("allow"),
        statement("Permit"),
        without("Effect"),
        without("Action"),
        without("Resource"),
        statement(NotResource="*"),
        statement(NotAction="*"),
        statement(Resource="everything"),
        statement(Resource="arn:aws:execute-api:*"),
        statement(Resource=[]),
        statement(Resource=[METHOD, 1]),
        statement(Action={"a": 1}),
        statement(Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
        statement(Principal="*"),
    ],
)
def test_what_iam_would_refuse_or_is_not_evaluated_here_is_an_error(malformed: Any) -> None:
    for statements in ([malformed], [statement(), malformed], [malformed, statement("Deny")]):
        with pytest.raises(ValueError, match=r"a|an"):
            allows(*statements)
