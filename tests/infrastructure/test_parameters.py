"""Which values the template's parameters take, alone and together, and how a command gives them."""

import re
import sys

import pytest
from samcli.cli.types import (  # type: ignore[import-untyped]  # published without types
    CfnParameterOverridesType,
)

from local import ROOT
from local.__main__ import main
from local.sam.parameters import parse_overrides
from local.sam.template import Stack, load
from signaling.settings import Settings
from tests.support.translation import TEMPLATE
from traffic.costs import MEMORY_MEGABYTES

ISSUER = "https://login.example.com"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:jwt-AbCdEf"
CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/0f6d49cd"

PATTERNED = {
    "Stage": (["dev", "prod_2-a"], ["", "a/b", "é", "a" * 129]),
    "AllowedOrigins": (
        [
            *("*", "https://a.example", "capacitor://localhost", "https://a.example https://b.c"),
            "https://a.example, http://localhost:8080,https://*.b.example",
        ],
        ["", "a.example", "https://a.example/path", "https://*", "https://*.*.a.example"],
    ),
    "JwtIssuer": (
        [ISSUER, f"{ISSUER}/realms/a", "http://127.0.0.1:9000", "http://localhost", "http://[::1]"],
        ["http://login.example.com", "http://127.0.0.1.example.com", "login.example.com", "https:"],
    ),
    "JwksUrl": ([f"{ISSUER}/keys?a=b"], ["http://login.example.com/keys", "file:///etc/passwd"]),
    "JwtSecretArn": ([SECRET], ["correct horse battery staple", SECRET.removesuffix("-AbCdEf")]),
    "CertificateArn": ([CERTIFICATE], [SECRET, "certificate"]),
    "HostedZoneId": (["Z0123456789ABCDEFGHIJ"], ["example.com", "/hostedzone/Z0123"]),
    "AlarmEmail": (["ada@example.com"], ["ada", "ada@", "a da@example.com", "a@b@c"]),
}
"""Good and bad values of each parameter that has an AllowedPattern."""

COMPANIONS = {
    "JwksUrl": {"JwtIssuer": ISSUER},
    "CertificateArn": {"DomainName": "signaling.example.com"},
    "HostedZoneId": {"DomainName": "signaling.example.com", "CertificateArn": CERTIFICATE},
}
"""What else the rules require when a parameter is set."""

VIOLATIONS = {
    "JwksUrlNeedsIssuer": [
        {"JwksUrl": f"{ISSUER}/keys"},
        {"JwksUrl": f"{ISSUER}/keys", "JwtSecretArn": SECRET},
        {"JwksUrl": f"{ISSUER}/keys", "JwtIssuer": ISSUER, "JwtSecretArn": SECRET},
    ],
    "AudienceNeedsTokens": [{"JwtAudience": "demo"}],
    "DomainNeedsCertificate": [
        {"DomainName": "signaling.example.com"},
        {"CertificateArn": CERTIFICATE},
    ],
    "ZoneNeedsDomain": [{"HostedZoneId": "Z0123"}],
    "BudgetNeedsEmail": [{"MonthlyBudget": "5"}],
}
"""Combinations that break each rule of the template."""


def stack_with(**overrides: str) -> Stack:
    return load(ROOT / "template.yaml", overrides)


def test_every_pattern_and_rule_is_tried() -> None:
    patterned = {name for name, each in TEMPLATE["Parameters"].items() if "AllowedPattern" in each}
    assert set(PATTERNED) == patterned
    assert set(VIOLATIONS) == set(TEMPLATE["Rules"])


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, (good, _) in PATTERNED.items() for value in good]
)
def test_a_good_value_is_taken(name: str, value: str) -> None:
    stack_with(**{name: value}, **COMPANIONS.get(name, {}))


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, (_, bad) in PATTERNED.items() for value in bad]
)
def test_a_bad_value_is_refused_with_what_the_parameter_takes(name: str, value: str) -> None:
    takes = TEMPLATE["Parameters"][name]["ConstraintDescription"]
    with pytest.raises(ValueError, match=re.escape(f"parameter {name} is {value!r}: {takes}")):
        stack_with(**{name: value}, **COMPANIONS.get(name, {}))


