"""What the environment may set."""

import pytest

from signaling.protocol import Limits
from signaling.settings import Settings


def test_without_an_environment_the_defaults_hold() -> None:
    settings = Settings.from_env({})
    assert settings.delivery == "addressed"
    assert settings.limits == Limits()
    assert settings.allowed_origins == ("*",)
    assert (settings.aws_client, settings.log_level, settings.is_traced) == ("lean", "INFO", False)


def test_the_environment_sets_everything() -> None:
    settings = Settings.from_env(
        {
            "TABLE_NAME": "table",
            "CONNECTIONS_ENDPOINT": "https://example.com/dev",
            "DELIVERY": "broadcast",
            "MAX_TOPICS": "1",
            "MAX_TOPIC_BYTES": "2",
            "MAX_MESSAGE_BYTES": "3",
            "ALLOWED_ORIGINS": "https://example.com, http://localhost:3000",
            "AWS_CLIENT": "boto3",
            "LOG_LEVEL": "WARNING",
            "TRACING": "Active",
        }
    )
    assert settings == Settings(
        table="table",
        connections_endpoint="https://example.com/dev",
        delivery="broadcast",
        limits=Limits(1, 2, 3),
        allowed_origins=("https://example.com", "http://localhost:3000"),
        aws_client="boto3",
        log_level="WARNING",
        is_traced=True,
    )


@pytest.mark.parametrize(
    "environ",
    [
        {"DELIVERY": "unicast"},
        {"MAX_TOPICS": "many"},
        {"ALLOWED_ORIGINS": "example.com"},
        {"AWS_CLIENT": "boto"},
        {"LOG_LEVEL": "DEBUG"},
        {"TRACING": "on"},
    ],
)
def test_a_wrong_setting_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        Settings.from_env(environ)


@pytest.mark.parametrize(
    ("variables", "endpoint"),
    [
        ({}, None),
        ({"": "http://aws:4566"}, "http://aws:4566/_aws/execute-api/a1b2/dev"),
        ({"": "http://aws:4566/"}, "http://aws:4566/_aws/execute-api/a1b2/dev"),
        ({"": "http://aws", "_APIGATEWAYMANAGEMENTAPI": "http://api/dev"}, "http://api/dev"),
        ({"": "", "_APIGATEWAYMANAGEMENTAPI": ""}, None),
        ({"_DYNAMODB": "http://table"}, None),
    ],
)
def test_the_variables_of_the_sdks_move_connections(
    variables: dict[str, str], endpoint: str | None
) -> None:
    deployed = "https://a1b2.execute-api.eu-west-1.amazonaws.com/dev"
    moved = {f"AWS_ENDPOINT_URL{name}": url for name, url in variables.items()}
    settings = Settings.from_env({"CONNECTIONS_ENDPOINT": deployed, **moved})
    assert settings.connections_endpoint == (endpoint or deployed)


def test_a_function_without_connections_gets_none_from_the_sdks_variables() -> None:
    assert Settings.from_env({"AWS_ENDPOINT_URL": "http://aws"}).connections_endpoint == ""
