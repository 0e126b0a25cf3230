"""The programs of `docs/tokens.md`, run as they stand there: the authorizer takes their tokens."""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from functions.authorize import app
from local import ROOT
from rig.issuer import JWKS, Issuer
from rig.processes import need
from signaling.authorizer import tokens
from tests.support.authorizer import SECRET, configure, connect_with, effect_of
from tests.support.commands import run

DOCS = (ROOT / "docs" / "tokens.md").read_text()
ISSUER = "https://app.example.com"


def program(language: str, marker: str) -> str:
    """Return the one code block in `language` that contains `marker`."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", DOCS, re.DOTALL | re.MULTILINE)
    (found,) = [block for block in blocks if marker in block]
    return str(found)


def run_python(code: str, folder: Path) -> str:
    return _run([sys.executable, "-c", code], folder)


def run_node(code: str, folder: Path) -> str:
    """Run `code` as a module in `folder`, where it finds the project's npm packages."""
    node = need(shutil.which("node"), "the docs' programs need Node: apt install nodejs npm")
    jose = ROOT / "node_modules" / "jose"
    need(str(jose) if jose.exists() else None, "npm packages are missing: run make test")
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    (folder / "program.mjs").write_text(code)
    return _run([node, "--preserve-symlinks-main", "program.mjs"], folder)


def _run(command: list[str], folder: Path) -> str:
    result = run(*command, cwd=folder, env={**os.environ, "JWT_SECRET": SECRET})
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.strip()


@pytest.fixture
def with_secret(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with mock_aws():
        secrets = boto3.client("secretsmanager", region_name="eu-central-1")  # not the stack's
        arn = secrets.create_secret(Name="jwt", SecretString=SECRET)["ARN"]
        configure(monkeypatch, JWT_SECRET_ARN=arn, JWT_ISSUER=ISSUER, JWT_AUDIENCE="demo")
        yield
    configure(monkeypatch)


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    with Issuer() as issuer:
        jwks_url = f"{issuer.url}{JWKS}"
        configure(monkeypatch, JWT_ISSUER=ISSUER, JWKS_URL=jwks_url, JWT_AUDIENCE="demo")
        yield issuer
    configure(monkeypatch)


def who_is_let_in(token: str, topics: list[str]) -> str:
    """Return in whose name the token lets in."""
    answer = connect_with(token)
    assert effect_of(answer) == "Allow"
    assert json.loads(answer["context"]["topics"]) == topics
    return str(answer["principalId"])


@pytest.mark.parametrize(("language", "run_code"), [("python", run_python), ("js", run_node)])
def test_a_program_mints_with_a_secret(
    with_secret: None, tmp_path: Path, language: str, run_code: Callable[[str, Path], str]
) -> None:
    token = run_code(program(language, "JWT_SECRET"), tmp_path)
    assert who_is_let_in(token, ["team-1/*", "lobby"]) == "ada"


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_python_mints_with_keys_of_node(issuer: Issuer, tmp_path: Path, algorithm: str) -> None:
    run_node(program("js", "generateKeyPair").replace("ES256", algorithm), tmp_path)
    issuer.answers[JWKS] = (200, {}, (tmp_path / "public" / "jwks.json").read_bytes())
    assert '"d"' not in (tmp_path / "public" / "jwks.json").read_text()
    assert (tmp_path / "private.json").stat().st_mode & 0o077 == 0
    who_is_let_in(run_python(program("python", "private.json"), tmp_path), ["team-1/*"])


def test_every_reason_of_the_authorizer_is_explained() -> None:
    source = Path(tokens.__file__).read_text() + Path(app.__file__).read_text()
    reasons = set(tokens.REASONS.values()) | set(re.findall(r'(?:Error\(|refused=)"(\w+)"', source))
    reasons |= {"two_tokens", "malformed", "origin", "no_exp", "no_aud", "no_iss"}
    for reason in reasons:
        assert f"`{reason}`" in DOCS
