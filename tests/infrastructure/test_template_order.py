"""The order in which CloudFormation creates the parts of the API: it is one API that changes."""

from itertools import combinations

from tests.support.translation import Resources, deployed

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
