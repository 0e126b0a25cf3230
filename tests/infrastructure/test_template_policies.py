"""What IAM lets each function of `template.yaml` do: these actions and nothing else."""

import re
from itertools import product
from typing import Any, NamedTuple

import pytest

from local import ROOT
from tests.support.translation import Resources, deployed, of_type

WRITE_LOGS = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
TABLE = "SubscriptionsTable.Arn"
INDEX = "SubscriptionsTable.Arn/index/by-connection"
API = "arn:aws:execute-api:us-east-1:123456789012:SignalingApi.ApiId/dev"
CONNECTIONS = "arn:aws:execute-api:us-east-1:123456789012:SignalingApi/dev/{}/@connections/*"

Parameters = dict[str, str]


class Rights(NamedTuple):
    """What a role allows and denies: managed policies, and pairs of action and resource."""

    managed: set[str]
    granted: set[tuple[str, str]]
    denied: frozenset[tuple[str, str]] = frozenset({("logs:CreateLogGroup", "*")})


EXPECTED: dict[str, Rights] = {
    "ConnectFunction": Rights({WRITE_LOGS}, set()),
    "DisconnectFunction": Rights(
        {WRITE_LOGS},
        {
            *(("dynamodb:Query", TABLE), ("dynamodb:Query", INDEX)),
            *(("dynamodb:DeleteItem", TABLE), ("dynamodb:BatchWriteItem", TABLE)),
            ("execute-api:ManageConnections", CONNECTIONS.format("POST")),
        },
    ),
    "MessageFunction": Rights(
        {WRITE_LOGS},
        {
            *(("dynamodb:UpdateItem", TABLE), ("dynamodb:DeleteItem", TABLE)),
            *(("dynamodb:Query", TABLE), ("dynamodb:Query", INDEX)),
            ("dynamodb:BatchWriteItem", TABLE),
            ("execute-api:ManageConnections", CONNECTIONS.format("POST")),
            ("execute-api:ManageConnections", CONNECTIONS.format("GET")),
        },
    ),
}

SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:tokens-a1b2c3"
READ_SECRET = {("secretsmanager:GetSecretValue", SECRET), ("kms:Decrypt", "arn:aws:kms:*:*:key/*")}
WRITE_TRACES = "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess"

CASES: list[tuple[Parameters, dict[str, Rights]]] = [
    ({}, EXPECTED),
    ({"JwtIssuer": "https://i"}, EXPECTED | {"AuthorizeFunction": Rights({WRITE_LOGS}, set())}),
    ({"JwtSecretArn": SECRET}, EXPECTED | {"AuthorizeFunction": Rights({WRITE_LOGS}, READ_SECRET)}),
    (
        {"Tracing": "Active"},
        {
            name: each._replace(managed={WRITE_LOGS, WRITE_TRACES})
            for name, each in EXPECTED.items()
        },
    ),
]
"""Parameters of a stack, and the rights of its functions."""


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    policies = [each["PolicyDocument"]["Statement"] for each in role.get("Policies", [])]
    return [statement for policy in policies for statement in as_list(policy)]


def pairs(effect: str, role: dict[str, Any]) -> frozenset[tuple[str, str]]:
    """Return the actions and resources that a role allows or denies."""
    return frozenset(
        pair
        for each in statements(role)
        if each["Effect"] == effect
        for pair in product(as_list(each["Action"]), as_list(each["Resource"]))
    )


def rights(resources: Resources) -> dict[str, Rights]:
    """Return what each function may do."""
    roles = of_type(resources, "IAM::Role")
    own = {
        name: roles[function["Role"].removesuffix(".Arn")]
        for name, function in of_type(resources, "Lambda::Function").items()
    }
    return {
        name: Rights({*role["ManagedPolicyArns"]}, {*pairs("Allow", role)}, pairs("Deny", role))
        for name, role in own.items()
    }


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize(("overrides", "expected"), CASES)
def test_each_function_has_these_rights(overrides: Parameters, expected: dict[str, Rights]) -> None:
    assert rights(deployed(**overrides)) == expected


def test_only_its_own_route_may_call_a_function() -> None:
    permissions = of_type(deployed(), "Lambda::Permission").values()
    assert {each["Principal"] for each in permissions} == {"apigateway.amazonaws.com"}
    assert {(each["FunctionName"], each["SourceArn"]) for each in permissions} == {
        ("ConnectFunction", f"{API.replace('.ApiId', '')}/$connect"),
        ("DisconnectFunction.Arn", f"{API}/$disconnect"),
        ("MessageFunction.Arn", f"{API}/$default"),
    }


def test_the_message_function_may_do_what_the_table_is_asked_to_and_no_more() -> None:
    aws = ROOT / "layers/signaling/python/signaling/aws"
    source = (aws / "table.py").read_text() + (aws / "operations.py").read_text()
    calls = re.findall(r"client\.(\w+)\(", source)
    used = {"".join(word.capitalize() for word in call.split("_")) for call in calls}
    actions = {action for action, _ in EXPECTED["MessageFunction"].granted}
    asked_for = {f"dynamodb:{operation}" for operation in used}
    assert {each for each in actions if each.startswith("dynamodb:")} == asked_for


def test_a_key_decrypts_the_one_secret_and_only_through_secrets_manager() -> None:
    role = of_type(deployed(JwtSecretArn=SECRET), "IAM::Role")["AuthorizeFunctionRole"]
    (decrypt,) = (each for each in statements(role) if each["Action"] == "kms:Decrypt")
    assert decrypt["Condition"] == {
        "StringEquals": {"kms:EncryptionContext:SecretARN": SECRET},
        "StringLike": {"kms:ViaService": "secretsmanager.*"},
    }
