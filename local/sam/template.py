"""The resources of `template.yaml`, as far as the local server needs them.

The template goes through aws-sam-translator, so this reads what CloudFormation would get.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from local.sam.intrinsics import Resolver, names_in
from local.sam.parameters import check_rules
from local.sam.translation import translation_of

_FUNCTION_URI = re.compile(r"/functions/(\w+)\.Arn/invocations$")
_SELECTION = re.compile(r"^\$request\.body\.(\w+)$")

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


class Throttle(NamedTuple):
    """How many requests a route accepts, from all clients together."""

    rate: float
    """Requests per second."""
    burst: float
    """Requests at once."""


class Authorizer(NamedTuple):
    """A Lambda authorizer of `$connect`."""

    function: Function
    query_parameters: list[str]
    """Identity sources: if one is missing, API Gateway answers 401 without invoking it."""


class Stack(NamedTuple):
    """The WebSocket API with everything behind it."""

    stage: str
    selection: str
    """Key of the JSON body that names the route."""
    routes: dict[str, Function | Mock]
    answering: frozenset[str]
    """Routes with a route response: their function's answer goes to the client."""
    throttles: dict[str, Throttle]
    """By route; a route that is missing here has none."""
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
    translated, parameters, folders = translation_of(path.read_bytes(), overrides or {})
    code = {name: path.parent / folder for name, folder in folders.items()}
    resolver = Resolver(translated, parameters)
    check_rules(translated.get("Rules", {}), resolver)
    resources = resolver.resources()
    (api,) = _of_type(resources, "AWS::ApiGatewayV2::Api").values()
    (stage,) = _of_type(resources, "AWS::ApiGatewayV2::Stage").values()
    ((table, properties),) = _of_type(resources, "AWS::DynamoDB::Table").items()
    selection = _SELECTION.match(api["RouteSelectionExpression"])
    if not selection:
        raise ValueError(f"{path}: RouteSelectionExpression is not $request.body.<key>")
    routes: dict[str, Function | Mock] = {}
    throttles: dict[str, Throttle] = {}
    answering: set[str] = set()
    authorizer = None
    responses = _of_type(resources, "AWS::ApiGatewayV2::RouteResponse").values()
    answered = {response["RouteId"] for response in responses}
    for name, route in _of_type(resources, "AWS::ApiGatewayV2::Route").items():
        key = route["RouteKey"]
        if name in answered and "RouteResponseSelectionExpression" in route:
            answering.add(key)
        integration = route["Target"].removeprefix("integrations/")
        behind = resources[integration]["Properties"]
        if behind["IntegrationType"] == "MOCK":
            response = _mock_response(resources, integration) if key in answering else None
            routes[key] = Mock(response)
        else:
            routes[key] = _function(behind["IntegrationUri"], resources, code)
        if throttle := _throttle(stage, key):
            throttles[key] = throttle
        if route.get("AuthorizationType") == "CUSTOM":
            asked = resources[route["AuthorizerId"]]["Properties"]
            sources = [each.rpartition(".")[2] for each in asked["IdentitySource"]]
            authorizer = Authorizer(_function(asked["AuthorizerUri"], resources, code), sources)
    return Stack(
        stage=stage["StageName"],
        selection=selection[1],
        routes=routes,
        answering=frozenset(answering),
        throttles=throttles,
        authorizer=authorizer,
        table={"TableName": table, **properties},
        overridden=_overridden(translated, set(overrides or ())),
    )


def _overridden(translated: dict[str, Any], overrides: set[str]) -> set[str]:
    conditions = translated.get("Conditions", {})
    return {
        name
        for function in _of_type(translated["Resources"], "AWS::Lambda::Function").values()
        for name, value in function.get("Environment", {}).get("Variables", {}).items()
        if not overrides.isdisjoint(names_in(value, conditions))
    }


def _of_type(resources: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == kind
    }


def _throttle(stage: dict[str, Any], route: str) -> Throttle | None:
    """Return the throttle of `route`: the stage's, unless it has its own."""
    settings = stage.get("DefaultRouteSettings", {}) | stage.get("RouteSettings", {}).get(route, {})
    rate, burst = settings.get("ThrottlingRateLimit"), settings.get("ThrottlingBurstLimit")
    return None if rate is None or burst is None else Throttle(float(rate), float(burst))


def _mock_response(resources: dict[str, Any], integration: str) -> str | None:
    """Return the answer of the MOCK `integration`: its status selects the response.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-responses.html
    """
    mock = resources[integration]["Properties"]
    request = mock.get("RequestTemplates", {}).get(mock.get("TemplateSelectionExpression"), "{}")
    status = str(json.loads(request).get("statusCode", ""))
    responses = {
        response["IntegrationResponseKey"]: response
        for response in _of_type(resources, "AWS::ApiGatewayV2::IntegrationResponse").values()
        if response["IntegrationId"] == integration
    }
    matching = [key for key in responses if re.fullmatch(key.strip("/"), status)]
    for key in (*matching, "$default"):
        if key in responses:
            selection = responses[key].get("TemplateSelectionExpression", "$default")
            template: str | None = responses[key].get("ResponseTemplates", {}).get(selection)
            return template
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
