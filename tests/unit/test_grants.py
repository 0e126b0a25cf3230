"""Which topics a token opens."""

import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signaling.access.grants import EVERYTHING, Grants

letters = st.sampled_from("ab/") | st.sampled_from("A\n\u00e9\u00df\ud800.[]?\\^$")
topics = st.text(letters, max_size=8)
patterns = st.lists(letters | st.just("*") | st.just("**"), max_size=6).map("".join)


def matches(pattern: str, topic: str) -> bool:
    """Return what `Grants` should: plainly, by trying every way to split the topic."""
    if not pattern:
        return not topic
    if not pattern.startswith("*"):
        return topic[:1] == pattern[0] and matches(pattern[1:], topic[1:])
    rest = pattern.lstrip("*")
    crosses_segments = len(pattern) - len(rest) > 1
    return any(
        matches(rest, topic[length:])
        for length in range(len(topic) + 1)
        if crosses_segments or "/" not in topic[:length]
    )


@settings(max_examples=300)
@given(st.lists(patterns, max_size=5), topics)
@example(["ab"], "bb")
@example(["*a"], "aa")
@example(["**/*"], "a/b/c")
@example(["a*\n"], "a\n")
@example(["team/*"], "team/plan/1")
@example(["team/**"], "teams/plan")
@example(["*", "**"], "")
@example(["STRASSE"], "stra\u00dfe")
@example(["\u00e9"], "e\u0301")
def test_a_topic_is_granted_if_the_plain_reference_matches(several: list[str], topic: str) -> None:
    expected = any(matches(pattern, topic) for pattern in several)
    assert Grants(tuple(several)).allows(topic) == expected


def test_an_absent_claim_grants_everything_and_an_empty_one_nothing() -> None:
    assert Grants.from_claims({"sub": "ada"}) == EVERYTHING
    assert EVERYTHING.allows("anything/at all")
    nothing = Grants.from_claims({"topics": []})
    assert not nothing.allows("anything")
    assert not nothing.allows("")


@pytest.mark.parametrize(
    "claim", [None, "room", "*", {"room": 1}, [1], [["room"]], [None], True, ["a" * 1536]]
)
def test_a_claim_that_is_no_short_list_of_strings_is_refused(claim: Any) -> None:
    with pytest.raises(ValueError):
        Grants.from_claims({"topics": claim})


@given(st.none() | st.lists(st.text(max_size=9), max_size=9).map(tuple))
def test_grants_survive_the_authorizers_context(granted: tuple[str, ...] | None) -> None:
    context = Grants(granted).to_context()
    assert all(isinstance(value, str) for value in context.values())
    authorizer = {"principalId": "ada", "integrationLatency": 7, **context}
    for needs_token in (False, True):
        assert Grants.from_context(authorizer, needs_token) == Grants(granted)


@pytest.mark.parametrize("context", [None, {}, {"principalId": "ada"}])
def test_without_a_context_of_ours_all_is_granted_unless_a_token_is_needed(context: Any) -> None:
    assert Grants.from_context(context, needs_token=False) == EVERYTHING
    assert Grants.from_context(context, needs_token=True) == Grants(())


@pytest.mark.parametrize("value", ["", "room", '"*"', "{}", "[1]", None, ["*"]])
def test_a_context_that_is_not_ours_grants_nothing(value: Any) -> None:
    for needs_token in (False, True):
        assert Grants.from_context({"topics": value}, needs_token) == Grants(())


def test_no_pattern_makes_matching_slow() -> None:
    grants = Grants.from_claims({"topics": ["*a" * 400, "**a" * 150, "**/*" * 50]})
    started = time.process_time()
    for last in range(100):
        assert not grants.allows("a" * 1018 + chr(0x100 + last))
    assert time.process_time() - started < 2
