"""How the local server's gateway lets clients in, with the template's authorizer in front."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from local import ROOT
from local.functions.invoker import InlineInvoker
from local.gateway.connection import Connection, Refusal
from local.gateway.gateway import Gateway
from local.gateway.lambda_events import Handshake
from local.sam.template import AUTHORIZER, Function, Stack, load
from tests.support.sockets import RecordingSocket

Event = dict[str, Any]

ALLOW = [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}]
DENY = [{"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": "*"}]
ELSEWHERE = [{**ALLOW[0], "Resource": "arn:aws:execute-api:*:*:local/another/$connect"}]


def answer_of(statements: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    policy = {"Version": "2012-10-17", "Statement": statements}
    return {"principalId": "ada", "policyDocument": policy, **fields}


class Front:
    """A gateway whose functions record their events, and whose authorizer gives one answer."""

    def __init__(self, stack: Stack, authorize: Callable[[], Any]) -> None:
        self.invoked: list[tuple[str, Event]] = []

        def load(function: Function) -> Callable[[Event, object], Any]:
            def handle(event: Event, context: object) -> Any:
                self.invoked.append((event["requestContext"]["routeKey"], event))
                return {"statusCode": 200}

            def decide(event: Event, context: object) -> Any:
                self.invoked.append((AUTHORIZER, event))
                return authorize()

            return decide if stack.authorizer and function == stack.authorizer.function else handle

        self.gateway = Gateway(stack, InlineInvoker(), load=load)

    def connect(self, query: str = "token=a.b.c") -> Connection | Refusal:
        handshake = Handshake("/", query, [("Host", "localhost")], "192.0.2.1")
        return asyncio.run(self.gateway.connect(handshake))

    def connected(self, query: str = "token=a.b.c") -> Connection:
        connection = self.connect(query)
        assert isinstance(connection, Connection)
        self.gateway.opened(connection, RecordingSocket())
        return connection

    def routes(self) -> list[str]:
        return [route for route, _ in self.invoked]


@pytest.fixture(scope="module")
def guarded() -> Stack:
    return load(ROOT / "template.yaml", {"JwtIssuer": "https://login.example.com"})


@pytest.mark.parametrize("query", ["", "token", "token=", "Token=a.b.c", "access_token=a.b.c"])
def test_no_token_is_a_401_and_no_function_runs(guarded: Stack, query: str) -> None:
    front = Front(guarded, lambda: answer_of(ALLOW))
    assert front.connect(query) == Refusal(401)
    assert front.invoked == []


@pytest.mark.parametrize("statements", [DENY, ALLOW + DENY, ELSEWHERE, []])
def test_what_the_policy_does_not_allow_is_a_403(
    guarded: Stack, statements: list[dict[str, Any]]
) -> None:
    front = Front(guarded, lambda: answer_of(statements))
    assert front.connect() == Refusal(403)
    assert front.routes() == [AUTHORIZER]


def test_a_raising_authorizer_is_a_500(guarded: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    front = Front(guarded, lambda: 1 / 0)
    assert front.connect() == Refusal(500)
    assert front.routes() == [AUTHORIZER]
    assert "ZeroDivisionError" in capsys.readouterr().err


NO_POLICIES: list[Any] = [
    *(None, True, "Allow", [], {}, {"isAuthorized": True}),
    {"principalId": "ada", "policyDocument": None},
    {"principalId": "ada", "policyDocument": {"Statement": "Allow"}},
    {"principalId": "ada", "policyDocument": {"Statement": [{}]}},
    {"policyDocument": {"Statement": ALLOW}},
    answer_of(ALLOW, context=[]),
    answer_of(ALLOW, context={"topics": ["a", "b"]}),
    answer_of(ALLOW, context={"topics": None}),
    answer_of(ALLOW, context={"topics": "\u00e9" * 4096}),
    answer_of([*ALLOW, {**ALLOW[0], "Effect": "Perhaps"}]),
]


@pytest.mark.parametrize("answer", NO_POLICIES)
def test_an_answer_that_is_no_policy_is_a_500(
    guarded: Stack, answer: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    front = Front(guarded, lambda: answer)
    assert front.connect() == Refusal(500)
    assert front.routes() == [AUTHORIZER]
    assert capsys.readouterr().err.startswith("error: the authorizer's answer: ")


def test_the_authorizer_sees_the_token_and_what_it_guards(guarded: Stack) -> None:
    front = Front(guarded, lambda: answer_of(DENY))
    front.connect("token=first&token=a%2Eb.c&x=")
    ((_, event),) = front.invoked
    assert event["type"] == "REQUEST"
    assert event["methodArn"].endswith("/dev/$connect")
    assert event["queryStringParameters"] == {"token": "a.b.c", "x": ""}
    assert event["multiValueQueryStringParameters"] == {"token": ["first", "a.b.c"], "x": [""]}
    assert "authorizer" not in event["requestContext"]


def test_the_context_is_on_every_later_event_as_text(guarded: Stack) -> None:
    context = {"topics": '["a"]', "admin": True, "level": 3}
    front = Front(guarded, lambda: answer_of(ALLOW, context=context))
    connection = front.connected()
    front.gateway.received(connection, "{}")
    front.gateway.closed(connection, 1001)
    assert front.routes() == [AUTHORIZER, "$connect", "$default", "$disconnect"]
    for _, event in front.invoked[1:]:
        authorizer = event["requestContext"]["authorizer"]
        assert authorizer["principalId"] == "ada"
        told = {key: authorizer[key] for key in context}
        assert told == {"topics": '["a"]', "admin": "true", "level": "3"}


def test_no_message_runs_a_function_that_is_not_for_messages(guarded: Stack) -> None:
    front = Front(guarded, lambda: answer_of(ALLOW))
    connection = front.connected()
    for name in ("authorizer", AUTHORIZER, "$connect", "$disconnect"):
        front.gateway.received(connection, json.dumps({"type": name}))
    assert front.routes() == [AUTHORIZER, "$connect", *["$default"] * 4]
