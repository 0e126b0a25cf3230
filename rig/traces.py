"""What pages in Chromium sent to y-webrtc's own server, as `tests/traces` has it."""

import json
from pathlib import Path

from local import ROOT

TRACES = ROOT / "tests" / "traces"


def sent(trace: Path) -> list[tuple[int, str]]:
    """Return the messages of a recording, each with the number of its page."""
    events = [json.loads(line) for line in trace.read_text().splitlines()]
    return [
        (each["peer"], each["payload"])
        for each in events
        if each["dir"] == "send" and each["opcode"] == 1
    ]
