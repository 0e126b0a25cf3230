"""`python -m check` and its probes, run against servers that work and servers that do not."""

import asyncio
import io
import json
import os
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from check.probes import PROBES, run
from check.report import Report
from check.target import Target
from rig.servers import LocalServer
from tests.support.commands import run as run_command

QUICK = {probe.name for probe in PROBES} - {"at once", "latency"}


class Checked(NamedTuple):
    """What `python -m check` made of a server."""

    status: int
    findings: list[dict[str, Any]]
    output: str

    def of(self, outcome: str) -> list[str]:
        return [each["probe"] for each in self.findings if each["outcome"] == outcome]


def environment(token: str | None = None) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("TOKEN")}
    return {**kept, **({"TOKEN": token} if token else {})}


def check(url: str, *options: str, token: str | None = None, **variables: str) -> Checked:
    """Run the whole check as `make check FORMAT=json` does."""
    command = [sys.executable, "-m", "check", url, "--format", "json", *options]
    done = run_command(*command, env={**environment(token), **variables}, timeout=120)
    output = done.stdout + done.stderr
    assert "Traceback" not in output, output
    return Checked(done.returncode, [json.loads(line) for line in done.stdout.splitlines()], output)


def faults(
    server: LocalServer,
    *only: str,
    token: str | None = None,
    delivery: str = "addressed",
    expired_token: str | None = None,
    foreign_token: str | None = None,
) -> dict[str, str]:
    """Return by probe what failed, and what that means, of the probes `only` or of the quick."""
    target = Target.parse(server.websocket_url, token, None, delivery)._replace(
        expired_token=expired_token, foreign_token=foreign_token
    )
    probes = [each for each in PROBES if each.name in (only or QUICK)]
    output = io.StringIO()
    passed = asyncio.run(run(target, probes, Report(True, output, io.StringIO())))
    findings = [json.loads(line) for line in output.getvalue().splitlines()]
    failed = {each["probe"]: each["means"] for each in findings if each["outcome"] == "failed"}
    assert passed is not bool(failed)
    return failed
