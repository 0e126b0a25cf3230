"""Messages, frames and requests that no client should send: how they are answered."""

import asyncio
import json
from collections import Counter
from itertools import islice
from typing import Any, NamedTuple

from local import ROOT
from local.gateway.connection import SECONDS_TO_SEND_REQUEST
from rehearsals.members import leave
from rehearsals.others import talk, two_rooms
from rehearsals.places import MEMORY, Running, running
from rehearsals.report import Findings, Row
from rehearsals.rubbish import REQUESTS, Handshake, frames, messages, noise, recorded
from rehearsals.sockets import SECONDS, in_turns, next_frame, status_of, websocket
from rig.measure import resident_bytes, significant
from rig.raw import HANDSHAKE, frame
from rig.report import Check
from signaling.errors import InvalidMessageError
from signaling.protocol import Limits, Ping, parse

_SEED = 11
_MESSAGES_A_CONNECTION = 500
_MOST_GROWTH = 20e6
_RECORDINGS = ROOT / "tests" / "traces"


class _Sizes(NamedTuple):
    messages: int
    frames: int
    noise: int
    half: int


class _Tally(NamedTuple):
    row: Row
    unanswered: int
    invalid: int = 0
    """Frames from the server that are not JSON."""


def rehearse(is_short: bool) -> Findings:
    """Send all of it while clients in other rooms talk."""
    sizes = _Sizes(300, 60, 20, 50) if is_short else _Sizes(95_000, 5_000, 1_000, 2_000)
    with running(MEMORY, environment={"LOG_LEVEL": "WARNING"}) as here:
        tallies, lost, growth = asyncio.run(_rehearse(here, sizes, is_short))
        crashed = "Traceback" in here.server.output or not here.server.is_running
    return Findings(
        "Rubbish",
        [tally.row for tally in tallies],
        [
            Check(
                "Input that was not answered as it should be", sum(t.unanswered for t in tallies), 0
            ),
            Check("Frames from the server that are not JSON", sum(t.invalid for t in tallies), 0),
            Check("Tracebacks", crashed, 0),
            Check("Messages that the others did not get", lost, 0),
        ],
        [Check("Bytes of memory that were not given back", growth, _MOST_GROWTH)],
        [
            "The messages are mutations of what Chromium sent in `tests/traces`. The protocol's "
            "own parser decides which of them are still messages; each of the others must be "
            "answered with one error frame, on a connection that stays open. A frame that breaks "
            "RFC 6455 must be answered with the close code that the RFC names. The p99 includes "
            "the time of the rehearsal's own process, which sends and reads all of this as fast as "
            "it can."
        ],
    )


async def _rehearse(
    here: Running, sizes: _Sizes, is_short: bool
) -> tuple[list[_Tally], int, float]:
    everyone = await two_rooms(here)
    tallies = [await _send_messages(here, 2 * _MESSAGES_A_CONNECTION)]  # what is needed but once
    before = resident_bytes(here.server.pid)
    others: list[asyncio.Task[Any]] = [asyncio.create_task(talk(everyone, 1 if is_short else 20))]
    tallies = [
        await _send_messages(here, sizes.messages),
        await _send_frames(here, sizes.frames),
        await _send_noise(here, sizes.noise),
        await _send_requests(here),
        await _begin_handshakes(here, sizes.half, is_short),
    ]
    heard = await others[0]
    await asyncio.sleep(1)
    growth = resident_bytes(here.server.pid) - before
    tallies.append(
        _Tally(
            Row(
                "Clients in two other rooms, meanwhile",
                f"{heard.sent:,} messages",
                f"{heard.sent:,}",
                f"{heard.arrived:,}",
                f"p99 {significant(heard.milliseconds)} ms; the server's memory "
                f"grew by {significant(growth / 1e6)} MB",
            ),
            0,
        )
    )
    await leave(member for room in everyone for member in room)
    return tallies, heard.sent - heard.arrived, growth


async def _send_messages(here: Running, number: int) -> _Tally:
    originals = recorded(_RECORDINGS)
    limits, found = Limits(), Counter[str]()

    async def send(seed: int) -> None:
        texts = list(islice(messages(originals, seed), _MESSAGES_A_CONNECTION))
        due = sum(_is_answered(each, limits) for each in texts)
        async with websocket(here.server) as (reader, writer):
            writer.write(b"".join(frame(0x81, each.encode()) for each in texts) + frame(0x88))
            async with asyncio.timeout(SECONDS):
                while (got := await next_frame(reader)) and got[0] == 0x81:
                    found[_kind(got[1])] += 1
        found["due"] += due

    connections = number // _MESSAGES_A_CONNECTION
    await in_turns([send(_SEED + each) for each in range(connections)])
    answered = found["error"] + found["pong"]
    return _Tally(
        Row(
            "Text that is mostly not a message",
            f"{connections * _MESSAGES_A_CONNECTION:,} mutated messages",
            f"{found['due']:,} answers",
            f"{answered:,} answers",
            f"{found['error']:,} error frames, {found['pong']:,} pongs; what is still a "
            f"message was passed on, {found['publish']:,} times{_first_invalid(found)}",
        ),
        abs(found["due"] - answered),
        sum(count for kind, count in found.items() if kind.startswith("invalid")),
    )


