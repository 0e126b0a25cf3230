"""Messages, frames and requests that no client should send: how they are answered."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from itertools import islice
from typing import Any

from rehearsals.report import Part, findings
from rehearsals.rubbish import REQUESTS, Request, frames, messages, noise
from rehearsals.talking import talk, two_rooms
from rig.measure import resident_bytes, significant
from rig.members import leave
from rig.places import MEMORY, Running, running
from rig.raw import HANDSHAKE, frame
from rig.report import Check, Report
from rig.servers import LocalServer
from rig.traces import TRACES, sent
from signaling.errors import InvalidMessageError, TooManyAnnouncesError
from signaling.protocol import Limits, Ping, parse

_SEED, _AT_ONCE = 11, 20
_SECONDS = 30.0
"""The longest wait for an answer."""
_MESSAGES_A_CONNECTION = 500
_MOST_GROWTH = 20e6
_HANGS = 1_000
"""In place of a status."""
_NO_FAULT = frozenset(range(500))
_UNANSWERED = "Input that was not answered as it should be"


def rehearse(is_short: bool) -> Report:
    """Send all of it while clients in other rooms talk."""
    sizes = (300, 60, 20) if is_short else (95_000, 5_000, 1_000)
    with running(MEMORY, environment={"LOG_LEVEL": "WARNING"}) as here:
        return findings(asyncio.run(_rehearse(here, sizes, is_short)))


async def _rehearse(here: Running, sizes: tuple[int, int, int], is_short: bool) -> list[Part]:
    texts, broken, random = sizes
    everyone = await two_rooms(here)
    await _send_messages(here.server, 2 * _MESSAGES_A_CONNECTION)  # what is needed but once
    before = resident_bytes(here.server.pid)
    others = asyncio.create_task(talk(everyone, 1 if is_short else 20))
    found = [
        await _send_messages(here.server, texts),
        await _send_frames(here.server, broken),
        await _send_noise(here.server, random),
        await _send_requests(here.server),
    ]
    heard = await others
    await asyncio.sleep(1)
    growth = resident_bytes(here.server.pid) - before
    await leave(member for room in everyone for member in room)
    crashed = "Traceback" in here.server.output or not here.server.is_running
    lost = Check("Messages that the others did not get", heard.sent - heard.arrived)
    kept = Check("Bytes of memory that were not given back", growth, _MOST_GROWTH)
    return [
        *found,
        Part(
            "Clients in two other rooms, meanwhile",
            f"{heard.sent:,} messages",
            f"{heard.sent:,}",
            f"{heard.arrived:,}",
            f"p99 {significant(heard.milliseconds)} ms; the server's memory grew by "
            f"{significant(growth / 1e6)} MB",
            [Check("Tracebacks", crashed), lost],
            [kept],
        ),
    ]


async def _send_messages(server: LocalServer, number: int) -> Part:
    originals = [text for trace in sorted(TRACES.glob("*.jsonl")) for _, text in sent(trace)]
    kinds = Counter[str]()
    due = 0

    async def send(seed: int) -> None:
        nonlocal due
        texts = list(islice(messages(originals, seed), _MESSAGES_A_CONNECTION))
        due += sum(map(_is_answered, texts))
        data = b"".join(frame(0x81, each.encode()) for each in texts) + frame(0x88)
        kinds.update(_kind(text) for first, text in await _answers(server, data) if first == 0x81)

    connections = number // _MESSAGES_A_CONNECTION
    await _in_turns([send(_SEED + each) for each in range(connections)])
    answered = kinds["error"] + kinds["pong"]
    invalid = [kind for kind in kinds if kind.startswith("invalid")]
    wrong = sum(kinds[kind] for kind in invalid)
    no_json = Check("Frames from the server that are not JSON", wrong)
    return Part(
        "Text that is mostly not a message",
        f"{connections * _MESSAGES_A_CONNECTION:,} mutated messages",
        f"{due:,} answers",
        f"{answered:,} answers",
        f"{kinds['error']:,} error frames, {kinds['pong']:,} pongs; what is still a message was "
        f"passed on, {kinds['publish']:,} times{'; '.join(['', *invalid[:1]])}",
        [Check(_UNANSWERED, abs(due - answered)), no_json],
    )


def _is_answered(text: str) -> bool:
    try:
        return isinstance(parse(text, False, Limits()), Ping)
    except InvalidMessageError:
        return True


def _kind(payload: bytes) -> str:
    try:
        # int() refuses NaN, which is no JSON, but also numbers of over 4,300 digits, which are.
        message = json.loads(payload.decode(), parse_constant=int, parse_int=float)
        is_late = message.get("code") == TooManyAnnouncesError.code  # what it answers was valid
        return "late" if is_late else str(message["type"])
    except (ValueError, TypeError, KeyError):
        return f"invalid: {payload[:200]!r}"


async def _send_frames(server: LocalServer, number: int) -> Part:
    codes, wrong = Counter[int](), list[tuple[bytes, int]]()

    async def send(data: bytes, due: set[int]) -> None:
        answers = await _answers(server, data)
        closes = [int.from_bytes(text[:2]) for first, text in answers if first == 0x88]
        code = closes[-1] if closes else 0
        codes[code] += 1
        if code not in due:
            wrong.append((data[:20], code))

    await _in_turns([send(*each) for each in islice(frames(_SEED), number)])
    counts = ", ".join(f"{count:,} with {code}" for code, count in sorted(codes.items()))
    return Part(
        "Frames that break RFC 6455",
        f"{number:,} connections: reserved bits and opcodes, fragments, no mask, no UTF-8, ...",
        f"{number:,} closed as the RFC says",
        f"{number - len(wrong):,}",
        f"{counts}{f'; wrong: {wrong[:3]}' if wrong else ''}",
        [Check(_UNANSWERED, len(wrong))],
    )


async def _send_noise(server: LocalServer, number: int) -> Part:
    requests = [Request("noise", data, _NO_FAULT) for data in islice(noise(_SEED), number)]
    statuses, wrong = await _statuses_of(server, requests, ends=True)
    return Part(
        "Random bytes instead of a request",
        f"{number:,} connections",
        "refused or ended, none with 5xx",
        f"{number - len(wrong):,}",
        f"{statuses[0]:,} ended, {number - statuses[_HANGS] - statuses[0]:,} refused",
        [Check(_UNANSWERED, len(wrong))],
    )


async def _send_requests(server: LocalServer) -> Part:
    _, wrong = await _statuses_of(server, REQUESTS)
    return Part(
        "HTTP tricks on the same port",
        f"{len(REQUESTS)}: two Upgrades, bodies with Upgrade, `..`, 1 MB of query, ...",
        f"{len(REQUESTS)} refused or harmless",
        f"{len(REQUESTS) - len(wrong)}",
        f"wrong: {', '.join(wrong)}" if wrong else "none with 5xx, none hangs",
        [Check(_UNANSWERED, len(wrong))],
    )


async def _statuses_of(
    server: LocalServer, requests: list[Request], ends: bool = False
) -> tuple[Counter[int], list[str]]:
    """Return how often each status answered `requests`, and those that it should not answer.

    The status is 0 if the connection ends without any.
    """
    statuses, wrong = Counter[int](), list[str]()

    async def send(request: Request) -> None:
        status = 0
        async with _connected(server) as (reader, writer):
            writer.write(request.data)
            try:
                if ends:
                    writer.write_eof()
                async with asyncio.timeout(_SECONDS):
                    line = await reader.readline()
                status = int(line.split()[1]) if line.startswith(b"HTTP/1.") else 0
            except TimeoutError:
                status = _HANGS
            except ConnectionError:
                pass
        statuses[status] += 1
        if status not in request.statuses:
            wrong.append(f"{request.name}: {status}")

    await _in_turns([send(each) for each in requests])
    return statuses, wrong


async def _answers(server: LocalServer, data: bytes) -> list[tuple[int, bytes]]:
    """Return the first byte and the payload of each frame that answers `data` on a WebSocket."""
    answers = []
    async with _connected(server) as (reader, writer):
        writer.write(HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        with suppress(asyncio.IncompleteReadError, ConnectionError):  # it hung up
            async with asyncio.timeout(_SECONDS):
                while True:
                    first, length = await reader.readexactly(2)
                    if length >= 126:
                        length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8))
                    answers.append((first, await reader.readexactly(length)))
    return answers


async def _in_turns(jobs: list[Coroutine[Any, Any, None]]) -> None:
    """Run `jobs`, some at once."""
    for first in range(0, len(jobs), _AT_ONCE):
        await asyncio.gather(*jobs[first : first + _AT_ONCE])


@asynccontextmanager
async def _connected(
    server: LocalServer,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)  # in which it is closed
