"""The authorizer as tests ask it: with tokens in the event of a handshake."""

import base64
import json
import time
from typing import Any

import pytest

from functions.authorize.app import lambda_handler
from signaling.authorizer import tokens
from tests.support.events import EVENTS, Invocation
from tests.support.unseen import assert_unseen

CONNECT = EVENTS["connect_page"]
METHOD = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/dev/$connect"
SECRET = "correct horse battery staple, and then some"


def configure(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name in ("JWT_ISSUER", "JWKS_URL", "JWT_AUDIENCE", "JWT_SECRET_ARN"):
        monkeypatch.setenv(name, variables.get(name, ""))
    tokens.reset()


def connect_with(*tokens: str, **fields: Any) -> dict[str, Any]:
    query = {"multiValueQueryStringParameters": {"token": list(tokens)}} if tokens else {}
    event = {**CONNECT, "type": "REQUEST", "methodArn": METHOD, **query, **fields}
    answer: dict[str, Any] = lambda_handler(event, Invocation())
    return answer


def effect_of(answer: dict[str, Any]) -> str:
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement["Action"] == "execute-api:Invoke"
    assert statement["Resource"] == METHOD
    return str(statement["Effect"])


class Refusals:
    """Connects with bad tokens, and looks at what the log says of them."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def reason(self, *tokens: str, **fields: Any) -> str:
        self._capsys.readouterr()
        answer = connect_with(*tokens, **fields)
        assert effect_of(answer) == "Deny"
        assert "context" not in answer
        output = self._capsys.readouterr()
        assert_unseen(output.out + output.err, *tokens)
        assert SECRET not in output.out + output.err
        assert not output.err
        return str(json.loads(output.out)["refused"])


def now() -> int:
    return int(time.time())


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
