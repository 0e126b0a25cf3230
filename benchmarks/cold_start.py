"""Cold start: a new process imports the message function and answers its first publish."""

import json
import shutil
from collections.abc import Callable

from benchmarks import ROOT
from benchmarks.measure import Ended, in_turns, ratio, run, spread
from benchmarks.report import Bar, Check, Report
from benchmarks.runtime import BARE, Deployed, event, python_version
from benchmarks.stub import Stub

_ROUNDS = 12
_MOST_OF_BOTO3 = 1 / 5
_LEAN, _BOTO3, _NODE = "lean", "boto3", "Node, AWS SDK v3"
_BARE_PYTHON, _BARE_NODE = "bare Python", "bare Node"
_HANDLER = ROOT / "benchmarks" / "node" / "handler.mjs"


def cpu_milliseconds() -> dict[str, list[float]]:
    """Return CPU times of every round by variant, over those of a bare interpreter."""
    node = shutil.which("node") or "node"
    stub, deployed = Stub(milliseconds=5), Deployed()
    lean, boto3 = stub.environment("lean"), stub.environment("boto3")
    of_node = {**lean, "EVENT": json.dumps(event(1)), "NODE_NO_WARNINGS": "1"}
    programs: dict[str, Callable[[], Ended]] = {
        _BARE_PYTHON: lambda: run(BARE),
        _BARE_NODE: lambda: run([node, "-e", "0"]),
        _LEAN: lambda: deployed.publish(lean),
        _BOTO3: lambda: deployed.publish(boto3),
        _NODE: lambda: run([node, str(_HANDLER)], of_node),
    }
    try:
        for program in programs.values():
            program()  # brings its files into memory
        rounds = in_turns(programs, _ROUNDS)
    finally:
        stub.stop()
        deployed.remove()
    cpu = {name: [1000 * each.cpu_seconds for each in ended] for name, ended in rounds.items()}
    bare = {name: spread(cpu.pop(name)).median for name in (_BARE_PYTHON, _BARE_NODE)}
    return {
        name: [each - bare[_BARE_NODE if name == _NODE else _BARE_PYTHON] for each in figures]
        for name, figures in cpu.items()
    }


def report() -> Report:
    """Return CPU times and their ratios to boto3's."""
    cpu = cpu_milliseconds()
    of_boto3 = {name: ratio(figures, cpu[_BOTO3]) for name, figures in cpu.items()}
    return Report(
        "cold_start",
        "Cold start of the message function",
        ("client", "CPU ms over a bare interpreter", "over boto3's"),
        [(name, spread(figures).text(), of_boto3[name].text()) for name, figures in cpu.items()],
        [
            f"A new process imports the function and answers one publish: a Query and one post. "
            f"{python_version()}; {_ROUNDS} rounds in turns, medians with quartiles. The "
            "layer has bytecode, as `sam build` makes it where it finds that Python.",
        ],
        [Check("CPU of lean over boto3's", of_boto3[_LEAN].median, _MOST_OF_BOTO3)],
        "CPU milliseconds to the first answer",
        [Bar(name, spread(cpu[name]).median, name == _LEAN) for name in cpu],
    )
