"""`--watch`: functions and layer change while clients stay connected."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local import ROOT
from rig.clients import Client, clients
from rig.introductions import until_introduced
from rig.processes import wait_until
from rig.servers import LocalServer

HANDLER = "    frame = Event(event)\n"
ROOMS = "        topic = publish.topic\n"


class Copy:
    """A server that runs from a copy of the project, which tests may change."""

    def __init__(self, folder: Path) -> None:
        for name in ("functions", "layers", "local"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("dist"))
        shutil.copy(ROOT / "template.yaml", folder)
        self.function = folder / "functions" / "message" / "app.py"
        self.rooms = folder / "layers" / "signaling" / "python" / "signaling" / "rooms.py"
        self.folder = folder

    @contextmanager
    def serve(self, *options: str) -> Iterator[LocalServer]:
        """Run it, and stop it whatever happens."""
        server = LocalServer("--watch", *options, folder=self.folder)
        server.start()
        try:
            yield server
        finally:
            assert server.stop() == 0


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


async def expect_line(server: LocalServer, words: str) -> None:
    try:
        await asyncio.to_thread(wait_until, lambda: words in server.output)
    except TimeoutError:
        raise TimeoutError(f"no {words!r} in: {server.output}") from None


async def meet(a: Client, b: Client, room: str) -> None:
    for each in (a, b):
        await each.subscribe(room)
        await each.announce(room)
    await until_introduced(a, b)


async def test_code_changes_and_connections_stay(copy: Copy, any_table: tuple[str, ...]) -> None:
    with copy.serve(*any_table) as server:
        async with clients(server.websocket_url, "A", "B") as (a, b):
            await meet(a, b, "before")
            replace(copy.function, HANDLER, HANDLER + "    print('new function')\n")
            await expect_line(server, "loaded again: functions/message/app.py")
            await a.settled()
            await expect_line(server, "new function")
            replace(copy.rooms, ROOMS, "        print('new layer')\n" + ROOMS)
            await expect_line(server, "rooms.py, for ")
            await a.signal("before", b)
            await expect_line(server, "new layer")
            a.received.clear()
            b.received.clear()
            await meet(a, b, "after")
    assert "Traceback" not in server.output
