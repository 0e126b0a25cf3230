"""Choosing the route of a message, and throttling it."""

import json

from local.gateway.throttle import TokenBucket
from local.sam.template import AUTHORIZER, Mock, Stack

CONNECT, DISCONNECT, DEFAULT = "$connect", "$disconnect", "$default"

_RESERVED = (CONNECT, DISCONNECT, DEFAULT, AUTHORIZER)


class Routes:
    """The routes of a WebSocket API."""

    def __init__(self, stack: Stack, is_throttled: bool) -> None:
        """Throttle each route as `stack` defines, or none."""
        self._selection = stack.selection
        self._keys = frozenset(key for key in stack.routes if key not in _RESERVED)
        self._quoted_keys = [f'"{key}"' for key in self._keys]
        self.mocks = {
            key: target.response for key, target in stack.routes.items() if isinstance(target, Mock)
        }
        """Answers of API Gateway itself, by route; None means no answer."""
        self.answering = stack.answering
        """Routes whose function's answer goes to the client."""
        self._buckets = {
            key: TokenBucket(*throttle)
            for key, throttle in stack.throttles.items()
            # A connection that has ended cannot be asked to retry later.
            if is_throttled and key != DISCONNECT
        }

    def has_room(self, route: str) -> bool:
        """Count a request to `route` and tell whether its throttle lets it pass."""
        bucket = self._buckets.get(route)
        return bucket is None or bucket.take()

    def of(self, body: str) -> str:
        """Return the route of the message `body`.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html
        """
        if not self._may_name_route(body):
            return DEFAULT
        try:
            key = json.loads(body)[self._selection]
        except (ValueError, TypeError, KeyError, RecursionError):
            return DEFAULT
        return key if isinstance(key, str) and key in self._keys else DEFAULT

    def _may_name_route(self, body: str) -> bool:
        r"""Tell whether a route key can be in `body`: as it is, or written with `\u` escapes.

        Most messages contain none, so they need not be parsed.
        """
        for key in self._quoted_keys:
            if key in body:
                return True
        return "\\u" in body
