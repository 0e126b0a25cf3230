"""Messages, frames and requests that no client should send: how they are answered."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

from local import ROOT
from rehearsals.report import Part, Row, findings
from rehearsals.rubbish import REQUESTS, Request, frames, messages, noise, recorded
from rehearsals.talking import talk, two_rooms
from rig.measure import resident_bytes, significant
from rig.members import leave
from rig.places import MEMORY, Running, running
from rig.raw import HANDSHAKE, frame
from rig.report import Check, Report
from rig.servers import LocalServer
from signaling.errors import InvalidMessageError
from signaling.protocol import Limits, Ping, parse

_SEED = 11
_AT_ONCE = 20
_SECONDS = 30.0
"""The longest wait for an answer."""
_MESSAGES_A_CONNECTION = 500
_MOST_GROWTH = 20e6

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


_UNANSWERED = "Input that was not answered as it should be"


def rehearse(is_short: bool) -> Report:
    """Send all of it while clients in other rooms talk."""
    sizes = (300, 60, 20) if is_short else (95_000, 5_000, 1_000)
    with running(MEMORY, environment={"LOG_LEVEL": "WARNING"}) as here:
        found = asyncio.run(_rehearse(here, sizes, is_short))
        crashed = "Traceback" in here.server.output or not here.server.is_running
    last = found[-1]
    found[-1] = last._replace(checks=[Check("Tracebacks", crashed, 0), *last.checks])
    return findings(found)


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
    row = Row(
        "Clients in two other rooms, meanwhile",
        f"{heard.sent:,} messages",
        f"{heard.sent:,}",
        f"{heard.arrived:,}",
        f"p99 {significant(heard.milliseconds)} ms; the server's memory grew by "
        f"{significant(growth / 1e6)} MB",
    )
    await leave(member for room in everyone for member in room)
    lost = Check("Messages that the others did not get", heard.sent - heard.arrived, 0)
    kept = Check("Bytes of memory that were not given back", growth, _MOST_GROWTH)
    return [*found, Part(row, [lost], [kept])]


async def _send_messages(server: LocalServer, number: int) -> Part:
    originals = recorded(ROOT / "tests" / "traces")
    answers = Counter[str]()
    due = 0

    async def send(seed: int) -> None:
        nonlocal due
        texts = list(islice(messages(originals, seed), _MESSAGES_A_CONNECTION))
        due += sum(map(_is_answered, texts))
        async with _websocket(server) as (reader, writer):
            writer.write(b"".join(frame(0x81, each.encode()) for each in texts) + frame(0x88))
            async with asyncio.timeout(_SECONDS):
                while (got := await _next_frame(reader)) and got[0] == 0x81:
                    answers[_kind(got[1])] += 1

    connections = number // _MESSAGES_A_CONNECTION
    await _in_turns([send(_SEED + each) for each in range(connections)])
    answered = answers["error"] + answers["pong"]
    invalid = [kind for kind in answers if kind.startswith("invalid")]
    row = Row(
        "Text that is mostly not a message",
        f"{connections * _MESSAGES_A_CONNECTION:,} mutated messages",
        f"{due:,} answers",
        f"{answered:,} answers",
        f"{answers['error']:,} error frames, {answers['pong']:,} pongs; what is still a message "
        f"was passed on, {answers['publish']:,} times{'; '.join(['', *invalid[:1]])}",
    )
    wrong = sum(answers[kind] for kind in invalid)
    return Part(
        row,
        [
            Check(_UNANSWERED, abs(due - answered), 0),
            Check("Frames from the server that are not JSON", wrong, 0),
        ],
    )


def _is_answered(text: str) -> bool:
    try:
        return isinstance(parse(text, False, Limits()), Ping)
    except InvalidMessageError:
        return True


def _kind(payload: bytes) -> str:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        # float, because int() refuses numbers of more than 4,300 digits, which JSON may have.
        message = json.loads(payload.decode(), parse_constant=refuse, parse_int=float)
        return str(message["type"])
    except (ValueError, TypeError, KeyError):
        return f"invalid: {payload[:200]!r}"


async def _send_frames(server: LocalServer, number: int) -> Part:
    codes, wrong = Counter[int](), list[tuple[bytes, int]]()

    async def send(data: bytes, due: set[int]) -> None:
        code = 0
        async with _websocket(server) as (reader, writer):
            writer.write(data)
            async with asyncio.timeout(_SECONDS):
                while got := await _next_frame(reader):
                    if got[0] == 0x88:
                        code = int.from_bytes(got[1][:2])
        codes[code] += 1
        if code not in due:
            wrong.append((data[:20], code))

    await _in_turns([send(*each) for each in islice(frames(_SEED), number)])
    counts = ", ".join(f"{count:,} with {code}" for code, count in sorted(codes.items()))
    row = Row(
        "Frames that break RFC 6455",
        f"{number:,} connections: reserved bits and opcodes, fragments, no mask, no UTF-8, ...",
        f"{number:,} closed as the RFC says",
        f"{number - len(wrong):,}",
        f"{counts}{f'; wrong: {wrong[:3]}' if wrong else ''}",
    )
    return Part(row, [Check(_UNANSWERED, len(wrong), 0)])


async def _send_noise(server: LocalServer, number: int) -> Part:
    statuses = Counter[int]()

    async def send(data: bytes) -> None:
        statuses[await _status_of(server, data, ends=True)] += 1

    await _in_turns([send(each) for each in islice(noise(_SEED), number)])
    wrong = sum(count for status, count in statuses.items() if not 0 <= status < 500)
    row = Row(
        "Random bytes instead of a request",
        f"{number:,} connections",
        "refused or ended, none with 5xx",
        f"{number - wrong:,}",
        f"{statuses[0]:,} ended, {number - statuses[-1] - statuses[0]:,} refused",
    )
    return Part(row, [Check(_UNANSWERED, wrong, 0)])


async def _send_requests(server: LocalServer) -> Part:
    wrong: list[str] = []

    async def send(trick: Request) -> None:
        status = await _status_of(server, trick.data)
        if status not in trick.statuses:
            wrong.append(f"{trick.name}: {status}")

    await _in_turns([send(each) for each in REQUESTS])
    row = Row(
        "HTTP tricks on the same port",
        f"{len(REQUESTS)}: two Upgrades, bodies with Upgrade, `..`, 1 MB of query, ...",
        f"{len(REQUESTS)} refused or harmless",
        f"{len(REQUESTS) - len(wrong)}",
        f"wrong: {', '.join(wrong)}" if wrong else "none with 5xx, none hangs",
    )
    return Part(row, [Check(_UNANSWERED, len(wrong), 0)])


async def _in_turns(jobs: list[Coroutine[Any, Any, None]]) -> None:
    """Run `jobs`, some at once."""
    for first in range(0, len(jobs), _AT_ONCE):
        await asyncio.gather(*jobs[first : first + _AT_ONCE])


@asynccontextmanager
async def _connected(server: LocalServer) -> AsyncIterator[_Streams]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)  # in which it is closed


@asynccontextmanager
async def _websocket(server: LocalServer) -> AsyncIterator[_Streams]:
    async with _connected(server) as (reader, writer):
        writer.write(HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        yield reader, writer


async def _status_of(server: LocalServer, data: bytes, ends: bool = False) -> int:
    """Return the status that answers `data`, 0 if the connection ends without, -1 if it hangs."""
    async with _connected(server) as (reader, writer):
        try:
            writer.write(data)
            if ends:
                writer.write_eof()
            async with asyncio.timeout(_SECONDS):
                line = await reader.readline()
            return int(line.split()[1]) if line.startswith(b"HTTP/1.") else 0
        except ConnectionError:
            return 0
        except TimeoutError:
            return -1


async def _next_frame(reader: asyncio.StreamReader) -> tuple[int, bytes] | None:
    """Return the first byte and the payload of the server's next frame, None if it hung up."""
    try:
        first, length = await reader.readexactly(2)
        if length >= 126:
            length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8))
        return first, await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
