"""What the local server serves over HTTP: @connections, as API Gateway does, and the demo page."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from mimetypes import guess_type
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Middleware

from local.gateway import LARGEST_MESSAGE, Gateway
from local.sites import is_near_host

_SECONDS_TO_SEND_BODY = 10
_LONGEST_NAME = 255  # of a file; to ask for a longer one is an error of the system

_NO_NODE_PAGE = """<!doctype html><title>y-webrtc signaling</title>
<body style="font: 16px/1.5 system-ui; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">
<h1>The signaling server runs</h1>
<p>Its demo page needs a build, and that needs Node.js. Install Node 20 or newer
(<code>apt install nodejs npm</code>, <code>brew install node</code>), then run
<code>make run</code> again.</p>"""


def http_application(
    gateway: Gateway, demo: Path, middlewares: Sequence[Middleware] = ()
) -> web.Application:
    """Return the application that serves `gateway`, and the folder `demo` if it exists."""

    async def post(request: web.Request) -> web.Response:
        _refuse_pages(request)
        try:
            async with asyncio.timeout(_SECONDS_TO_SEND_BODY):
                body = await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        except (web.RequestPayloadError, ConnectionError):  # it is not what it says, or cut short
            raise web.HTTPBadRequest from None
        status, error = gateway.post(request.match_info["id"], body)
        return _management_answer(status, error)

    async def get(request: web.Request) -> web.Response:
        _refuse_pages(request)
        connection = gateway.connections.get(request.match_info["id"])
        if connection is None:
            return _management_answer(410, "GoneException")
        return web.json_response(
            {
                "connectedAt": _iso_time(connection.opened),
                "identity": connection.context["identity"],
                "lastActiveAt": _iso_time(connection.last_active),
            }
        )

    async def delete(request: web.Request) -> web.Response:
        _refuse_pages(request)
        connection = gateway.connections.get(request.match_info["id"])
        if connection is None or connection.socket is None:
            return _management_answer(410, "GoneException")
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
    connection = r"/{stage:(?:[^@]*/)?}@connections/{id}"
    application.router.add_post(connection, post)
    application.router.add_get(connection, get)
    application.router.add_delete(connection, delete)
    application.router.add_get(r"/{file:[\w.-]*}", page)
    return application


def _refuse_pages(request: web.Request) -> None:
    """Keep browsers from @connections: pages have no business there, but reach this machine.

    A page gives itself away by its Origin, or, if its own name was pointed here (DNS rebinding), by
    the Host.
    """
    if "Origin" in request.headers or not is_near_host(request.host):
        raise web.HTTPForbidden


def _management_answer(status: int, error: str | None) -> web.Response:
    if error is None:
        return web.Response(status=status)
    return web.json_response({"message": error}, status=status, headers={"x-amzn-ErrorType": error})


def _iso_time(epoch_seconds: float) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat(timespec="milliseconds")
