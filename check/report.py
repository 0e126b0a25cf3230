"""Printed output: a line for each finding, for people or as JSON."""

import json
import os
import sys
import time
from collections import Counter
from typing import NamedTuple, TextIO

from check.findings import Finding, Outcome

_CLEAR = "\r\x1b[K"
_SECONDS_BETWEEN_LINES = 10.0


class Report:
    """Prints findings, and the progress on stderr."""

    def __init__(
        self, is_json: bool = False, output: TextIO = sys.stdout, notes: TextIO = sys.stderr
    ) -> None:
        self._is_json = is_json
        self._output = output
        self._notes = _Notes(notes)
        self._outcomes = Counter[Outcome]()
        self._started = time.monotonic()

    def begin(self, what: str) -> None:
        """Print what is checked."""
        if not self._is_json:
            self._print(what)

    def tell(self, finding: Finding) -> None:
        """Print a finding."""
        self._notes.clear()
        self._outcomes[finding.outcome] += 1
        text = _as_json(finding) if self._is_json else _as_text(finding)
        self._print(text)

    def progress(self, text: str) -> None:
        """Show the progress."""
        self._notes.show(text)

    def end(self) -> None:
        """Print a summary."""
        self._notes.clear()
        if not self._is_json:
            passed, failed, untried = (self._outcomes[each] for each in Outcome)
            seconds = time.monotonic() - self._started
            self._print(
                f"{passed} passed, {failed} failed, {untried} not tried, in {seconds:.0f} s"
            )

    def _print(self, text: str) -> None:
        try:
            print(text, file=self._output, flush=True)
        except BrokenPipeError:  # `head` has read enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._output.fileno())  # flushed at the end
            raise SystemExit(1) from None


class _Notes:
    """A line that is overwritten on a terminal; elsewhere one after each long silence."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._last = time.monotonic()

    def show(self, text: str) -> None:
        if self._is_terminal:
            print(f"{_CLEAR}     {text} ...", end="", file=self._stream, flush=True)
        elif time.monotonic() - self._last > _SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            print(f"     {text} ...", file=self._stream, flush=True)

    def clear(self) -> None:
        self._last = time.monotonic()
        if self._is_terminal:
            print(_CLEAR, end="", file=self._stream, flush=True)


class _Line(NamedTuple):
    """A finding in its JSON form."""

    probe: str
    outcome: str
    tried: str
    came: str
    seconds: float
    means: str | None
    do: str | None


def _as_json(finding: Finding) -> str:
    means, do = finding.advice or (None, None)
    line = _Line(
        finding.probe,
        finding.outcome.name.lower(),
        finding.tried,
        finding.came,
        round(finding.seconds, 3),
        means,
        do,
    )
    return json.dumps(line._asdict(), ensure_ascii=False)


def _as_text(finding: Finding) -> str:
    lines = [
        f"{finding.outcome:<4} {finding.probe:<10} {finding.tried}: {finding.came} "
        f"[{finding.seconds:.1f} s]"
    ]
    if finding.advice:
        lines += [f"       means: {finding.advice.means}", f"       do: {finding.advice.do}"]
    return "\n".join(lines)
