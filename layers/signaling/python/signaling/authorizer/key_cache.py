"""Keys that are kept for a while, and loaded again while requests go on using them.

A load runs in a thread of its own, because only then can each request limit its wait: no timeout
covers the name server, and those of AWS's SDK apply to each read. Once the answer is there, the
thread has ended. So in Lambda, which stops all threads between two invocations, only a load that
was given up is ever stopped. If it continues later, the age of its keys counts from when it began.
"""

import threading
import time
from collections.abc import Callable

from signaling.authorizer.keys import SECONDS_TO_LOAD, Key, KeysError, KeysWithdrawnError

SECONDS_BETWEEN_LOADS = 30
"""Otherwise strangers with a new key id each time would make the stack ask the issuer all day."""

SECONDS_OF_GRACE = 60 * 60
"""How long keys beyond their lifetime are used while their source does not answer."""

SECONDS_FOR_NEWER_KEYS = 0.5
"""How long the request that starts a load waits for newer keys when it has an old one."""

_MOST_LOADS = 3
"""Loads at once, of which all but one have been given up: AWS's SDK may never end one."""

_MOST_WAITING = 8
"""Requests that may wait for one load. Others are refused, to spare the local server's threads."""

_NEVER = float("-inf")


class KeyCache:
    """Keys that are loaded when first needed, and again when they are old or one is missing.

    A request that finds a key which is not too old never waits for a load that another started, and
    only briefly for its own. So an issuer that hangs delays no client with a known key, except for
    that half a second every 30 seconds.

    Threads may share it: all changes happen under the lock, which no thread holds while waiting.
    Only the newest load counts, and a request that has waited looks again at the keys there are
    then.
    """

    def __init__(
        self,
        load: Callable[[], list[Key]],
        lifetime: float,
        clock: Callable[[], float] | None = None,
        patience: float = SECONDS_TO_LOAD + 0.5,  # a load that ends by itself can say why
    ) -> None:
        """Use what `load` returns for `lifetime`, in seconds of `clock`.

        No request waits longer than `patience` for it. The clock is the wall clock: the monotonic
        clock may stand still while a Lambda is frozen.
        """
        self._load = load
        self._lifetime = lifetime
        self._clock = clock or time.time
        self._patience = patience
        self._keys: list[Key] = []
        self._loaded = self._tried = _NEVER
        self._newest_load: _Load | None = None
        self._loads = self._waiting = 0
        self._trouble: str | None = None
        self._lock = threading.Lock()

    def find(self, key_id: str | None) -> Key | None:
        """Return the one key that a token can mean, at most one load away.

        Any token may mean a key without an id; a token without one means the only key.

        Raises:
            KeysError: it cannot be told whether there is such a key.
        """
        with self._lock:
            found = self._known(key_id)
            if found and not self._is_old():
                return found
            own = self._start_load()
            load = own or self._load_under_way()
        if own and found:
            own.ended.wait(SECONDS_FOR_NEWER_KEYS)
        elif load and not found:
            self._wait_for(load)
        with self._lock:
            found = self._known(key_id)
            if found is None:
                self._raise_unless_told(load)
            return found

    def trouble(self) -> str | None:
        """Return why keys beyond their lifetime are in use, if they are."""
        with self._lock:
            if not self._is_old():
                return None
            load = self._newest_load
            has_ended = load is None or load.ended.is_set()
            return self._trouble if has_ended or self._load_under_way() else "no answer"

    def _wait_for(self, load: "_Load") -> None:
        with self._lock:
            if self._waiting >= _MOST_WAITING:
                raise KeysError("the keys are being loaded, and enough others wait for them")
            self._waiting += 1
        load.ended.wait(self._patience)
        with self._lock:
            self._waiting -= 1

    def _age(self) -> float:
        return self._clock() - self._loaded

    def _is_old(self) -> bool:
        return self._age() >= self._lifetime

    def _known(self, key_id: str | None) -> Key | None:
        is_usable = self._age() < self._lifetime + SECONDS_OF_GRACE
        return _one_of(self._keys, key_id) if is_usable else None

    def _raise_unless_told(self, load: "_Load | None") -> None:
        """Raise the reason why not all keys are known, if `load` did not bring them all."""
        if load and not load.ended.is_set():
            raise KeysError(f"no answer within {self._patience:g} s")
        if load and load.error:
            raise KeysError(str(load.error))
        if load is None and self._is_old():
            raise KeysError(f"a moment ago: {self._trouble or 'no answer'}")

    def _load_under_way(self) -> "_Load | None":
        """Return the load whose result may still come in time, by the wall clock."""
        load = self._newest_load
        is_late = load is None or self._clock() - load.began >= self._patience
        return None if load is None or load.ended.is_set() or is_late else load

    def _start_load(self) -> "_Load | None":
        now = self._clock()
        if now - self._tried < SECONDS_BETWEEN_LOADS or self._loads >= _MOST_LOADS:
            return None
        self._tried = now
        load = _Load(now)
        threading.Thread(target=self._run, args=(load,), name="keys", daemon=True).start()
        self._newest_load = load
        self._loads += 1
        return load

    def _run(self, load: "_Load") -> None:
        keys: list[Key] = []
        try:
            keys = self._load()
        except KeysError as error:
            load.error = error
        except Exception as error:  # a thread's exception would be lost
            load.error = KeysError(f"{type(error).__name__}: {error}")
        with self._lock:
            self._loads -= 1
            if load is self._newest_load:  # a later one is more recent
                self._take_over(load, keys)
            load.ended.set()

    def _take_over(self, load: "_Load", keys: list[Key]) -> None:
        self._trouble = str(load.error) if load.error else None
        if load.error is None:
            self._keys, self._loaded = keys, load.began
        elif isinstance(load.error, KeysWithdrawnError):
            self._keys, self._loaded = [], _NEVER


class _Load:
    """One attempt to load the keys."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.ended = threading.Event()
        self.error: KeysError | None = None


def _one_of(keys: list[Key], key_id: str | None) -> Key | None:
    named = [key for key in keys if key.id == key_id]
    possible = named or [key for key in keys if key_id is None or key.id is None]
    return possible[0] if len(possible) == 1 else None
