"""`make invoke`, as far as it goes without Docker."""

import json
import os
import shlex
import subprocess
import time
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from local import ROOT
from local.sam.template import Stack
from rig.built import TEMPLATE


def make_invoke(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--old-file=.venv/test", "invoke", *arguments],
        cwd=ROOT,
        env={**os.environ, "DOCKER_HOST": "tcp://127.0.0.1:9", "MAKEFLAGS": "--no-print-directory"},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def invoked() -> str:
    """What it says on a machine whose Docker does not answer."""
    return make_invoke().stderr


def test_it_gets_as_far_as_asking_for_docker(invoked: str) -> None:
    assert "requires a container runtime" in invoked


def test_function_and_event_are_ones_own_choice() -> None:
    chosen = make_invoke("--dry-run", "FUNCTION=ConnectFunction", "EVENT=events/connect.json")
    assert chosen.returncode == 0, chosen.stderr
    *_, prepare, command = chosen.stdout.replace("\\\n", " ").splitlines()
    words = shlex.split(command)
    assert words[1:4] == ["local", "invoke", "ConnectFunction"]
    assert prepare.endswith(" events/connect.json")
    for option in ("--event", "--env-vars", "--template"):
        assert option in words
    assert words[words.index("--add-host") + 1] == "host.docker.internal:host-gateway"


def test_the_event_is_one_of_now_as_a_row_of_an_old_one_would_have_expired(invoked: str) -> None:
    original = json.loads((ROOT / "events" / "publish_announce.json").read_text())
    event = json.loads(TEMPLATE.with_name("event.json").read_text())
    for name in ("connectedAt", "requestTimeEpoch"):
        assert abs(event["requestContext"].pop(name) / 1000 - time.time()) < 600
        del original["requestContext"][name]
    assert event == original


def test_the_endpoints_are_declared_and_lead_to_this_machine(invoked: str, stack: Stack) -> None:
    template = json.loads(TEMPLATE.with_name("local.json").read_text())
    variables = json.loads(TEMPLATE.with_name("environment.json").read_text())["Parameters"]
    everywhere = template["Globals"]["Function"]["Environment"]["Variables"]
    assert set(variables) == {"AWS_ENDPOINT_URL_DYNAMODB", "CONNECTIONS_ENDPOINT"}
    assert set(variables) <= set(everywhere)  # of disconnect, too
    assert variables["CONNECTIONS_ENDPOINT"].endswith(f":4444/{stack.stage}")
    assert {url.split(":")[1] for url in variables.values()} == {"//host.docker.internal"}


def test_the_copy_is_otherwise_the_built_template(invoked: str) -> None:
    built: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    copy = json.loads(TEMPLATE.with_name("local.json").read_text())
    variables = copy["Globals"]["Function"]["Environment"]["Variables"]
    for name in ("AWS_ENDPOINT_URL_DYNAMODB", "CONNECTIONS_ENDPOINT"):
        del variables[name]
    assert copy == built
