"""A local server that asks for tokens, and URLs that bring them."""

from rig.issuer import Issuer
from rig.servers import LocalServer

LEEWAY = 30
"""Seconds for which the authorizer takes a token that has expired."""


def demands(issuer: Issuer, *more: str) -> tuple[str, str]:
    """Return the local server's options that ask for tokens of `issuer`."""
    return "--parameter-overrides", f"JwtIssuer={issuer.url} JwtAudience=demo {' '.join(more)}"


def url_with(server: LocalServer, token: str) -> str:
    """Return the address at which a client brings this `token`."""
    return f"{server.websocket_url}/?token={token}"


def refusals(server: LocalServer) -> list[str]:
    """Return for each client that `server` has refused why, as its log says."""
    return [line["refused"] for line in server.log if "refused" in line]
