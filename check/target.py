"""The server to check: its URL, the tokens to send, and the expected delivery."""

import asyncio
import base64
import json
import re
import secrets
from typing import Any, NamedTuple
from urllib.parse import quote

from yarl import URL

from signaling.access.grants import EVERYTHING, Grants
from signaling.settings import BROADCAST

_TOKEN = "token"
_IN_A_URL = re.compile(rf"(?<=[?&]{_TOKEN}=)[^&#\s'\"]+")
_MASK = "***"


class Target(NamedTuple):
    """A signaling server as one client sees it."""

    url: URL
    """Without the token."""
    token: str | None
    origin: str | None
    delivery: str
    """How the server should deliver: addressed or broadcast."""
    expired_token: str | None = None
    """A token that was valid once."""
    foreign_token: str | None = None
    """A token that is valid for another server."""
    ended: asyncio.Event | None = None
    """Set when all probes except those that run throughout are done."""

    @classmethod
    def parse(cls, text: str, token: str | None, origin: str | None, delivery: str) -> "Target":
        """Read the URL, which may hold the token.

        Raises:
            ValueError: it is not a WebSocket URL, has two tokens, or the token opens no room that
                is free to use.
        """
        try:
            url = URL(text)
        except ValueError:
            raise ValueError(_not_a_url(text)) from None
        if url.scheme not in ("ws", "wss") or not url.host:
            raise ValueError(_not_a_url(text))
        tokens = [*url.query.getall(_TOKEN, []), *([token] if token else [])]
        if len(tokens) > 1:
            raise ValueError("there are two tokens: give one, in the URL or in TOKEN")
        url = url.without_query_params(_TOKEN).with_fragment(None)
        target = cls(url, tokens[0] if tokens else None, origin, delivery)
        if target._pattern() is None:
            raise ValueError(
                "the token opens only rooms with fixed names, where people may be: "
                'bring one whose topics have a pattern, such as ["check-*"]'
            )
        return target

    @property
    def is_broadcast(self) -> bool:
        """Whether every client should get every message."""
        return self.delivery == BROADCAST

    @property
    def tokens(self) -> list[str]:
        """The tokens to send: the token, if there is one."""
        return [self.token] if self.token else []

    @property
    def claims(self) -> dict[str, Any]:
        """The claims of the token; none if there is no token or it is not a JWT."""
        return claims_of(self.token or "")

    def address(self, *tokens: str) -> URL:
        """Return the URL with `tokens` in it."""
        return self.url.extend_query([(_TOKEN, token) for token in tokens])

    def mask(self, text: str) -> str:
        """Return `text` without the token."""
        for token in filter(None, (self.token, self.expired_token, self.foreign_token)):
            for secret in (token, quote(token, safe="")):
                text = text.replace(secret, _MASK)
        return mask(text)

    def room(self) -> str:
        """Return the name of an unused room that the token opens."""
        return re.sub(r"\*+", f"check-{secrets.token_hex(6)}", self._pattern() or "*")

    def room_outside(self) -> str | None:
        """Return the name of a room that the token does not open, or None if it opens all."""
        name = f"check-outside-{secrets.token_hex(6)}"
        for room in (name, f"not-{name}", f"not/{name}"):
            if not self._grants().allows(room):
                return room
        return None

    def changed_token(self) -> str | None:
        """Return the token with another signature."""
        if self.token is None:
            return None
        # Not its last character, some bits of which may be ignored.
        at = (self.token.rfind(".") + len(self.token)) // 2
        other = "A" if self.token[at] != "A" else "B"
        return self.token[:at] + other + self.token[at + 1 :]

    def _grants(self) -> Grants:
        try:
            return Grants.from_claims(self.claims)
        except ValueError:
            return EVERYTHING  # the server will refuse it

    def _pattern(self) -> str | None:
        """Return a pattern of the token that allows random room names."""
        patterns = self._grants().topics
        if patterns is None:
            return "*"
        return next((each for each in patterns if "*" in each), None)


def claims_of(token: str) -> dict[str, Any]:
    """Return the unchecked claims of a token; none if it is not a JWT."""
    try:
        _, payload, _ = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def mask(text: str) -> str:
    """Return `text` without the tokens of the URLs in it."""
    return _IN_A_URL.sub(_MASK, text)


def _not_a_url(text: str) -> str:
    return f"{mask(text)!r} is no WebSocket URL: it starts with ws:// or wss:// and a host"
