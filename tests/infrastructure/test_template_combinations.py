"""What CloudFormation gets of `template.yaml`, and in which order it creates the API's parts."""

import json
import sys
from copy import deepcopy
from itertools import combinations
from pathlib import Path

import pytest

from tests.support.commands import run
from tests.support.translation import Resources, deployed, of_type, translated


@pytest.mark.parametrize("tracing", ["Disabled", "Active"])
def test_the_translated_template_lints_clean(tracing: str, tmp_path: Path) -> None:
    """Lint once: cfn-lint itself tries every combination of the template's conditions.

    Among what it finds is whatever refers to something that is not deployed.
    """
    source = deepcopy(translated(tracing))
    for function in of_type(source["Resources"], "Lambda::Function").values():
        if "TracingConfig" in function:  # there only for Active, which cfn-lint cannot know
            function["TracingConfig"]["Mode"] = tracing
    source["Resources"]["Monitoring"]["Properties"]["TemplateURL"] = "https://bucket/monitoring"
    template = tmp_path / "template.json"
    template.write_text(json.dumps(source))
    cfn_lint = Path(sys.executable).with_name("cfn-lint")
    linted = run(cfn_lint, "--regions", "us-east-1", "--", template)
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
