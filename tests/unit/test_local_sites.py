"""Which pages may talk to a server on somebody's own machine."""

import pytest

from local.sockets.sites import HouseRules, is_near, is_near_host

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


def test_who_runs_the_server_reads_once_who_was_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rules = HouseRules()
    for _ in range(3):
        assert not rules.admit("https://evil.example")
    for number in range(100):
        rules.admit(f"https://{number}.example/\x1b[2J")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 20
    assert "a page of 'https://evil.example'" in lines[0]
    assert "\x1b" not in "".join(lines)


def test_who_opens_a_page_from_a_file_reads_what_to_do_instead(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert not HouseRules().admit("null")
    told = capsys.readouterr().err
    assert "http.server" in told and "AllowedOrigins" not in told
