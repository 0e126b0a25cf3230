"""Authorizers' policies, evaluated as IAM does."""

from typing import Any

import pytest

from local.gateway.policy import decision

OF_ACCOUNT = "arn:aws:execute-api:us-east-1:123456789012:"
METHOD = f"{OF_ACCOUNT}local/dev/$connect"


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "execute-api:Invoke", "Resource": METHOD} | elements


def without(element: str, **elements: Any) -> dict[str, Any]:
    return {key: value for key, value in statement(**elements).items() if key != element}


def allows(*statements: Any) -> bool:
    return decision(list(statements), "execute-api:Invoke", METHOD)


@pytest.mark.parametrize(
    "resource",
    [
        *(METHOD, "*", f"{OF_ACCOUNT}local/dev/*", "arn:aws:execute-api:*:*:*"),
        "arn:aws:execute-api:us-east-?:123456789012:*/$connect",
        "arn:*:execute-api:us-*-1:123456789012:local/???/$conn*",
        [f"{OF_ACCOUNT}other/dev/$connect", METHOD],
    ],
)
def test_an_allow_for_this_resource_lets_in(resource: Any) -> None:
    assert allows(statement(Resource=resource))
    assert not allows(without("Resource", NotResource=resource))


@pytest.mark.parametrize(
    "resource",
    [
        *(f"{OF_ACCOUNT}other/dev/$connect", f"{OF_ACCOUNT}local/prod/$connect"),
        *(f"{OF_ACCOUNT}local/dev/$CONNECT", f"{OF_ACCOUNT}local/de?/?connect/"),
        *(f"{OF_ACCOUNT}local/dev", OF_ACCOUNT, "arn:aws:execute-api:us-east-?:1:*"),
        *("arn:aws:lambda:*:*:*", "arn:aws:execute-api:*:local/dev/$connect:"),
    ],
)
def test_an_allow_for_another_resource_does_not(resource: str) -> None:
    assert not allows(statement(Resource=resource))
    assert allows(without("Resource", NotResource=resource))


def test_the_action_is_matched_in_any_case() -> None:
    these: list[Any] = ["execute-api:Invoke", "EXECUTE-API:invoke", "execute-api:*", "*"]
    these += ["execute-api:In?oke", ["lambda:*", "execute-api:Invoke"]]
    others = ["execute-api:ManageConnections", "lambda:*", "execute-api:Invoke*ion"]
    actions = these + others
    assert [each for each in actions if allows(statement(Action=each))] == these
    assert [each for each in actions if allows(without("Action", NotAction=each))] == others


def test_an_explicit_deny_wins_wherever_it_stands() -> None:
    deny_others = without("Resource", effect="Deny", NotResource="arn:aws:s3:::x")
    assert not allows(statement(), statement("Deny"))
    assert not allows(statement("Deny", Resource="*"), statement())
    assert not allows(statement(), statement(), deny_others)
    assert allows(statement("Deny", Resource=f"{OF_ACCOUNT}local/prod/*"), statement())


def test_a_statement_alone_needs_no_list() -> None:
    assert decision(statement(), "execute-api:Invoke", METHOD)


@pytest.mark.parametrize(
    "malformed",
    [
        *("Allow", None, {}, statement("allow"), statement("Permit")),
        *(without(element) for element in ("Effect", "Action", "Resource")),
        *(statement(NotResource="*"), statement(NotAction="*"), statement(Action={"a": 1})),
        *(
            statement(Resource=resource)
            for resource in ("everything", "arn:aws:execute-api:*", [], [METHOD, 1])
        ),
        statement(Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
        statement(Principal="*"),
    ],
)
def test_what_iam_would_refuse_or_is_not_evaluated_here_is_an_error(malformed: Any) -> None:
    for statements in ([malformed], [statement(), malformed], [malformed, statement("Deny")]):
        with pytest.raises(ValueError, match=r"a|an"):
            allows(*statements)
