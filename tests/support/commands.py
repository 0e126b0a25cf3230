"""Programs that tests run to their end."""

import subprocess
from pathlib import Path
from typing import Any

from local import ROOT

Done = subprocess.CompletedProcess[str]


def run(*command: object, cwd: Path = ROOT, timeout: float = 60, **options: Any) -> Done:
    """Run it in the project's folder, for a minute at most."""
    return subprocess.run(
        [*map(str, command)], cwd=cwd, timeout=timeout, capture_output=True, text=True, **options
    )