@pytest.mark.parametrize(
    ("rule", "overrides"),
    [(rule, overrides) for rule, broken in VIOLATIONS.items() for overrides in broken],
)
def test_a_broken_rule_is_said_in_its_own_words(rule: str, overrides: dict[str, str]) -> None:
    (assertion,) = TEMPLATE["Rules"][rule]["Assertions"]
    with pytest.raises(ValueError) as refused:
        stack_with(**overrides)
    assert str(refused.value) == assertion["AssertDescription"]


@pytest.mark.parametrize(
    "overrides",
    [
        {"JwtIssuer": ISSUER},
        {"JwtIssuer": ISSUER, "JwksUrl": f"{ISSUER}/keys", "JwtAudience": "demo"},
        {"JwtSecretArn": SECRET},
        {"JwtSecretArn": SECRET, "JwtIssuer": ISSUER, "JwtAudience": "demo"},
    ],
)
def test_an_issuer_or_a_secret_deploys_the_authorizer_and_the_functions_know(
    overrides: dict[str, str],
) -> None:
    for changed in ({"AllowedOrigins": "https://a.example"}, overrides):
        stack = stack_with(**changed)
        settings = Settings.from_env(stack.functions()["$default"].environment)
        has_authorizer = stack.authorizer is not None
        assert has_authorizer == settings.needs_token == (changed is overrides)
    found = stack.authorizer
    assert found
    assert found.query_parameters == ["token"]
    assert found.function.code == ROOT / "functions" / "authorize"
    environment = found.function.environment
    assert {name: value for name, value in environment.items() if name.startswith("JW")} == {
        "JWT_ISSUER": overrides.get("JwtIssuer", ""),
        "JWKS_URL": overrides.get("JwksUrl", ""),
        "JWT_AUDIENCE": overrides.get("JwtAudience", ""),
        "JWT_SECRET_ARN": overrides.get("JwtSecretArn", ""),
    }


def test_the_price_list_reckons_with_the_default_memory() -> None:
    memory = TEMPLATE["Parameters"]["MemorySize"]
    assert memory["Default"] == MEMORY_MEGABYTES
    # Which is a whole processor: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
    # More would be paid for and not used.
    assert (memory["MinValue"], memory["MaxValue"]) == (128, 1769)


def test_no_more_concurrency_is_reserved_than_an_account_of_1_000_can_reserve() -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    assert TEMPLATE["Parameters"]["MessageConcurrency"]["MaxValue"] == 1000 - 100


ORIGINS = "https://a.example, https://*.b.example"

SPELLINGS = [
    "JwtIssuer=https://a.example JwtAudience=demo",
    "ParameterKey=JwtIssuer,ParameterValue=https://a.example ParameterKey=Stage,ParameterValue=x",
    "AllowedOrigins=https://a.example,https://b.example Stage=x",
    f'AllowedOrigins="{ORIGINS}" Stage=x',
    f"AllowedOrigins='{ORIGINS}'",
    f'ParameterKey=AllowedOrigins,ParameterValue="{ORIGINS}"',
    'JwtAudience=""',
    r'JwtAudience="a \"b\" c"',
    "JwksUrl=https://a.example/keys?tenant=b&x=y",
    "Stage=a Stage=b",
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_it_is_read_as_sam_cli_reads_it(text: str) -> None:
    assert parse_overrides([text]) == CfnParameterOverridesType().convert((text,), None, None)


@pytest.mark.parametrize("text", SPELLINGS[:3])
def test_pairs_may_be_arguments_of_their_own(text: str) -> None:
    assert parse_overrides(text.split()) == parse_overrides([text])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Stag=x", "the template has no parameter Stag"),
        ("ParameterKey=Stag,ParameterValue=x", "the template has no parameter Stag"),
        ("Delivery=unicast", "parameter Delivery is 'unicast': one of addressed, broadcast"),
        ("JwtAudience=demo", "JwtAudience needs JwtIssuer or JwtSecretArn"),
        ("JwtIssuer", "--parameter-overrides takes NAME=VALUE, not 'JwtIssuer'"),
        ("Stage=x, Delivery", "--parameter-overrides takes NAME=VALUE, not 'Delivery'"),
        ('Stage="x', "--parameter-overrides: No closing quotation"),
    ],
)
def test_a_mistake_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str, complaint: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["python -m local", "--parameter-overrides", text])
    assert main() == 1
    assert capsys.readouterr().err == f"error: {complaint}\n"
