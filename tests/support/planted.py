"""Local servers with a fault: their code is changed before they start."""

from collections.abc import Callable
from textwrap import indent

from rig.servers import LocalServer, StartLocalServer

Plant = Callable[..., LocalServer]
"""Starts a server with a fault and with options."""


def planted(local_server: StartLocalServer, fault: str, *options: str) -> LocalServer:
    return local_server(*options, program=program_with(fault))


def program_with(fault: str) -> str:
    start = "import sys\nfrom local.__main__ import main\nsys.exit(main())\n"
    return f"import local\n{fault}\n{start}"


def replaced(module: str, name: str, parameters: str, body: str) -> str:
    """Return the fault that `name` of a module has another `body`, which may call `original`."""
    return f"""
import {module}

def changed({parameters}, original={module}.{name}):
{indent(body.strip(), "    ")}

{module}.{name} = changed
"""


def with_functions(handle: str) -> str:
    """Return a fault that runs `handle(name, handler, event, context)` for each invocation.

    `handle` is its source; `name` is the function's in the template, `handler` its own handler.
    What it tells with `say(key=value)` is in the server's log: a whole line, whoever else logs.
    """
    return f"""
import json, sys, time
from functools import partial
from local.functions import invoker, loading

def say(**fields):
    sys.stdout.write(json.dumps(fields) + "\\n")
    sys.stdout.flush()

{handle}

real = loading.load_handler
loading.load_handler = lambda function: partial(handle, function.name, real(function))
"""
