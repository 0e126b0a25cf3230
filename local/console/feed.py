"""The console over HTTP: its page, and the feed that the page reads.

Room names and payloads are private, so it answers only this machine, and not pages of other sites
in its browser.
"""

import contextlib
import re
from mimetypes import guess_type

from aiohttp import web

from local import ROOT
from local.console.console import Console
from local.console.viewers import Viewer
from local.gateway.gateway import Gateway
from local.sockets.sites import is_loopback

_PAGE = ROOT / "local" / "console" / "page"
_FILES = {file.name: file for file in (*_PAGE.iterdir(), ROOT / "local" / "demo" / "base.css")}
_HOST = re.compile(r"(?:\[(?P<ipv6>[^]]*)\]|(?P<name>[^:]*))(?::\d+)?")
_SECONDS_BETWEEN_LOOKS = 1.0
"""The time after which a viewer that has gone away is noticed."""

_LOOKS_BETWEEN_SIGNS_OF_LIFE = 15
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def add_console(
    application: web.Application, gateway: Gateway, console: Console, is_for_everyone: bool
) -> None:
    """Serve `console` of `gateway` below `/console`."""

    async def page(request: web.Request) -> web.Response:
        _check(request, is_for_everyone)
        file = _FILES.get(request.match_info["file"] or "index.html")
        if file is None:
            raise web.HTTPNotFound
        kind, _ = guess_type(file.name)
        return web.Response(body=file.read_bytes(), content_type=kind, headers=_HEADERS)

    async def slash(request: web.Request) -> web.Response:
        raise web.HTTPFound("/console/")

    async def events(request: web.Request) -> web.StreamResponse:
        _check(request, is_for_everyone)
        if console.is_full():
            raise web.HTTPServiceUnavailable(text="Too many consoles are open.")
        headers = {**_HEADERS, "Content-Type": "text/event-stream"}
        response = web.StreamResponse(headers=headers)

        def drop() -> None:
            if request.transport:
                request.transport.abort()

        viewer = Viewer(drop)
        try:
            await response.prepare(request)
            await console.enter(viewer, lambda: gateway.connections)
            await _write(request, response, viewer)
        finally:
            console.leave(viewer)
        return response

    async def close(application: web.Application) -> None:
        console.close()

    application.on_shutdown.append(close)
    application.router.add_get("/console", slash)
    application.router.add_get("/console/events", events)
    application.router.add_get(r"/console/{file:[\w.-]*}", page)


async def _write(request: web.Request, response: web.StreamResponse, viewer: Viewer) -> None:
    """Write the messages for `viewer` until it goes away or is too slow."""
    looks = 0
    with contextlib.suppress(ConnectionError):
        while request.transport is not None and not viewer.is_dropped:
            looks += 1
            if messages := await viewer.take(_SECONDS_BETWEEN_LOOKS):
                await response.write(messages)
            elif looks % _LOOKS_BETWEEN_SIGNS_OF_LIFE == 0:
                await response.write(b":\n\n")


def _check(request: web.Request, is_for_everyone: bool) -> None:
    """Refuse requests that may not see the console.

    A page of another site reaches this server through the browser on this machine. Origin or
    Sec-Fetch-Site reveals it or, if its own host name was pointed here (DNS rebinding), Host.

    Raises:
        HTTPForbidden: the client is not on this machine, or a page of another site.
    """
    if not is_for_everyone and not (is_loopback(request.remote or "") and _is_local_host(request)):
        raise web.HTTPForbidden(
            text="The console answers to http://localhost on this machine. "
            "--console-for-everyone opens it to others.\n"
        )
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "none")
    is_own = origin in (None, f"http://{request.host}", f"https://{request.host}")
    is_link = request.headers.get("Sec-Fetch-Mode") == "navigate"
    if not is_own or (site not in ("none", "same-origin") and not is_link):
        raise web.HTTPForbidden(text="The console answers to no other site.\n")


def _is_local_host(request: web.Request) -> bool:
    found = _HOST.fullmatch(request.host)
    if found is None:
        return False
    name = found["ipv6"] or found["name"]
    return is_loopback(name)
