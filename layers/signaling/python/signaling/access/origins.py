"""Checks which web pages may connect, by the Origin header that browsers send. Pure."""

import re
from collections.abc import Sequence

ANY_ORIGIN = "*"

# Letters of both cases are spelled out: a pattern that ignores case matches U+212A as a k.
_LABELS = r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*"
_PATTERN = rf"[A-Za-z][A-Za-z0-9+.-]*://((\*\.)?{_LABELS}|\[[0-9A-Fa-f:.]+\])(:[0-9]{{1,5}})?"
"""AllowedOrigins in `template.yaml` repeats this: change both together."""

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def parse_origins(text: str) -> tuple[str, ...]:
    """Return the patterns in `text`, between commas or spaces.

    Raises:
        ValueError: there is no pattern, or one that no Origin could match. The message says what
            is allowed.
    """
    patterns = tuple(text.replace(",", " ").split())
    wrong = [each for each in patterns if each != ANY_ORIGIN and not re.fullmatch(_PATTERN, each)]
    if wrong or not patterns:
        raise ValueError(
            f"{ANY_ORIGIN} for everybody, or origins such as https://example.com and "
            "https://*.example.com, without a path, other alphabets in punycode; not "
            + repr(wrong[0] if wrong else "")
        )
    return patterns


def is_allowed_origin(origin: str | None, patterns: Sequence[str]) -> bool:
    """Tell whether a page of `origin` may connect; `*.` in a pattern is one or more DNS labels."""
    if ANY_ORIGIN in patterns:
        return True
    # Every browser sends an Origin (https://www.rfc-editor.org/rfc/rfc6455#section-4.1), so a
    # client without one is not a listed page. A program can send any Origin: this keeps out
    # pages of other sites, but only tokens keep programs out.
    if origin is None or not origin.isascii():
        return False
    found = _canonical(origin)
    return any(_matches(found, _canonical(each)) for each in patterns)


def _matches(origin: str, pattern: str) -> bool:
    scheme, is_wildcard, parent = pattern.partition("://*.")
    if not is_wildcard:
        return origin == pattern
    start, end = f"{scheme}://", f".{parent}"
    if not (origin.startswith(start) and origin.endswith(end)):
        return False
    return re.fullmatch(_LABELS, origin[len(start) : -len(end)]) is not None


def _canonical(origin: str) -> str:
    """Return `origin` in lower case and, as browsers write it, without its scheme's own port."""
    origin = origin.lower()
    return origin.removesuffix(_DEFAULT_PORTS.get(origin.partition("://")[0], ""))
