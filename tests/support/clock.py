"""A clock that tests set."""

import time


class Clock:
    """What stands in for the time, from when the test began."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now
