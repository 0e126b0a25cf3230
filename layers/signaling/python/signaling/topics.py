"""Topics as text that UTF-8 can hold, and back. Pure."""

import re

_ESCAPED = re.compile(r"\\(\\|u[0-9a-f]{4})")


def topic_key(topic: str) -> str:
    r"""Return `topic` as text that UTF-8 can hold, different topics giving different text.

    A JavaScript string may hold half a surrogate pair, which JSON can represent as `\ud800` and
    UTF-8 cannot. Such topics get a prefix of their own, so that no two topics share a key.
    """
    try:
        topic.encode()
    except UnicodeEncodeError:
        escaped = topic.replace("\\", "\\\\").encode("utf-8", "backslashreplace").decode()
        return f"topic~{escaped}"
    return f"topic-{topic}"


def topic_of(key: str) -> str:
    """Return the topic whose `topic_key` is `key`."""
    kind, text = key[: len("topic-")], key[len("topic-") :]
    if kind == topic_key(""):
        return text
    return _ESCAPED.sub(lambda found: _unescaped(found[1]), text)


def _unescaped(escape: str) -> str:
    return "\\" if escape == "\\" else chr(int(escape[1:], 16))
