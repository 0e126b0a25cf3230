"""Cold start: a new process imports the message function and answers its first publish."""

from collections.abc import Callable, Mapping

from benchmarks.runtime import LAMBDAS_BOOTSTRAP, Deployed, python_version
from benchmarks.stub import Stub
from rig.measure import in_turns, ratio, spread
from rig.report import Bar, Check, Report

_ROUNDS = 20
_MOST_OF_BOTO3 = 1 / 10
_LEAN, _BOTO3 = "lean", "boto3"
_ALL_AUTHORITIES = "lean, with all authorities"

Programs = dict[str, Callable[[], float]]
Milliseconds = dict[str, list[float]]
"""CPU times of every round by client."""


def cpu_milliseconds() -> tuple[Milliseconds, Milliseconds]:
    """Return CPU times beyond Lambda's own bootstrap, and beyond a bare interpreter."""
    stub, deployed = Stub(milliseconds=5), Deployed()
    everybody = {"AWS_CA_BUNDLE": str(stub.authorities)}

    def python(name: str, client: str, environment: Mapping[str, str]) -> Programs:
        def started(*modules: str) -> float:
            before = (*modules, "time")
            life = deployed.publish(stub, client, environment=environment, imported_before=before)
            return life.cpu_seconds

        return {f"{name} in Lambda's": lambda: started(LAMBDAS_BOOTSTRAP), name: started}

    programs: Programs = {
        **python(_LEAN, "lean", {}),
        **python(_ALL_AUTHORITIES, "lean", everybody),
        **python(_BOTO3, "boto3", {}),
    }
    try:
        for program in programs.values():
            program()  # brings its files into memory
        rounds = in_turns(programs, _ROUNDS)
    finally:
        stub.stop()
        deployed.remove()
    cpu = {name: [1000 * each for each in seconds] for name, seconds in rounds.items()}
    in_lambdas = {
        name: cpu.pop(f"{name} in Lambda's") for name in (_LEAN, _ALL_AUTHORITIES, _BOTO3)
    }
    return in_lambdas, cpu


def report() -> Report:
    """Return CPU times and their ratios to boto3's."""
    in_lambdas, in_bare = cpu_milliseconds()
    share = ratio(in_lambdas[_LEAN], in_lambdas[_BOTO3])
    return Report(
        "cold_start",
        "Cold start of the message function",
        (
            "client",
            "CPU ms beyond Lambda's bootstrap",
            "over boto3's",
            "CPU ms beyond a bare interpreter",
            "over boto3's",
        ),
        [(name, *_cells(in_lambdas, name), *_cells(in_bare, name)) for name in in_bare],
        [
            "A new process imports the function and handles one announce: a write, a Query and one "
            f"post. {python_version()}; {_ROUNDS} rounds in turns, medians with quartiles. The layer "
            "has bytecode, as `sam build` makes it where it finds that Python.",
            "Lambda's bootstrap is `awslambdaric`, which has imported `json`, `re`, `logging` and "
            "more before any function of Python's is imported: what is beyond it is what the "
            "function adds.",
            "The lean client reads the certificates of Amazon's five authorities and one of this "
            "benchmark's own; the second row is without them, as outside the `aws` partition.",
        ],
        [Check("CPU of lean over boto3's, in Lambda's bootstrap", share.median, _MOST_OF_BOTO3)],
        "CPU milliseconds to the first answer, beyond a bare interpreter",
        [Bar(name, spread(in_bare[name]).median, name == _LEAN) for name in in_bare],
    )


def _cells(milliseconds: Milliseconds, name: str) -> tuple[str, str]:
    of_boto3 = ratio(milliseconds[name], milliseconds[_BOTO3])
    return spread(milliseconds[name]).text(), of_boto3.text()
