"""What `template.yaml` deploys, as far as the local server needs it.

The template goes through aws-sam-translator, so this reads what CloudFormation would get.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from local.sam.intrinsics import PSEUDO_PARAMETERS, Resolver, names_in
from local.sam.parameters import check_rules, values_of

_FUNCTION_URI = re.compile(r"/functions/(\w+)\.Arn/invocations$")
_SELECTION = re.compile(r"^\$request\.body\.(\w+)$")
_CODE = {"CodeUri", "ContentUri"}
_UPLOADED = "s3://bucket/key"  # the translator takes only code that was uploaded

AUTHORIZER = "$authorizer"
"""The authorizer's name among the routes; no route can have it."""


class Function(NamedTuple):
    """A Lambda function."""

    name: str
    code: Path
    handler: str
    """`module.function` in `code`."""
    environment: dict[str, str]
    timeout: int
    """Seconds."""


class Mock(NamedTuple):
    """A MOCK integration: API Gateway answers by itself."""

    response: str | None
    """Frame that the client gets, if the route has a response."""


class Authorizer(NamedTuple):
    """A Lambda authorizer of `$connect`."""

    function: Function
    query_parameters: list[str]
    """Identity sources: without one of them API Gateway answers 401 and does not ask it."""


class Stack(NamedTuple):
    """The WebSocket API with everything behind it."""

    stage: str
    selection: str
    """Key of the JSON body that names the route."""
    routes: dict[str, Function | Mock]
    authorizer: Authorizer | None
    table: dict[str, Any]
    """Properties of the one DynamoDB table, with its name."""
    overridden: set[str]
    """Variables of the functions' environment that a parameter override has set."""

    def functions(self) -> dict[str, Function]:
        """Return every function of the stack by its route, the authorizer's by `AUTHORIZER`."""
        functions = {key: each for key, each in self.routes.items() if isinstance(each, Function)}
        return functions | ({AUTHORIZER: self.authorizer.function} if self.authorizer else {})


def load(path: Path, overrides: Mapping[str, str] | None = None) -> Stack:
    """Return the stack of the SAM template at `path`, `overrides` replacing parameter defaults.

    Raises:
        ValueError: a parameter is unknown, has no value or one that the template forbids, a rule
            is broken, or the template has no WebSocket API that selects routes by a key of the
            body.
    """
    source = yaml_parse(path.read_text())
    parameters = values_of(source.get("Parameters", {}), overrides or {})
    code = _local_code(source, path.parent)
    translated = translate(source, parameters)
    resolver = Resolver(translated, parameters)
    check_rules(source.get("Rules", {}), resolver)
    resources = resolver.resources()
    (api,) = _of_type(resources, "AWS::ApiGatewayV2::Api").values()
    (stage,) = _of_type(resources, "AWS::ApiGatewayV2::Stage").values()
    ((table, properties),) = _of_type(resources, "AWS::DynamoDB::Table").items()
    selection = _SELECTION.match(api["RouteSelectionExpression"])
    if not selection:
        raise ValueError(f"{path}: RouteSelectionExpression is not $request.body.<key>")
    return Stack(
        stage=stage["StageName"],
        selection=selection[1],
        routes=_routes(resources, code),
        authorizer=_authorizer(resources, code),
        table={"TableName": table, **properties},
        overridden=_overridden(translated, set(overrides or ())),
    )


def translate(source: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
    """Return what CloudFormation gets of the SAM template `source`, and change `source`."""
    for resource in source["Resources"].values():
        for key in _CODE & set(resource.get("Properties", {})):
            resource["Properties"][key] = _UPLOADED
    os.environ.setdefault("AWS_DEFAULT_REGION", str(PSEUDO_PARAMETERS["AWS::Region"]))
    translated: dict[str, Any] = transform(source, parameters, _NoManagedPolicies())
    return translated


def _overridden(translated: dict[str, Any], overrides: set[str]) -> set[str]:
    conditions = translated.get("Conditions", {})
    return {
        name
        for function in _of_type(translated["Resources"], "AWS::Lambda::Function").values()
        for name, value in function.get("Environment", {}).get("Variables", {}).items()
        if not overrides.isdisjoint(names_in(value, conditions))
    }


class _NoManagedPolicies:
    def load(self) -> dict[str, str]:
        return {}


def _local_code(source: dict[str, Any], folder: Path) -> dict[str, Path]:
    return {
        name: folder / resource["Properties"][key]
        for name, resource in source["Resources"].items()
        for key in _CODE & set(resource.get("Properties", {}))
    }


def _of_type(resources: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == kind
    }


def _routes(resources: dict[str, Any], code: dict[str, Path]) -> dict[str, Function | Mock]:
    integrations = _of_type(resources, "AWS::ApiGatewayV2::Integration")
    routes: dict[str, Function | Mock] = {}
    for route_name, route in _of_type(resources, "AWS::ApiGatewayV2::Route").items():
        name = route["Target"].removeprefix("integrations/")
        integration = integrations[name]
        if integration["IntegrationType"] == "MOCK":
            target: Function | Mock = Mock(_mock_response(resources, route_name, route, name))
        else:
            target = _function(integration["IntegrationUri"], resources, code)
        routes[route["RouteKey"]] = target
    return routes


def _authorizer(resources: dict[str, Any], code: dict[str, Path]) -> Authorizer | None:
    for route in _of_type(resources, "AWS::ApiGatewayV2::Route").values():
        if route.get("AuthorizationType") == "CUSTOM":
            authorizer = resources[route["AuthorizerId"]]["Properties"]
            sources = authorizer["IdentitySource"]
            return Authorizer(
                _function(authorizer["AuthorizerUri"], resources, code),
                [source.removeprefix("route.request.querystring.") for source in sources],
            )
    return None


def _mock_response(
    resources: dict[str, Any], route_name: str, route: dict[str, Any], integration: str
) -> str | None:
    answers_route = any(
        response["RouteId"] == route_name
        for response in _of_type(resources, "AWS::ApiGatewayV2::RouteResponse").values()
    )
    if not answers_route or "RouteResponseSelectionExpression" not in route:
        return None
    for response in _of_type(resources, "AWS::ApiGatewayV2::IntegrationResponse").values():
        if response["IntegrationId"] == integration:
            return str(response["ResponseTemplates"][response["TemplateSelectionExpression"]])
    return None


def _function(uri: str, resources: dict[str, Any], code: dict[str, Path]) -> Function:
    match = _FUNCTION_URI.search(uri)
    if not match:
        raise ValueError(f"{uri} names no function of this template")
    name = match[1]
    properties = resources[name]["Properties"]
    environment = properties.get("Environment", {}).get("Variables", {})
    return Function(
        name=name,
        code=code[name],
        handler=properties["Handler"],
        environment={key: str(value) for key, value in environment.items()},
        timeout=int(properties.get("Timeout", 3)),
    )
