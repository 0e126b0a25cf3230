"""Cold start: a new process imports the message function and answers its first publish."""

from functools import partial

from benchmarks.runtime import LAMBDAS_BOOTSTRAP, deployed, python_version
from rig.measure import in_turns, ratio, spread
from rig.report import Bar, Check, Report

_ROUNDS = 20
_MOST_OF_BOTO3 = 0.08
_LEAN, _ALL_AUTHORITIES, _BOTO3 = CLIENTS = "lean", "lean, with all authorities", "boto3"
_BARE, _IN_LAMBDA = BEFORE = ("time",), (LAMBDAS_BOOTSTRAP, "time")
"""What is imported before the function, and before its CPU time begins."""


def cpu_milliseconds() -> dict[tuple[str, tuple[str, ...]], list[float]]:
    """Return the CPU times of each client, beyond each of what is imported before."""
    with deployed(milliseconds=5) as function:
        everybody = {"AWS_CA_BUNDLE": str(function.stub.authorities)}
        programs = {
            (client, before): partial(
                function.publish,
                _LEAN if client == _ALL_AUTHORITIES else client,
                environment=everybody if client == _ALL_AUTHORITIES else {},
                imported_before=before,
            )
            for client in CLIENTS
            for before in BEFORE
        }
        for program in programs.values():
            program()  # brings its files into memory
        lives = in_turns(programs, _ROUNDS)
    return {name: [1000 * life.cpu_seconds for life in each] for name, each in lives.items()}


def report() -> Report:
    """Return CPU times and their ratios to boto3's."""
    cpu = cpu_milliseconds()
    ratios = {name: ratio(each, cpu[_BOTO3, name[1]]) for name, each in cpu.items()}
    rows = []
    for client in CLIENTS:
        names = [(client, before) for before in (_IN_LAMBDA, _BARE)]
        cells = [(spread(cpu[name]).text(), ratios[name].text()) for name in names]
        rows.append((client, *cells[0], *cells[1]))
    share = ratios[_LEAN, _IN_LAMBDA].median
    return Report(
        (
            "client",
            "CPU ms beyond Lambda's bootstrap",
            "over boto3's",
            "CPU ms beyond a bare interpreter",
            "over boto3's",
        ),
        rows,
        [Check("CPU of lean over boto3's, in Lambda's bootstrap", share, _MOST_OF_BOTO3)],
        plot_title="CPU milliseconds to the first answer, beyond a bare interpreter",
        bars=[Bar(name, spread(cpu[name, _BARE]).median, name == _LEAN) for name in CLIENTS],
        by=python_version(),
    )
