"""Which pages may connect to a server on a user's own machine. Pure, except for the notice.

A browser lets every page open a WebSocket to localhost, and AllowedOrigins, by which `$connect`
keeps pages out, lets all in by default. That default is meant for public servers. So until
AllowedOrigins is set, this server refuses pages on the internet.

A host name that no site on the internet can have is safe, whatever DNS says about others:
https://www.rfc-editor.org/rfc/rfc6761, https://www.rfc-editor.org/rfc/rfc6762
"""

import sys
from ipaddress import ip_address
from urllib.parse import urlsplit

_NAMES_OF_NO_SITE = ("localhost", "local", "internal", "test", "home.arpa")
_MOST_NOTICES = 20


class HouseRules:
    """Keeps out pages on the internet, and reports each site once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def admit(self, origin: str) -> bool:
        """Tell whether a page of `origin` may connect; the origin of a program is empty."""
        if is_near(origin):
            return True
        if origin not in self._told and len(self._told) < _MOST_NOTICES:
            self._told.add(origin)
            print(f"refused: {_why(origin)}", file=sys.stderr)
        return False


def is_loopback(host: str) -> bool:
    """Tell whether `host`, a name or an address, is only this machine."""
    try:
        address = ip_address(host)
    except ValueError:
        return host.lower() == "localhost"
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _why(origin: str) -> str:
    if origin == "null":
        return (
            "a page opened from a file, or one in a frame without rights, which any site can show; "
            "serve the file instead, as by: python3 -m http.server --bind 127.0.0.1"
        )
    return (
        f"a page of {origin!a:.200}, which is not on this machine or network; to let it in: "
        'make run ARGS="--parameter-overrides AllowedOrigins=..."'
    )


def is_near(origin: str) -> bool:
    """Tell whether `origin` is that of a program, an app, or a page on this machine or network.

    `null` may be a page of any site, in a sandboxed frame.
    """
    scheme, separator, _ = origin.partition("://")
    if not separator:
        return origin == ""
    if scheme not in ("http", "https"):  # capacitor, tauri, chrome-extension: not sites
        return True
    try:
        return is_near_host(urlsplit(origin).netloc)
    except ValueError:
        return False


def is_near_host(host: str) -> bool:
    """Tell whether `host`, with or without a port, cannot be a site on the internet."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").lower().removesuffix(".")
    except ValueError:
        return False
    try:
        address = ip_address(name)
        return not (getattr(address, "ipv4_mapped", None) or address).is_global
    except ValueError:
        return "." not in name or name.endswith(tuple(f".{each}" for each in _NAMES_OF_NO_SITE))
