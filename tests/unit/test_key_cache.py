"""How often keys are loaded, who waits for it, and which are used while that takes its time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from rig.processes import wait_until
from signaling.authorizer.key_cache import (
    SECONDS_BETWEEN_LOADS,
    SECONDS_FOR_NEWER_KEYS,
    SECONDS_OF_GRACE,
    KeyCache,
)
from signaling.authorizer.keys import Key, KeysError, KeysWithdrawnError

LIFETIME = 600


class Loader:
    """Loads keys with the given ids and counts how often; fails while there are none."""

    def __init__(self, *ids: str | None, patience: float = 5, hangs: bool = False) -> None:
        self.ids = ids
        self.error: KeysError = KeysError("out of reach")
        self.loads = 0
        self.under_way = 0
        self.now = 1000.0
        self.answers = threading.Event()
        if not hangs:
            self.answers.set()
        self.keys = KeyCache(self._load, LIFETIME, lambda: self.now, patience)

    def _load(self) -> list[Key]:
        self.loads += 1
        self.under_way += 1
        ids = self.ids
        self.answers.wait()
        self.under_way -= 1
        if not ids:
            raise self.error
        return [Key(each, b"", "HS256") for each in ids]

    def find(self, key_id: str | None, after: float = 0) -> str | None:
        """Return the id of the key, or `nothing`, or why nobody can tell, `after` some seconds."""
        self.now += after
        try:
            key = self.keys.find(key_id)
        except KeysError as error:
            return str(error)
        return key.id if key else "nothing"

    def answer(self) -> None:
        """Let the loads that are under way end."""
        self.answers.set()
        wait_until(lambda: not self.under_way)
        self.answers.clear()


def loaded(*ids: str) -> Loader:
    """Return a loader whose keys have been loaded once."""
    loader = Loader(*ids)
    assert loader.find(ids[0]) == ids[0]
    return loader


def seconds_to_find(loader: Loader, key_id: str) -> float:
    began = time.monotonic()
    assert loader.find(key_id) == key_id
    return time.monotonic() - began


def test_keys_are_loaded_once_and_kept_for_their_lifetime_and_then_loaded_anew() -> None:
    loader = Loader("a", "b")
    assert [loader.find("b", after) for after in (0, 300, 299)] == ["b"] * 3
    assert loader.loads == 1
    loader.ids = ("a",)
    assert (loader.find("b", after=1), loader.find("a")) == ("nothing", "a")
    assert loader.loads == 2


def test_strangers_with_unknown_keys_cause_few_loads() -> None:
    loader = Loader("a")
    for number in range(1000):
        assert loader.find(f"stranger {number}", after=0.1) == "nothing"
    assert loader.loads == 1 + 100 // SECONDS_BETWEEN_LOADS


def test_old_keys_are_used_while_nobody_answers_for_them_and_then_no_more() -> None:
    loader = loaded("a")
    assert loader.keys.trouble() is None
    loader.ids = ()
    assert loader.find("a", after=LIFETIME) == "a"
    assert loader.keys.trouble() == "out of reach"
    assert loader.find("b") == "a moment ago: out of reach"
    assert loader.find("a", after=SECONDS_OF_GRACE - 1) == "a"
    for after in (1, 0):
        assert str(loader.find("a", after)).endswith("out of reach")
    loader.ids = ("a",)
    assert loader.find("a", after=SECONDS_BETWEEN_LOADS) == "a"
    assert loader.keys.trouble() is None


def test_an_issuer_that_has_no_keys_any_more_is_believed_at_once() -> None:
    loader = loaded("a")
    loader.ids, loader.error = (), KeysWithdrawnError("no keys")
    for after in (LIFETIME, 1):
        assert str(loader.find("a", after)).endswith("no keys")


def test_a_load_that_hangs_holds_up_nobody_with_a_known_key() -> None:
    loader = loaded("a")
    loader.answers.clear()
    loader.now += LIFETIME
    began = time.monotonic()
    with ThreadPoolExecutor(50) as threads:
        took = sorted(threads.map(lambda _: seconds_to_find(loader, "a"), range(200)))
    assert time.monotonic() - began < 2 * SECONDS_FOR_NEWER_KEYS
    assert took[-1] >= SECONDS_FOR_NEWER_KEYS  # who started the load
    assert took[-2] < SECONDS_FOR_NEWER_KEYS
    assert loader.loads == 2
    loader.now += 10
    assert loader.keys.trouble() == "no answer"
    loader.answer()


def test_who_brings_an_unknown_key_shares_the_one_load() -> None:
    loader = loaded("a")
    loader.answers.clear()
    loader.now += SECONDS_BETWEEN_LOADS
    loader.ids = ("a", "b")
    with ThreadPoolExecutor(8) as threads:
        found = [threads.submit(loader.find, "b") for _ in range(8)]
        wait_until(lambda: loader.keys._waiting == 8)
        assert seconds_to_find(loader, "a") < SECONDS_FOR_NEWER_KEYS
        assert loader.find("b") == "the keys are being loaded, and enough others wait for them"
        loader.answer()
    assert [each.result() for each in found] == ["b"] * 8
    assert loader.loads == 2
    assert loader.find("b") == "b"


def test_who_waits_for_an_unknown_key_is_refused_in_time() -> None:
    loader = Loader("a", patience=0.2, hangs=True)
    began = time.monotonic()
    assert loader.find("a") == "no answer within 0.2 s"
    assert time.monotonic() - began < 1
    assert loader.find("a", after=1) == "a moment ago: no answer"
    loader.answer()
    assert loader.find("a") == "a"  # it came late, but it came


def test_a_load_that_never_ends_is_followed_by_a_few_others_and_then_by_none() -> None:
    loader = Loader("a", patience=0.01, hangs=True)
    for _ in range(5):
        assert "no answer" in str(loader.find("a", after=SECONDS_BETWEEN_LOADS))
    assert loader.loads == 3
    loader.answer()
    loader.answers.set()
    assert loader.find("a") == "a"


def test_keys_that_come_late_count_from_when_they_were_asked_for() -> None:
    """As in Lambda, which stops a load between two invocations."""
    loader = Loader("a", patience=0.01, hangs=True)
    assert loader.find("a") == "no answer within 0.01 s"
    loader.now += LIFETIME - 1
    loader.answer()
    loader.answers.set()
    assert loader.find("a") == "a"
    assert loader.loads == 1
    assert loader.find("a", after=1) == "a"
    assert loader.loads == 2


def test_an_older_load_that_comes_later_changes_nothing() -> None:
    loader = Loader("old", patience=0.01, hangs=True)
    held = loader.answers
    assert loader.find("old") == "no answer within 0.01 s"
    loader.answers = threading.Event()
    loader.answers.set()
    loader.ids = ("new",)
    loader.keys._patience = 5
    assert loader.find("new", after=SECONDS_BETWEEN_LOADS) == "new"
    held.set()
    wait_until(lambda: not loader.under_way)
    assert (loader.find("new"), loader.find("old")) == ("new", "nothing")


def test_what_nobody_expected_of_a_load_is_an_error_for_the_log() -> None:
    def fail() -> list[Key]:
        raise RuntimeError("unheard of")

    with pytest.raises(KeysError, match="RuntimeError: unheard of"):
        KeyCache(fail, LIFETIME).find("a")


@pytest.mark.parametrize(
    ("ids", "wanted", "found"),
    [
        (("a",), None, "a"),
        (("a", "b"), None, "nothing"),
        ((None,), "any", None),
        ((None, "a"), "a", "a"),
        ((None, "a"), "b", None),
        (("a", "a"), "a", "nothing"),
    ],
)
def test_a_token_means_one_key_or_none(
    ids: tuple[str | None, ...], wanted: str | None, found: str | None
) -> None:
    assert Loader(*ids).find(wanted) == found