def _is_answered(text: str, limits: Limits) -> bool:
    try:
        return isinstance(parse(text, False, limits), Ping)
    except InvalidMessageError:
        return True


def _kind(payload: bytes) -> str:
    try:
        # float, because int() refuses numbers of more than 4,300 digits, which JSON may have.
        message = json.loads(payload.decode(), parse_constant=_refuse, parse_int=float)
        return str(message["type"])
    except (ValueError, TypeError, KeyError):
        return f"invalid: {payload[:200]!r}"


def _first_invalid(found: Counter[str]) -> str:
    invalid = [kind for kind in found if kind.startswith("invalid")]
    return f"; {invalid[0]}" if invalid else ""


def _refuse(constant: str) -> None:
    raise ValueError(constant)


async def _send_frames(here: Running, number: int) -> _Tally:
    codes, wrong = Counter[int](), []

    async def send(data: bytes, due: set[int]) -> None:
        code = 0
        async with websocket(here.server) as (reader, writer):
            writer.write(data)
            async with asyncio.timeout(SECONDS):
                while got := await next_frame(reader):
                    if got[0] == 0x88:
                        code = int.from_bytes(got[1][:2])
        codes[code] += 1
        if code not in due:
            wrong.append((data[:20], code))

    await in_turns([send(*each) for each in islice(frames(_SEED), number)])
    counts = ", ".join(f"{count:,} with {code}" for code, count in sorted(codes.items()))
    return _Tally(
        Row(
            "Frames that break RFC 6455",
            f"{number:,} connections: reserved bits and opcodes, fragments, no mask, no UTF-8, ...",
            f"{number:,} closed as the RFC says",
            f"{number - len(wrong):,}",
            f"{counts}{f'; wrong: {wrong[:3]}' if wrong else ''}",
        ),
        len(wrong),
    )


async def _send_noise(here: Running, number: int) -> _Tally:
    statuses = Counter[int]()
    hang = 0

    async def send(data: bytes) -> None:
        nonlocal hang
        try:
            statuses[await status_of(here.server, data, ends=True)] += 1
        except TimeoutError:
            hang += 1

    await in_turns([send(each) for each in islice(noise(_SEED), number)])
    wrong = hang + sum(count for status, count in statuses.items() if status >= 500)
    return _Tally(
        Row(
            "Random bytes instead of a request",
            f"{number:,} connections",
            "refused or ended, none with 5xx",
            f"{number - wrong:,}",
            f"{statuses[0]:,} ended, {number - hang - statuses[0]:,} refused",
        ),
        wrong,
    )


async def _send_requests(here: Running) -> _Tally:
    wrong: list[str] = []

    async def send(trick: Handshake) -> None:
        try:
            status = await status_of(here.server, trick.request)
        except TimeoutError:
            status = -1
        if status not in trick.statuses:
            wrong.append(f"{trick.name}: {status}")

    await in_turns([send(each) for each in REQUESTS])
    return _Tally(
        Row(
            "HTTP tricks on the same port",
            f"{len(REQUESTS)}: two Upgrades, bodies with Upgrade, `..`, 1 MB of query, ...",
            f"{len(REQUESTS)} refused or harmless",
            f"{len(REQUESTS) - len(wrong)}",
            f"wrong: {', '.join(wrong)}" if wrong else "none with 5xx, none hangs",
        ),
        len(wrong),
    )


async def _begin_handshakes(here: Running, number: int, is_short: bool) -> _Tally:
    opened = [await asyncio.open_connection("127.0.0.1", here.server.port) for _ in range(number)]
    for index, (_, writer) in enumerate(opened):
        writer.write(HANDSHAKE[: 1 + index % (len(HANDSHAKE) - 2)])
    cut = 0
    if not is_short:
        await asyncio.sleep(SECONDS_TO_SEND_REQUEST + 2)
        cut = sum(reader.at_eof() or writer.is_closing() for reader, writer in opened)
    for _, writer in opened:
        writer.transport.abort()
    await asyncio.sleep(0)
    return _Tally(
        Row(
            "Half a handshake, and then nothing",
            f"{number:,} connections",
            f"cut after {SECONDS_TO_SEND_REQUEST} s",
            "not waited for" if is_short else f"{cut:,}",
            "",
        ),
        0 if is_short else number - cut,
    )
