"""The local server's HTTP part: @connections, as at API Gateway, and the demo page."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from mimetypes import guess_type
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Middleware

from local.gateway.connection import SECONDS_TO_SEND_REQUEST
from local.gateway.gateway import LARGEST_MESSAGE, Gateway
from local.gateway.signature import complaint
from local.sockets.sites import is_near_host

_CONNECTION_ID = re.compile(r"[\w-]{15}=", re.ASCII)
"""The form of all ids of API Gateway that have been seen: 11 bytes in base64url."""

_LONGEST_NAME = 255  # of a file; looking up a longer one is a system error

_NO_NODE_PAGE = """<!doctype html><title>y-webrtc signaling</title>
<body style="font: 16px/1.5 system-ui; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">
<h1>The signaling server runs</h1>
<p>Its demo page needs a build, and that needs Node.js. Install Node 20 or newer
(<code>apt install nodejs npm</code>, <code>brew install node</code>), then run
<code>make run</code> again.</p>"""


def http_application(
    gateway: Gateway,
    demo: Path,
    middlewares: Sequence[Middleware] = (),
    needs_signature: bool = True,
) -> web.Application:
    """Return the application that serves `gateway`, and the folder `demo` if it exists."""

    def managed(
        command: Callable[[web.Request, str], Awaitable[web.Response]],
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Return `command` for requests that AWS would accept."""

        async def checked(request: web.Request) -> web.Response:
            _refuse_pages(request)
            authorization = request.headers.get("Authorization", "")
            if needs_signature and (told := complaint(authorization)):
                return _error(403, *told)
            connection_id = request.match_info["id"]
            if not _CONNECTION_ID.fullmatch(connection_id):
                return _error(400, "BadRequestException", f"Invalid connectionId: {connection_id}")
            return await command(request, connection_id)

        return checked

    async def post(request: web.Request, connection_id: str) -> web.Response:
        try:
            async with asyncio.timeout(SECONDS_TO_SEND_REQUEST):
                body = await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        except (web.RequestPayloadError, ConnectionError):  # wrongly declared, or cut short
            raise web.HTTPBadRequest from None
        status, error = gateway.post(connection_id, body)
        return _error(status, error) if error else web.Response(status=status)

    async def get(request: web.Request, connection_id: str) -> web.Response:
        connection = gateway.connections.get(connection_id)
        if connection is None:
            return _error(410, "GoneException")
        return web.json_response(
            {
                "connectedAt": _iso_time(connection.opened),
                "identity": connection.context["identity"],
                "lastActiveAt": _iso_time(connection.last_active),
            }
        )

    async def delete(request: web.Request, connection_id: str) -> web.Response:
        connection = gateway.connections.get(connection_id)
        if connection is None or connection.socket is None:
            return _error(410, "GoneException")
        connection.socket.close(1000)
        return web.Response(status=204)

    async def page(request: web.Request) -> web.Response:
        name = request.match_info.get("file") or "index.html"
        if len(name) <= _LONGEST_NAME and (demo / name).is_file():
            # Not a FileResponse, which needs asyncio's own transports.
            kind, _ = guess_type(name)
            return web.Response(body=(demo / name).read_bytes(), content_type=kind)
        if name == "index.html":
            return web.Response(text=_NO_NODE_PAGE, content_type="text/html")
        raise web.HTTPNotFound

    application = web.Application(client_max_size=10 * LARGEST_MESSAGE, middlewares=middlewares)
    connection = r"/{stage:(?:[^@]*/)?}{_:@|%40}connections/{id:.*}"
    application.router.add_post(connection, managed(post))
    application.router.add_get(connection, managed(get))
    application.router.add_delete(connection, managed(delete))
    application.router.add_get(r"/{file:[\w.-]*}", page)
    return application


def _refuse_pages(request: web.Request) -> None:
    """Keep browsers out of @connections: pages do not need it, but can reach this machine.

    A page is recognized by its Origin or, if its own name was pointed here (DNS rebinding), by the
    Host.
    """
    if "Origin" in request.headers or not is_near_host(request.host):
        raise web.HTTPForbidden


def _error(status: int, error: str, message: str | None = None) -> web.Response:
    headers = {"x-amzn-ErrorType": error}
    return web.json_response({"message": message or error}, status=status, headers=headers)


def _iso_time(epoch_seconds: float) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat(timespec="milliseconds")
