"""What a function imports before it has answered: time of every cold start."""

import json
import sys
from collections.abc import Iterator

import pytest

from rig.issuer import Issuer
from signaling import authorizer
from signaling import aws as aws_package
from tests.support.commands import run
from tests.support.stub import Stub, reply

SLOW_TO_IMPORT = {
    *("asyncio", "aws_xray_sdk", "boto3", "botocore", "concurrent.futures", "dataclasses"),
    *("email", "http.client", "logging", "typing", "urllib.request", "urllib3"),
}
ADMITTING = {
    *("access", "access.grants", "access.origins", "errors", "event", "frames", "hashes", "joined"),
    *("log", "ports", "protocol", "settings", "topics", "typed"),
}
TALKING_TO_AWS = ADMITTING | {
    *("bootstrap", "bounds", "delivery", "introductions", "put_off", "recipients", "rooms"),
    *("large_topics", "small_rooms", "standing"),
    *("aws", "aws.connections", "aws.counts", "aws.dynamodb", "aws.http1", "aws.lean"),
    *("aws.operations", "aws.retries", "aws.rows", "aws.sigv4", "aws.steps", "aws.table"),
    *("aws.trust", "aws.updates"),
}
"""The modules of the layer that functions need, by what they do."""

WITHOUT_SITE_PACKAGES = "-S"

ANSWER = {
    "Items": [],
    "UnprocessedItems": {},
    "Attributes": {
        "sk": {"S": "member-00000000-a"},
        "connected_at": {"N": "0"},
        "requested_at": {"N": "1"},
    },
}
"""Of DynamoDB, whatever it is asked."""

HANDLE_ONE_EVENT = """
import json, sys

sys.path[:0] = sys.argv[1], "layers/signaling/python"
import app

class Invocation:
    def get_remaining_time_in_millis(self):
        return 10_000

app.lambda_handler(json.load(open(sys.argv[2])), Invocation())
print(json.dumps([*sys.modules]))
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[dict[str, str]]:
    """A stand-in for AWS, as the environment of a function that talks to it."""
    stub = Stub(lambda request: reply(body=json.dumps(ANSWER).encode()))
    yield {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "us-east-1",
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9",  # which is how a function knows that it is one
        "LAMBDA_TASK_ROOT": "/var/task",
        "AWS_ENDPOINT_URL_DYNAMODB": stub.url,
        "CONNECTIONS_ENDPOINT": f"{stub.url}/dev",
        "TABLE_NAME": "table",
    }
    stub.close()


def modules_after(event: str, function: str, environment: dict[str, str], *flags: str) -> set[str]:
    """Return the modules of a new process in which `function` has handled the event."""
    arguments = [f"functions/{function}", f"events/{event}.json"]
    done = run(sys.executable, *flags, "-c", HANDLE_ONE_EVENT, *arguments, env=environment)
    assert done.returncode == 0, done.stderr
    log_line, modules = done.stdout.splitlines()
    assert "error" not in json.loads(log_line)
    return set(json.loads(modules))


def of_this_project(modules: set[str]) -> set[str]:
    found = (each.partition("signaling.") for each in modules)
    return {name for before, dot, name in found if dot and not before}


@pytest.mark.parametrize(
    ("function", "event", "own"),
    [
        ("connect", "connect_page", ADMITTING),
        ("disconnect", "disconnect", TALKING_TO_AWS),
        ("message", "publish_announce", TALKING_TO_AWS),
    ],
)
def test_without_tracing_a_function_imports_what_it_needs(
    function: str, event: str, own: set[str], aws: dict[str, str]
) -> None:
    modules = modules_after(event, function, aws, WITHOUT_SITE_PACKAGES)
    assert not (SLOW_TO_IMPORT | {*aws_package.NOT_NEEDED}) & modules
    assert of_this_project(modules) == own


def test_with_tracing_the_sdk_is_imported_without_botocore(aws: dict[str, str]) -> None:
    modules = modules_after("publish_announce", "message", {**aws, "TRACING": "Active"})
    assert "aws_xray_sdk" in modules
    assert not {"boto3", "botocore"} & modules
    assert of_this_project(modules) == TALKING_TO_AWS | {"tracing"}


def test_the_authorizer_imports_nothing_that_no_token_needs() -> None:
    with Issuer() as issuer:
        modules = modules_after("authorize", "authorize", {"JWT_ISSUER": issuer.url})
        assert len(issuer.requests) == 2
    used = {"ast"} if sys.version_info < (3, 13) else set[str]()  # by older inspect, as a base
    assert {*authorizer.NOT_NEEDED} & modules == used
