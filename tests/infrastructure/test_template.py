"""What `template.yaml` promises to the code, and the code to it."""

import re
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from local import ROOT
from local.invoker import load_handler
from local.sam.template import Function, Mock, Stack
from signaling.aws import dynamodb
from signaling.protocol import PONG, Limits
from signaling.settings import Settings

TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]


def functions(stack: Stack) -> dict[str, Function]:
    return {route: target for route, target in stack.routes.items() if isinstance(target, Function)}


def test_every_route_has_its_function(stack: Stack) -> None:
    assert {route: target.code.name for route, target in functions(stack).items()} == {
        "$connect": "connect",
        "$disconnect": "disconnect",
        "$default": "message",
    }


def test_ping_is_answered_by_a_mock(stack: Stack) -> None:
    assert stack.routes["ping"] == Mock(PONG)


def test_every_handler_loads(stack: Stack) -> None:
    for function in functions(stack).values():
        assert callable(load_handler(function))


def test_every_variable_is_one_that_the_code_reads(stack: Stack) -> None:
    read = set(
        re.findall(r'environ\.get\("(\w+)"|_one_of\(.*"(\w+)", environ', _source("settings.py"))
    )
    given = {name for function in functions(stack).values() for name in function.environment}
    names = {first or second for first, second in read}
    assert given == {name for name in names if not name.startswith("AWS_ENDPOINT_URL")}


def test_defaults_of_the_template_are_those_of_the_code(stack: Stack) -> None:
    environment = dict(functions(stack)["$default"].environment)
    settings = Settings.from_env(environment)
    assert settings.limits == Limits()
    assert settings.delivery == Settings.from_env({}).delivery
    assert settings.table == stack.table["TableName"]


def test_the_endpoint_for_posts_is_made_of_api_region_and_stage(stack: Stack) -> None:
    endpoint = functions(stack)["$default"].environment["CONNECTIONS_ENDPOINT"]
    assert endpoint == "https://SignalingApi.execute-api.us-east-1.amazonaws.com/dev"


def test_the_table_has_the_keys_index_and_expiry_that_the_model_uses(stack: Stack) -> None:
    (index,) = stack.table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == dynamodb.INDEX
    assert [key["AttributeName"] for key in stack.table["KeySchema"]] == ["pk", "sk"]
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["sk", "pk"]
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert stack.table["TimeToLiveSpecification"] == {
        "AttributeName": "expires_at",
        "Enabled": True,
    }


def test_every_function_has_a_log_group_that_is_kept_for_a_while() -> None:
    for name, resource in RESOURCES.items():
        if resource["Type"] == "AWS::Serverless::Function":
            group = resource["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
            assert "RetentionInDays" in RESOURCES[group]["Properties"], name


def test_every_parameter_and_output_is_described() -> None:
    for section in ("Parameters", "Outputs"):
        for name, declaration in TEMPLATE[section].items():
            assert declaration.get("Description"), name


def test_the_signaling_url_comes_first_among_the_outputs() -> None:
    assert next(iter(TEMPLATE["Outputs"])) == "SignalingUrl"


def _source(name: str) -> str:
    return (ROOT / "layers" / "signaling" / "python" / "signaling" / name).read_text()
