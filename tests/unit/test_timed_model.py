"""Pages that lose each other meet again, however long functions take: many random runs of each."""

from typing import NamedTuple

import pytest

from tests.support.timed import Delays, World, apart, connected

RUNS = 150
WARM = Delays(share_of_cold_starts=0.0)


class Loss(NamedTuple):
    """How all connections of a room end at one time."""

    peers: str = "ab"
    milliseconds_apart: int = 5
    """The most between the moments at which the two ends notice."""
    share_moved: float = 0.0
    """Of ends that notice when their page connects to the server again."""
    times: int = 1
    seconds_between: int = 15
    delays: Delays = Delays()


LOSSES = {
    "at once": Loss(),
    "near each other": Loss(milliseconds_apart=1_500),
    "far from each other": Loss(milliseconds_apart=30_000),
    "at once again and again": Loss(times=3),
    "near each other again and again": Loss(milliseconds_apart=1_500, times=3),
    "near each other on a warm stack": Loss(milliseconds_apart=1_500, times=3, delays=WARM),
    "far from each other again and again": Loss("ab", 12_000, times=3, seconds_between=20),
    "one on a new connection": Loss(share_moved=0.5),
    "one long before on a new connection": Loss(milliseconds_apart=30_000, share_moved=0.5),
    "all of four pages at once": Loss("abcd"),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_pages_whose_connections_end_meet_again(loss: Loss) -> None:
    """At one moment, in the order in which the functions happen to handle it."""
    assert [seed for seed in range(RUNS) if pairs_apart(loss, seed)] == []


def pairs_apart(loss: Loss, seed: int) -> list[str]:
    world = connected(seed, loss.delays, loss.peers)
    for time in range(1, loss.times + 1):
        at = 1_000 * loss.seconds_between * time + world.random.randint(0, 1_000)
        world.at(at, lambda: lose_all(world, loss))
    world.run()
    return apart(world)


def lose_all(world: World, loss: Loss) -> None:
    """Let each connection end, and each of its ends notice in its time, in either order."""
    pages = sorted(world.pages.values(), key=lambda page: page.peer)
    for number, one in enumerate(pages):
        for other in pages[number + 1 :]:
            times = world.random.choice((1, 2))  # as without an error, and as with one
            ends = world.random.sample([(one, other), (other, one)], 2)
            later = world.random.randint(0, loss.milliseconds_apart)
            for (page, peer), at in zip(ends, (0, later), strict=True):
                is_moved = world.random.random() < loss.share_moved
                page.lose(peer.peer, world.now + at, times, is_moved)
