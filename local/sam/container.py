"""Input of `make invoke` for `sam local invoke`: `python -m local.sam.container EVENT`."""

import json
import sys
import time
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

from local import ROOT
from local.gateway.lambda_events import TIMES

HOST = "host.docker.internal"
"""This machine's name in a container."""

_ENDPOINTS = {
    "AWS_ENDPOINT_URL_DYNAMODB": f"http://{HOST}:8000",
    "CONNECTIONS_ENDPOINT": f"http://{HOST}:4444/dev",
}


def write_files(build: Path, event: Path) -> None:
    """Write template, environment and event beside the template that `sam build` left in `build`.

    `sam local invoke` sets only variables that the template declares, so a copy declares them. The
    event gets the current time, because a row lives for two hours.
    """
    template = yaml_parse((build / "template.yaml").read_text())
    template["Globals"]["Function"]["Environment"]["Variables"] |= _ENDPOINTS
    (build / "local.json").write_text(json.dumps(template))
    (build / "environment.json").write_text(json.dumps({"Parameters": _ENDPOINTS}))
    now = int(time.time() * 1000)
    raw = json.loads(event.read_text())
    context = raw["requestContext"]
    context.update({name: now for name in TIMES if name in context})
    (build / "event.json").write_text(json.dumps(raw))


if __name__ == "__main__":
    write_files(ROOT / ".aws-sam" / "build", Path(sys.argv[1]))
