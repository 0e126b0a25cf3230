"""Which pages may connect."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.access.origins import is_allowed_origin, parse_origins


def allowed(origin: str | None, text: str) -> bool:
    return is_allowed_origin(origin, parse_origins(text))


@pytest.mark.parametrize("origin", [None, "https://example.com", "null", "", "nonsense"])
def test_a_star_lets_everyone_in(origin: str | None) -> None:
    assert allowed(origin, "*")
    assert allowed(origin, "https://other.example, *")


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        ("https://example.com", "https://example.com"),
        ("https://EXAMPLE.com", "HTTPS://example.COM"),
        ("https://example.com", "https://example.com:443"),
        ("http://localhost:3000", "https://example.com http://localhost:3000"),
        ("http://localhost:3000", "https://example.com,http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://notes.example.com", "https://*.example.com"),
        ("https://a.b-1.example.com", "https://*.example.com"),
        ("https://a.example.com:8443", "https://*.example.com:8443"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("capacitor://localhost", "capacitor://localhost"),
    ],
)
def test_a_listed_page_is_let_in(origin: str, text: str) -> None:
    assert allowed(origin, text)


@pytest.mark.parametrize(
    "origin",
    [
        *(None, "", "null", "*", "https://", "https://example.com", "http://a.example.com"),
        *("https://.example.com", "https://..example.com", "https://a..example.com"),
        *("https://evil.com/.example.com", "https://evil.com?.example.com"),
        *("https://evil.com#.example.com", "https://evil.com:443.example.com"),
        *("https://example.com.evil.com", "https://evilexample.com", "https://a.example.com.evil"),
        *("https://evil@a.example.com", "https://a.example.com@evil.com", "https://a.example.com."),
        *("https://a.example.com:444", "https://a.example.com:", "https://a.example.com\n"),
        *("https://evil.com\\.example.com", "https://evil.com\n.example.com"),
        *("https://evil.com .example.com", "https://a.example.com/", "a.example.com"),
        *("https://\u212a.example.com", "https://b\u00fc.example.com", " https://a.example.com"),
        *("https://https://a.example.com", "https://*.example.com", "null, https://a.example.com"),
    ],
)
def test_no_trick_passes_a_wildcard(origin: str | None) -> None:
    assert not allowed(origin, "https://*.example.com")


@pytest.mark.parametrize(
    "origin", [None, "https://example.com:8443", "http://example.com", "https://\u212aelvin.com"]
)
def test_a_page_that_is_not_listed_is_refused(origin: str | None) -> None:
    assert not allowed(origin, "https://example.com https://kelvin.com")


@pytest.mark.parametrize(
    "text",
    [
        *("", " , ", "example.com", "https://", "https://*", "https://*example.com"),
        *("https://a.*.com", "https://example.com/", "https://example.com/path", "null"),
        *("https://b\u00fccher.example", "https://example.com:port", "https://user@example.com"),
        *("https://example..com", "https://example.com:\u0663", "*.example.com", "**"),
        *("https://*.*.example.com", "https://*.[::1]", "https://example.com.", "https://a:"),
        *("https://example.com?x", "https://ex\u00e4mple.com", "https://\u212aelvin.com"),
    ],
)
def test_a_pattern_that_no_page_could_match_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_origins(text)


@given(st.text(st.sampled_from("ab0-._@:/?#\\\n \u00fc"), max_size=6))
def test_a_wildcard_is_one_or_more_labels_and_nothing_else(text: str) -> None:
    are_labels = all(label and set(label) <= set("ab0-_") for label in text.split("."))
    assert allowed(f"https://{text}.example.com", "https://*.example.com") == are_labels
