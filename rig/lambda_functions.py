"""Functions as Lambda runs them: AWS's Runtime Interface Emulator and runtime client.

The emulator is a Linux program inside aws-sam-cli's wheel, so none of this needs Docker.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from local import ROOT
from local.sam.template import Function
from rig.processes import Process, free_port, is_listening, need

_INVOCATIONS = "/2015-03-31/functions/function/invocations"
_RUNTIME = "3.13"  # of template.yaml
_SECONDS = 60

TRACE = "1-6a23a18a-1f0c5d5e4b7a4d0c2f6b9e31"

# `python -m awslambdaric`, for each event with the trace that Lambda, not its emulator, tells.
_CLIENT = f"""
import os, sys
from awslambdaric import __main__, bootstrap
trace = "Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1"
bootstrap.update_xray_env_variable = lambda _: os.environ.update(_X_AMZN_TRACE_ID=trace)
__main__.main(sys.argv)
"""


class Runtime(NamedTuple):
    """A Python that runs functions."""

    python: Path
    libraries: tuple[Path, ...]
    """What it brings: awslambdaric with what that needs, and nothing else."""

    @property
    def is_lambdas(self) -> bool:
        """Whether it is of the version that Lambda runs."""
        return _python_version(self.python) == _RUNTIME


def find_runtime() -> Runtime:
    """Return Lambda's own version of Python if this machine has it, else that of the tests."""
    installed = Path("~/.pyenv/versions").expanduser().glob(f"{_RUNTIME}*/bin/python3")
    candidates = [Path(sys.executable), Path(shutil.which(f"python{_RUNTIME}") or ""), *installed]
    is_right = (each for each in candidates if _python_version(each) == _RUNTIME)
    python = next(is_right, Path(sys.executable))
    return Runtime(python, (runtime_client(_python_version(python)),))


class LambdaFunction(Process):
    """One execution environment of a function."""

    def __init__(
        self,
        function: Function,
        runtime: Runtime,
        layers: Iterable[Path],
        environment: Mapping[str, str],
    ) -> None:
        """Run `function` with the packages of `layers`, and `environment` beside its own."""
        self._port = free_port()
        super().__init__(
            [
                str(_emulator()),
                *("--runtime-interface-emulator-address", f"127.0.0.1:{self._port}"),
                *("--runtime-api-address", f"127.0.0.1:{free_port()}"),
                # Without the packages of this Python: a function has what was built for it.
                *(str(runtime.python), "-S", "-c", _CLIENT, function.handler),
            ],
            {
                "AWS_REGION": "us-east-1",
                # Not the function's own: without bytecode boto3 takes some seconds, or more here.
                "AWS_LAMBDA_FUNCTION_TIMEOUT": f"{_SECONDS}",
                "LAMBDA_TASK_ROOT": str(function.code),
                "PYTHONPATH": os.pathsep.join(map(str, [*layers, *runtime.libraries])),
                "PYTHONDONTWRITEBYTECODE": "1",  # where Lambda has the code nothing can be written
                **function.environment,
                **environment,
            },
            function.code,
        )

    def start(self) -> None:
        """Start the emulator, which starts the function with its first event."""
        self._launch(self._command, lambda: is_listening(self._port))

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """Return the function's answer to `event`, or fail with its error, a 200 here too."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{_INVOCATIONS}",
            json.dumps(event).encode(),
        )
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:
            answer = json.loads(response.read())
        assert "errorMessage" not in answer, f"{answer}\n{self.output}"
        return answer


def _python_version(python: Path) -> str:
    """Return such as `3.13`, or nothing: pyenv has launchers for versions that are switched off."""
    if not python.is_file():
        return ""
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    found = subprocess.run([python, "-c", program], capture_output=True, text=True)
    return found.stdout.strip()


def _emulator() -> Path:
    need("linux" if sys.platform == "linux" else None, "AWS's emulator of Lambda runs on Linux")
    wheel = find_spec("samcli")
    assert wheel and wheel.origin
    processor = "arm64" if platform.machine() == "aarch64" else "x86_64"
    return Path(wheel.origin).parent / "local" / "rapid" / f"aws-lambda-rie-{processor}"


def runtime_client(python_version: str) -> Path:
    """Return a folder with the runtime client for `python_version`, installed once."""
    client = f"awslambdaric=={version('awslambdaric')}"
    folder = ROOT / ".cache" / f"{client}-python{python_version}"
    if not folder.exists():
        part = Path(f"{folder}.{os.getpid()}")
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
                *("--only-binary=:all:", "--implementation", "cp"),
                *("--python-version", python_version),
                *("--platform", f"manylinux2014_{platform.machine()}"),
                *("--target", str(part), client),
            ],
            check=True,
        )
        part.rename(folder)
    return folder
