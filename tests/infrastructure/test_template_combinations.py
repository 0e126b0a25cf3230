"""`template.yaml` for every combination of its conditions, as CloudFormation gets it.

And the order in which CloudFormation creates the parts of the API: it is one API that changes.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest

from local.sam.intrinsics import _VARIABLE, PSEUDO_PARAMETERS, Resolver
from tests.support.monitoring import of_type
from tests.support.translation import Resources, deployed, parameters, translated

ARN = "arn:aws:{}:us-east-1:123456789012:{}"
DOMAIN = {"DomainName": "x.example.com", "CertificateArn": ARN.format("acm", "certificate/1")}
CHOICES: list[list[dict[str, str]]] = [
    [
        {},
        {"JwtIssuer": "https://issuer.example.com"},
        {"JwtSecretArn": ARN.format("secretsmanager", "secret:tokens")},
    ],
    [{}, {"MessageConcurrency": "10"}],
    [{}, DOMAIN, DOMAIN | {"HostedZoneId": "Z0123456789"}],
    [{}, {"CapacityMode": "free-tier"}],
    [{}, {"Tracing": "Active"}],
]


def references(value: Any, resolver: Resolver) -> Iterator[str]:
    """Yield the names that `value` refers to when its conditions are decided."""
    if isinstance(value, list):
        for each in value:
            yield from references(each, resolver)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key == "Fn::If":
                yield from references(each[1 if resolver.condition(each[0]) else 2], resolver)
            elif key == "Ref":
                yield each
            elif key == "Fn::GetAtt":
                yield each.split(".")[0] if isinstance(each, str) else each[0]
            elif key == "Fn::Sub":
                text, own = (each, {}) if isinstance(each, str) else each
                names = [name for literal, name in _VARIABLE.findall(text) if not literal]
                yield from (name.split(".")[0] for name in names if name not in own)
                yield from references(own, resolver)
            else:
                yield from references(each, resolver)


@pytest.mark.parametrize("choices", list(product(*CHOICES)))
def test_nothing_refers_to_what_is_not_deployed(choices: tuple[dict[str, str], ...]) -> None:
    values = parameters(**{name: value for choice in choices for name, value in choice.items()})
    template = translated(values["Tracing"])
    resolver = Resolver(template, values)
    deployed = {
        name: resource
        for name, resource in template["Resources"].items()
        if "Condition" not in resource or resolver.condition(resource["Condition"])
    }
    known = {*deployed, *values, *PSEUDO_PARAMETERS}
    for name, resource in deployed.items():
        assert set(references(resource.get("Properties", {}), resolver)) <= known, name
        depends_on = resource.get("DependsOn", [])
        assert {depends_on} if isinstance(depends_on, str) else set(depends_on) <= known, name
    for name, output in template["Outputs"].items():
        assert set(references(output, resolver)) <= known, name


@pytest.mark.parametrize("tracing", ["Disabled", "Active"])
def test_the_translated_template_lints_clean(tracing: str, tmp_path: Path) -> None:
    """Lint once: cfn-lint itself tries every combination of the template's conditions."""
    source = deepcopy(translated(tracing))
    for function in of_type(source["Resources"], "Lambda::Function").values():
        if "TracingConfig" in function:  # there only for Active, which cfn-lint cannot know
            function["TracingConfig"]["Mode"] = tracing
    source["Resources"]["Monitoring"]["Properties"]["TemplateURL"] = "https://bucket/monitoring"
    template = tmp_path / "template.json"
    template.write_text(json.dumps(source))
    cfn_lint = str(Path(sys.executable).with_name("cfn-lint"))
    command = [cfn_lint, "--regions", "us-east-1", "--", str(template)]
    linted = subprocess.run(command, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout


PARTS = {
    f"AWS::ApiGatewayV2::{part}"
    for part in ("Authorizer", "Integration", "IntegrationResponse", "Route", "RouteResponse")
}


def waits_for(name: str, resources: Resources) -> set[str]:
    """Return what must exist before the resource `name`, directly or through others."""
    depends_on = resources[name].get("DependsOn", [])
    found = {depends_on} if isinstance(depends_on, str) else set(depends_on)
    texts = str(resources[name]["Properties"])
    found |= {other for other in resources if f"/{other}'" in texts or f"'{other}'" in texts}
    for other in (found & set(resources)) - {name}:
        found |= waits_for(other, resources)
    return found - {name}


def test_no_two_parts_of_the_api_that_are_our_own_change_at_once() -> None:
    for tokens in ({}, {"JwtIssuer": "https://login.example.com"}):
        resources = deployed(**tokens)
        parts = [name for name, each in resources.items() if each["Type"] in PARTS]
        own = [name for name in parts if not name.startswith("SignalingApi")]
        for one, other in combinations(own, 2):
            assert one in waits_for(other, resources) or other in waits_for(one, resources)
        for name in own:
            assert waits_for(name, resources) >= set(parts) - set(own), name
