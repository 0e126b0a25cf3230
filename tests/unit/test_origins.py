"""Which pages may connect: to a stack, and to a server on somebody's own machine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.sockets.sites import HouseRules, is_near, is_near_host
from signaling.access.origins import is_allowed_origin, parse_origins


def allowed(origin: str | None, text: str) -> bool:
    return is_allowed_origin(origin, parse_origins(text))


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        *((origin, "*") for origin in (None, "https://example.com", "null", "", "nonsense")),
        (None, "https://other.example, *"),
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
        *("https://listed.com:8443", "http://listed.com", "https://\u212aelvin.com"),
    ],
)
def test_a_page_that_is_not_listed_is_refused_whatever_its_tricks(origin: str | None) -> None:
    assert not allowed(origin, "https://*.example.com https://listed.com https://kelvin.com")


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


NEAR = """
    http://localhost:3000 https://localhost http://LOCALHOST.:3000 http://app.localhost:3000
    http://127.0.0.1:5173 http://127.1.2.3 http://[::1]:8080 http://192.168.1.5:3000 http://10.0.0.7
    http://172.20.0.1 http://[fe80::1] http://laptop.local:3000 http://laptop:3000 http://notes.test
    http://host.docker.internal capacitor://localhost chrome-extension://abcdefghijklmnop
"""
FAR = """
    https://evil.example http://evil.example:4444 http://localhost.evil.example
    http://evillocalhost.example http://127.0.0.1.evil.example http://localhost@evil.example
    http://8.8.8.8 http://[2606:4700::1111] http://[::ffff:808:808] http://[::1
    http://evil.example.local.com null evil.example
"""


@pytest.mark.parametrize("origin", ["", *NEAR.split()])
def test_what_is_near_may_connect(origin: str) -> None:
    assert is_near(origin)


@pytest.mark.parametrize("origin", FAR.split())
def test_a_page_of_the_internet_stays_outside(origin: str) -> None:
    assert not is_near(origin)


def test_a_host_that_no_site_can_have_is_near() -> None:
    near = ["localhost:4444", "[::1]:4444", "127.0.0.1"]
    far = ["evil.example:4444", "[::1", "93.184.216.34:4444"]
    assert [host for host in near + far if is_near_host(host)] == near


def test_who_runs_the_server_reads_once_who_was_refused(capsys: pytest.CaptureFixture[str]) -> None:
    rules = HouseRules()
    for _ in range(3):
        assert not rules.admit("https://evil.example")
    for number in range(100):
        rules.admit(f"https://{number}.example/\x1b[2J")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 20
    assert "a page of 'https://evil.example'" in lines[0]
    assert "\x1b" not in "".join(lines)


def test_who_opens_a_file_reads_what_to_do_instead(capsys: pytest.CaptureFixture[str]) -> None:
    assert not HouseRules().admit("null")
    told = capsys.readouterr().err
    assert "http.server" in told and "AllowedOrigins" not in told
