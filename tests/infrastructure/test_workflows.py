"""GitHub workflows: they run what exists, and have no rights that they do not need.

And what `samconfig.toml` says about the environments that they deploy.
"""

import re
import tomllib
from typing import Any

import pytest
import yaml

from local import ROOT

FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS: dict[str, dict[Any, Any]] = {
    path.stem: yaml.safe_load(path.read_text()) for path in FOLDER.iterdir()
}
TRIGGERS = True
"""YAML 1.1 reads the key `on` as true."""

SAMCONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())
ENVIRONMENTS = {name: each for name, each in SAMCONFIG.items() if isinstance(each, dict)}
KNOWN_ACTIONS = {
    *("actions/checkout", "actions/setup-python", "actions/setup-node", "actions/setup-java"),
    *("actions/cache", "actions/upload-artifact", "actions/download-artifact"),
    "aws-actions/configure-aws-credentials",
}


def jobs(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = WORKFLOWS[name]["jobs"]
    return found


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in jobs(name).values() for step in job["steps"]]


def commands(name: str) -> list[str]:
    return [step["run"] for step in steps(name) if "run" in step]


def uses(name: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return each action with its version and what it is given."""
    used = [step for step in steps(name) if "uses" in step]
    return [(*step["uses"].split("@"), step.get("with", {})) for step in used]


def test_ci_runs_what_a_developer_runs_and_a_build() -> None:
    assert set(WORKFLOWS["ci"][TRIGGERS]) == {"push", "pull_request"}
    assert commands("ci") == ["make lint", "make test", ".venv/bin/sam build"]


def test_deploy_is_started_by_hand_for_an_environment_of_samconfig() -> None:
    (trigger,) = WORKFLOWS["deploy"][TRIGGERS].items()
    assert trigger[0] == "workflow_dispatch"
    assert {*trigger[1]["inputs"]["environment"]["options"]} == ENVIRONMENTS.keys()


def test_no_two_environments_share_what_they_upload() -> None:
    prefixes = [each["deploy"]["parameters"]["s3_prefix"] for each in ENVIRONMENTS.values()]
    stacks = [each["global"]["parameters"]["stack_name"] for each in ENVIRONMENTS.values()]
    assert prefixes == stacks
    assert len(set(prefixes)) == len(prefixes)


def test_deploy_asks_nobody_and_accepts_that_nothing_changed() -> None:
    build, deploy = commands("deploy")[-2:]
    assert build == '.venv/bin/sam build --config-env "$ENVIRONMENT"'
    options = "--no-confirm-changeset --no-fail-on-empty-changeset"
    assert deploy == f'sam deploy --config-env "$ENVIRONMENT" {options}'


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_make_target_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    targets |= {f".venv/{path.stem}" for path in (ROOT / "requirements").glob("*.txt")}
    for command in commands(name):
        if command.startswith("make "):
            assert command.removeprefix("make ") in targets


def test_permissions_are_the_least() -> None:
    assert WORKFLOWS["ci"]["permissions"] == {"contents": "read"}
    assert [job.get("permissions") for job in jobs("ci").values()] == [None]
    assert WORKFLOWS["deploy"]["permissions"] == {}
    assert {name: job["permissions"] for name, job in jobs("deploy").items()} == {
        "build": {"contents": "read"},
        "deploy": {"id-token": "write"},
    }


def test_the_job_that_may_reach_aws_installs_nothing_and_runs_none_of_our_code() -> None:
    job = jobs("deploy")["deploy"]
    assert job["needs"] == "build"
    assert [step["run"] for step in job["steps"] if "run" in step] == commands("deploy")[-1:]
    used = {step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step}
    assert used == {"actions/download-artifact", "aws-actions/configure-aws-credentials"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_runs_pinned_actions_and_lends_its_rights_to_nobody(name: str) -> None:
    """https://docs.github.com/en/actions/concepts/security/script-injections"""
    for action, commit, given in uses(name):
        assert action in KNOWN_ACTIONS
        assert re.fullmatch("[0-9a-f]{40}", commit)
        assert action != "actions/checkout" or given == {"persist-credentials": False}
    assert not [command for command in commands(name) if "${{" in command]
    assert not re.findall(r"secrets\.|pull_request_target", (FOLDER / f"{name}.yml").read_text())


def test_deployments_to_one_environment_never_overlap() -> None:
    assert WORKFLOWS["deploy"]["concurrency"] == {
        "group": "deploy-${{ inputs.environment }}",
        "cancel-in-progress": False,
    }


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflows_use_the_python_of_the_functions(name: str) -> None:
    runtime = re.search(r"Runtime: python([\d.]+)", (ROOT / "template.yaml").read_text())
    given = [given for action, _, given in uses(name) if action == "actions/setup-python"]
    assert runtime and [each["python-version"] for each in given] == [runtime[1]]
