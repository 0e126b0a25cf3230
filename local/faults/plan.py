"""The wanted faults with their rates, and the dice that decide when each occurs. Pure."""

import random
import threading
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

RATES = {
    "posts": ("410", "429", "500", "silent", "unanswered"),
    "table": ("throttled", "failing", "silent", "unanswered"),
    "functions": ("killed",),
    "disconnects": ("lost",),
}
"""The parts of AWS that can fail, each with its faults: a rate of 0.1 is one time in ten.

`posts.410` to `posts.500` refuse a request to @connections with this status. A silent request gets
no answer and has no effect; an unanswered one has its effect, and only its answer is lost.
"""

_COLD = "functions.cold"
_SEED = "seed"
NAMES = [*(f"{part}.{name}" for part, names in RATES.items() for name in names), _COLD, _SEED]
"""All names that a plan may use."""

_LARGEST_SEED = 999_999


class Plan(NamedTuple):
    """The wanted faults."""

    rates: Mapping[str, Mapping[str, float]]
    """By part and fault; only those that are wanted."""
    cold_seconds: float
    """The delay of an invocation that finds no idle instance of its function."""
    seed: int
    """Decides when each fault occurs."""

    def __str__(self) -> str:
        """Return it in the form of `--faults`."""
        rates = [f"{part}.{name}={rate:g}" for part in self.rates for name, rate in self.of(part)]
        cold = [f"{_COLD}={self.cold_seconds * 1000:g}"] if self.cold_seconds else []
        return ",".join([*rates, *cold, f"{_SEED}={self.seed}"])

    def of(self, part: str) -> list[tuple[str, float]]:
        """Return the faults that are wanted in `part`, with their rates."""
        return list(self.rates.get(part, {}).items())


def read_plan(text: str) -> Plan:
    """Return the plan in `text`, such as `posts.429=0.1,seed=7`, or in the file `text`.

    Raises:
        ValueError: it names an unknown fault or an impossible rate.
        OSError: there is no such file.
    """
    if "=" in text:
        pairs = [each.strip().partition("=") for each in text.split(",")]
        return plan_of({name.strip(): value.strip() for name, _, value in pairs})
    try:
        tables = tomllib.loads(Path(text).read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{text} is not TOML: {error}") from None
    flat: dict[str, Any] = {}
    for name, value in tables.items():
        of_table = value.items() if isinstance(value, dict) else ()
        flat |= {f"{name}.{fault}": rate for fault, rate in of_table} or {name: value}
    return plan_of(flat)


def plan_of(wanted: Mapping[str, Any]) -> Plan:
    """Return the plan with the values `wanted`, by the names of `NAMES`.

    Raises:
        ValueError: as `read_plan`.
    """
    for name in wanted:
        if name not in NAMES:
            raise ValueError(f"no such fault: {name}; there are {', '.join(NAMES)}")
    seed = _number(wanted, _SEED, random.randint(0, _LARGEST_SEED))
    if seed != int(seed):
        raise ValueError(f"{_SEED}={wanted[_SEED]}: not a whole number")
    rates = {
        part: {name: rate for name in names if (rate := _number(wanted, f"{part}.{name}"))}
        for part, names in RATES.items()
    }
    for part, each in rates.items():
        if sum(each.values()) > 1:
            raise ValueError(f"the rates of {part} are more than 1 together")
    return Plan(
        {part: each for part, each in rates.items() if each},
        _number(wanted, _COLD) / 1000,
        int(seed),
    )


def _number(wanted: Mapping[str, Any], name: str, default: float = 0) -> float:
    try:
        number = float(wanted.get(name, default))
    except (ValueError, TypeError):
        raise ValueError(f"{name}={wanted[name]}: not a number") from None
    is_rate = name not in (_COLD, _SEED)
    if not 0 <= number < float("inf") or (is_rate and number > 1):
        meaning = "a rate from 0 to 1" if is_rate else "0 or more"
        raise ValueError(f"{name}={wanted[name]}: it must be {meaning}")
    return number


class Throw(NamedTuple):
    """The result of one throw of the dice."""

    fault: str | None
    share: float
    """A second number, from 0 to 1: how far something gets before it is killed, for example."""


class Dice:
    """Decides when one part fails, from any thread: the nth throw of a seed is always the same."""

    def __init__(self, plan: Plan, part: str) -> None:
        self._part = part
        self._faults = plan.of(part)
        self._random = random.Random(f"{plan.seed} {part}")
        self._lock = threading.Lock()
        self.made: Counter[str] = Counter()
        """How often each fault was made."""

    def throw(self) -> Throw:
        """Decide whether a fault occurs now."""
        # Two numbers each time, under the lock: threads that alternated between them would shift
        # all later throws.
        with self._lock:
            point, share = self._random.random(), self._random.random()
            for fault, rate in self._faults:
                point -= rate
                if point < 0:
                    self.made[f"{self._part}.{fault}"] += 1
                    return Throw(fault, share)
            return Throw(None, share)
