"""An AWS account on this machine, and the stack deployed into it as README.md says."""

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import boto3
import yaml

from local import ROOT
from rig import differences
from rig.built import TEMPLATE, build
from rig.processes import Process, free_port, is_listening, need
from signaling.aws.rows import connection_of
from signaling.topics import topic_key

PYTHON = ROOT / ".cache" / "emulator" / "bin" / "python"

_TEMPLATE = TEMPLATE.with_name("emulator.yaml")
_CONFIG = ROOT / "samconfig.toml"

IS_THERE: dict[str, Callable[[Any], list[str]]] = {
    "cloudformation": lambda aws: [
        each["StackName"]
        for each in aws.list_stacks()["StackSummaries"]
        if each["StackStatus"] != "DELETE_COMPLETE"
    ],
    "lambda": lambda aws: [
        *(each["FunctionName"] for each in aws.list_functions()["Functions"]),
        *(each["LayerName"] for each in aws.list_layers()["Layers"]),
    ],
    "dynamodb": lambda aws: aws.list_tables()["TableNames"],
    "apigatewayv2": lambda aws: [each["ApiId"] for each in aws.get_apis()["Items"]],
    "logs": lambda aws: [each["logGroupName"] for each in aws.describe_log_groups()["logGroups"]],
    "iam": lambda aws: [each["RoleName"] for each in aws.list_roles()["Roles"]],
    "cloudwatch": lambda aws: [
        each["DashboardName"] for each in aws.list_dashboards()["DashboardEntries"]
    ],
}
"""How each service of the stack tells what it has."""


class Deployment(NamedTuple):
    """A stack that `sam deploy` made."""

    name: str
    endpoint: str
    """URL of AWS for AWS clients."""
    outputs: dict[str, str]

    @property
    def websocket_url(self) -> str:
        """What clients connect to: the output SignalingUrl, whose host no name server knows."""
        return self._here("ws", self.outputs["SignalingUrl"])

    @property
    def connections_endpoint(self) -> str:
        """Where @connections is: the output ConnectionsEndpoint."""
        return self._here("http", self.outputs["ConnectionsEndpoint"])

    @property
    def table(self) -> str:
        """Name of the table of subscriptions."""
        return self.outputs["TableName"]

    def _here(self, scheme: str, url: str) -> str:
        parts = urlsplit(url)
        api = parts.netloc.partition(".")[0]
        return f"{scheme}://{urlsplit(self.endpoint).netloc}/_aws/execute-api/{api}{parts.path}"

    def client(self, service: str) -> Any:
        """Return boto3's client for `service` in this account."""
        return client(service, self.endpoint)

    def members(self, topic: str) -> list[str]:
        """Return the connections that have a row in `topic`."""
        answer = self.client("dynamodb").query(
            TableName=self.table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": topic_key(topic)}},
            ConsistentRead=True,
        )
        return [connection_of(row["sk"]["S"]) for row in answer["Items"]]

    def resource(self, name: str) -> str:
        """Return the physical id of the resource that the template calls `name`."""
        told = self.client("cloudformation").describe_stack_resource(
            StackName=self.name, LogicalResourceId=name
        )
        return str(told["StackResourceDetail"]["PhysicalResourceId"])

    @contextmanager
    def without(self, function: str, permission: str) -> Iterator[None]:
        """Take a `permission` away from the role of `function`: an action, or a resource's part."""
        iam = self.client("iam")
        role = self.resource(f"{function}Role")
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        policies = {
            name: json.dumps(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
            for name in names
        }
        (name,) = (name for name in names if permission in policies[name])

        def put(document: str) -> None:
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)

        put(policies[name].replace(permission, "nothing:Nothing"))
        try:
            yield
        finally:
            put(policies[name])


class Emulator(Process):
    """ministack: API Gateway, Lambda, DynamoDB, CloudFormation and IAM in one process."""

    def __init__(self) -> None:
        """Find the emulator's own Python."""
        need(str(PYTHON) if PYTHON.exists() else None, "the AWS emulator is missing: run make test")
        self._port = free_port()
        self._folder_of_functions = tempfile.TemporaryDirectory()
        super().__init__(
            [str(PYTHON), differences.__file__],
            {
                "AUTH": "true",  # evaluates the roles' policies
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(self._port),
                "TMPDIR": self._folder_of_functions.name,
            },
        )

    def start(self) -> None:
        """Start and wait until it listens."""
        self._launch(self._command, lambda: is_listening(self._port))

    def stop(self) -> int:
        """End it at once: asked to, it would wait for whatever its functions still do.

        The functions' processes end with it, because nothing is left to read from.
        """
        assert self._process
        self._process.kill()
        status = self._process.wait()
        self._folder_of_functions.cleanup()
        return status

    @property
    def endpoint(self) -> str:
        """URL for AWS clients."""
        return f"http://127.0.0.1:{self._port}"

    def deploy(
        self, environment: str = "default", *options: str, name: str | None = None
    ) -> Deployment:
        """Run `sam deploy` for one of samconfig.toml's environments, after `build_for_emulator`.

        The stack has the `name` that the environment gives it, or another.
        """
        config = tomllib.loads(_CONFIG.read_text())[environment]["global"]["parameters"]
        name = name or str(config["stack_name"])
        template = ["--template", str(_TEMPLATE), "--config-file", str(_CONFIG)]
        self.sam("deploy", *template, "--config-env", environment, "--stack-name", name, *options)
        return self.find(name)

    def find(self, name: str) -> Deployment:
        """Return the stack of this `name`."""
        (stack,) = client("cloudformation", self.endpoint).describe_stacks(StackName=name)["Stacks"]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        return Deployment(name, self.endpoint, outputs)

    def sam(self, *arguments: str) -> None:
        """Run SAM CLI from the project's folder, with the emulator for AWS."""
        done = subprocess.run(
            [Path(sys.executable).with_name("sam"), *arguments],
            cwd=ROOT,
            env={**os.environ, "AWS_ENDPOINT_URL": self.endpoint, "SAM_CLI_TELEMETRY": "0"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def inventory(endpoint: str) -> dict[str, list[str]]:
    """Return the names of what is in the account, by service."""
    return {name: sorted(there(client(name, endpoint))) for name, there in IS_THERE.items()}


def build_for_emulator() -> None:
    """Run `sam build` and adapt a copy of the template that it made."""
    template = deepcopy(build().template)
    differences.adapt_template(template, _TEMPLATE.parent)
    _TEMPLATE.write_text(yaml.safe_dump(template, sort_keys=False))


def client(service: str, endpoint: str) -> Any:
    """Return boto3's client for `service` at `endpoint`."""
    make: Any = boto3.client  # typed for literal names alone
    return make(service, endpoint_url=endpoint, region_name="us-east-1")
