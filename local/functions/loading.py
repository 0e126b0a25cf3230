"""The functions' code and environment."""

import os
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location

from local.functions.invoker import Handler
from local.sam.template import Function, Stack

Load = Callable[[Function], Handler]


def load_handler(function: Function) -> Handler:
    """Return the handler of `function`, with its module as `functions.<folder>.<module>`."""
    module_name, handler_name = function.handler.rsplit(".", 1)
    spec = spec_from_file_location(
        f"functions.{function.code.name}.{module_name}", function.code / f"{module_name}.py"
    )
    if spec is None or spec.loader is None:
        raise ValueError(f"{function.name}: no module {module_name} in {function.code}")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Handler = getattr(module, handler_name)
    return handler


def set_environment(stack: Stack) -> None:
    """Set the environment of the functions of `stack`.

    A parameter override wins over a variable that is already set, as by `DELIVERY=...`, and such a
    variable over the template's default.
    """
    for function in stack.functions().values():
        for name, value in function.environment.items():
            if name in stack.overridden:
                os.environ[name] = value
            else:
                os.environ.setdefault(name, value)
    os.environ["TRACING"] = "Disabled"  # there is no X-Ray daemon here
