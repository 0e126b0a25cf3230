"""Topics whose rooms were large when this process last read them."""

_REMEMBERED_MILLISECONDS = 10_000

_MOST_TOPICS = 1_000


class LargeTopics:
    """What a process remembers from one invocation to the next.

    It may be wrong for that time, so it only decides where to look first.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int]] = {}

    def note(self, topic: str, members: int, now: int) -> None:
        """Remember that a room is large, and how many of its members were read.

        `now` in epoch milliseconds.
        """
        self._seen.pop(topic, None)
        self._seen[topic] = members, now
        if len(self._seen) > _MOST_TOPICS:
            self._seen.pop(next(iter(self._seen)), None)  # the one that was noted first

    def forget(self, topic: str) -> None:
        """Forget a room that is not large."""
        self._seen.pop(topic, None)

    def members_of(self, topic: str, now: int) -> int | None:
        """Return how many members were read, None if the room is not known to be large."""
        members, seen_at = self._seen.get(topic, (None, 0))
        return members if now - seen_at <= _REMEMBERED_MILLISECONDS else None
