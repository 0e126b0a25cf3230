"""Faults of services that are reached over HTTP: @connections, and the table behind a proxy."""

import asyncio
from collections.abc import Callable, Mapping

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from local.faults.plan import Dice

_MOST_SECONDS_OF_SILENCE = 30.0
_SECONDS_BETWEEN_LOOKS = 0.1
_LARGEST_BODY = 16 * 1024 * 1024

_HOP_BY_HOP = ("connection", "content-length", "host", "keep-alive", "transfer-encoding")

_OF_POSTS = {
    "410": "GoneException",
    "429": "LimitExceededException",
    "500": "InternalServerErrorException",
}
_OF_TABLE = {
    "throttled": (400, "ProvisionedThroughputExceededException"),
    "failing": (500, "InternalServerError"),
}
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html


def faulty_posts(dice: Dice) -> Middleware:
    """Return a middleware that makes requests to @connections fail, except DELETEs."""

    def answer(fault: str) -> web.Response:
        error = _OF_POSTS[fault]
        headers = {"x-amzn-ErrorType": error}
        return web.json_response({"message": error}, status=int(fault), headers=headers)

    faulty = _faulty(dice, answer)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        is_post = "id" in request.match_info and request.method != "DELETE"
        return await (faulty(request, handler) if is_post else handler(request))

    return middleware


class FaultyTable:
    """A proxy in front of a DynamoDB endpoint."""

    def __init__(self, endpoint: str, dice: Dice) -> None:
        """Pass requests without a fault on to `endpoint`.

        Raises:
            ValueError: it uses TLS. Then it checks signatures, and with them the requested host.
        """
        if not endpoint.startswith("http://"):
            raise ValueError(f"{endpoint}: faults of the table need one without TLS")
        self._endpoint = endpoint
        self._dice = dice
        self._session: aiohttp.ClientSession
        self._runner: web.AppRunner

    async def start(self) -> str:
        """Listen on a port of this machine and return the URL."""
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        application = web.Application(
            client_max_size=_LARGEST_BODY, middlewares=[_faulty(self._dice, _answer_of_table)]
        )
        application.router.add_post("/", self._pass_on)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()
        await self._session.close()

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        try:
            async with self._session.post(
                self._endpoint, data=body, headers=_end_to_end(request.headers)
            ) as answer:
                return web.Response(
                    status=answer.status,
                    body=await answer.read(),
                    headers=_end_to_end(answer.headers),
                )
        except aiohttp.ClientError:
            return _hang_up(request)


def _end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}


def _answer_of_table(fault: str) -> web.Response:
    status, error = _OF_TABLE[fault]
    return web.json_response(
        {"__type": f"com.amazonaws.dynamodb.v20120810#{error}", "message": "on request"},
        status=status,
        content_type="application/x-amz-json-1.0",
    )


def _faulty(dice: Dice, answer: Callable[[str], web.Response]) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = dice.throw().fault
        if fault is None:
            return await handler(request)
        if fault == "silent":
            return await _silence(request)
        if fault == "unanswered":
            await handler(request)
            return await _silence(request)
        return answer(fault)

    return middleware


async def _silence(request: web.Request) -> web.Response:
    """Do not answer until the client has hung up, or for a very long time."""
    end = asyncio.get_running_loop().time() + _MOST_SECONDS_OF_SILENCE
    while request.transport is not None and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
    return _hang_up(request)


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()  # which no client gets
