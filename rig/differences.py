"""All that ministack does otherwise than AWS and that the tests change for its sake.

Run as a program, with ministack's own Python, this is ministack with those changes.
"""

import asyncio
import os
import shutil
import threading
from collections import defaultdict
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

PING = ("PingRoute", "PingIntegration", "PingIntegrationResponse", "PingRouteResponse")
"""CloudFormation there knows no IntegrationResponse and no RouteResponse, and refuses a template
that has them. Without the route a ping goes to the message function, which answers it as well."""

AT_ONCE = 40
"""Invocations of one function that may be under way; each is a process on this machine.

Most only wait, for half a second or 1.5 s, as after pages have left. With four, the messages of 20
pages in a large room came 5 to 15 s late because of that.
"""


def adapt_template(template: dict[str, Any], folder: Path) -> None:
    """Take what the emulator cannot deploy out of the stack's template, which is in `folder`."""
    for name in PING:
        del template["Resources"][name]
    _leave_out_cryptography(template["Resources"]["AuthorizeFunction"]["Properties"], folder)


def _leave_out_cryptography(authorizer: dict[str, Any], folder: Path) -> None:
    """Deploy the authorizer without a package that was compiled for Lambda's version of Python.

    The emulator runs functions with its own. PyJWT then checks tokens with a secret only.
    """
    copy = folder / "AuthorizeFunctionForEmulator"
    shutil.rmtree(copy, ignore_errors=True)
    compiled = shutil.ignore_patterns("cryptography*", "*cffi*")
    shutil.copytree(folder / authorizer["CodeUri"], copy, ignore=compiled)
    authorizer["CodeUri"] = copy.name


def adapt_emulator() -> None:
    """Change what the emulator does, before it serves."""
    _invoke_functions_at_once()
    _take_messages_as_they_come()
    _remember_when_clients_connected()
    _name_s3_as_aws_does()
    _check_conditions_once()


def _invoke_functions_at_once() -> None:
    """Run messages at once, and print what functions log.

    ministack has one process for all the messages of a function, so they never meet, and drops
    their log lines. In Lambda each message that is under way has an environment of its own.
    """
    from ministack.core import lambda_runtime

    slots: dict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(AT_ONCE))

    class Lease:
        def __init__(self, function: str, *arguments: Any, **keywords: Any) -> None:
            self._slot = slots[function]
            self._acquire = partial(lambda_runtime.acquire_worker, function, *arguments, **keywords)

        def invoke(self, event: dict[str, Any], request_id: str) -> dict[str, Any]:
            with self._slot:
                worker, _ = self._acquire()
                try:
                    answer: dict[str, Any] = worker.invoke(event, request_id)
                finally:
                    lambda_runtime.release_worker(worker)
            print(answer.get("log", "") + "\n", end="", flush=True)
            return answer

    lambda_runtime.get_or_create_worker = Lease


def _take_messages_as_they_come() -> None:
    """Read on while a client's message is handled; ministack reads the next one only after that.

    So API Gateway does: two messages of one client overtake each other, and each has the time at
    which it came.
    """
    from ministack.services import apigateway

    invoke = apigateway._invoke_ws_lambda
    under_way: set[asyncio.Task[Any]] = set()

    async def invoke_or_start(*arguments: Any, **keywords: Any) -> Any:
        invocation = invoke(*arguments, **keywords)
        if "MESSAGE" not in arguments:
            return await invocation
        task = asyncio.create_task(invocation)
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        return None

    apigateway._invoke_ws_lambda = invoke_or_start


def _remember_when_clients_connected() -> None:
    """Tell on every event when its client connected; ministack tells when the event happened."""
    from ministack.services import apigateway

    context_of = apigateway._ws_request_context
    connected_at: dict[str, int] = {}

    def request_context(*arguments: Any) -> dict[str, Any]:
        context: dict[str, Any] = context_of(*arguments)
        now = context["requestTimeEpoch"]
        context["connectedAt"] = connected_at.setdefault(context["connectionId"], now)
        return context

    apigateway._ws_request_context = request_context


def _name_s3_as_aws_does() -> None:
    """Let `sam delete` find S3 in the URL of a nested stack's template.

    `sam deploy` makes that URL of the endpoint that it is given; `sam delete` takes only AWS's.
    """
    from ministack.services.cloudformation import helpers

    document_of = helpers._resolve_document
    here = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}/"

    def resolve_document(*arguments: Any) -> tuple[str | None, Any]:
        document, problem = document_of(*arguments)
        return document and document.replace(here, "https://s3.us-east-1.amazonaws.com/"), problem

    helpers._resolve_document = resolve_document


def _check_conditions_once() -> None:
    """Remember what is wrong with a condition's syntax: mostly nothing.

    ministack checks the condition of a query once for each row of the partition, whatever the
    `Limit`. In a room of 120 that took a third of the time of the thread that serves everybody.
    """
    from ministack.services import dynamodb

    dynamodb._condition_syntax_error = lru_cache(dynamodb._condition_syntax_error)


if __name__ == "__main__":
    from ministack.app import main

    adapt_emulator()
    main()
