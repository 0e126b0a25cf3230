"""The local server's option `--parameter-overrides`, compared with SAM CLI's."""

import sys

import pytest
from samcli.cli.types import (  # type: ignore[import-untyped]  # published without types
    CfnParameterOverridesType,
)

from local.__main__ import main
from local.sam.parameters import parse_overrides

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
