"""How rooms of any size hang together when only some of their members hear of a newcomer.

`mesh.py` is the model. Each mixture of those who hear of whom meets the same three histories.
"""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from benchmarks.mesh import SMALL, WINDOW, Mesh, Mixture
from rig.measure import significant
from rig.report import Bar, Check, Report
from rig.shape import Shape, shape

OURS = Mixture("the sender hears of 8, again of 2", 0, 0, 8, 2)

_MIXTURES = (
    Mixture("35 newest hear of it", 35, 0, 0),
    Mixture("12 newest and 23 others hear of it", 12, 23, 0),
    Mixture("18 newest and 17 others hear of it", 18, 17, 0),
    Mixture("16 others hear of it, it hears of 8, again of 2", 0, 16, 8, 2),
    Mixture("the sender hears of 4, again of 2", 0, 0, 4, 2),
    OURS,
)
_SIZES = (200, 1_000, 10_000)
_MOST_HOPS = {1_000: 15, 10_000: 25}
_SLOWEST_TO_MEASURE = "35 newest hear of it", 10_000
"""A chain of 589 hops."""
_DELAY = 0.05
"""Of those who come at once: which part is handled while a frame is on its way."""


class _Found(NamedTuple):
    mixture: Mixture
    history: str
    size: int
    shape: Shape
    deliveries: float
    """Announces that were delivered for each peer that came."""
    crossed: int


def report() -> Report:
    """Return the shapes of all mixtures in all histories and sizes."""
    found = [
        _Found(mixture, history, size, *live(mixture, size))
        for mixture in _MIXTURES
        for history, live in _HISTORIES.items()
        for size in _SIZES
        if (mixture.name, size) != _SLOWEST_TO_MEASURE
    ]
    ours = [each for each in found if each.mixture == OURS]
    return Report(
        "simulation",
        "Rooms of any size",
        (
            "who is introduced, and how the room came about",
            "peers",
            "components",
            "alone",
            "hops",
            "connections of a peer",
            "announces delivered for each that came",
            "pairs that crossed",
        ),
        [_row(each) for each in found],
        [
            "Simulated with y-webrtc's rule: who hears an announce makes an offer if it has fewer "
            "than 20 to 34 connections, and accept every offer. One that loses a "
            "connection announces itself again if it has room. Up to "
            f"{SMALL} peers, all hear every announce. Hops are the longest shortest way between "
            f"any two peers, exact. Others are out of a window of {WINDOW} rows in the order of "
            "hashes. *One after the other*: the room only grows. *All replaced*: then each peer, "
            "in random order, has left and another one has come. *In a hurry*: it only grows, but "
            f"{_DELAY:.0%} of all come while a frame is on its way. *At once*: all have "
            "subscribed, and their announces are handled as fast, in random order."
        ],
        [
            Check("Components, sender hears of 8", max(each.shape.components for each in ours), 1),
            Check("Alone, sender hears of 8", max(each.shape.isolated for each in ours), 0),
            *(
                Check(
                    f"Hops, sender hears of 8, {size:,} peers",
                    max(each.shape.hops for each in ours if each.size == size),
                    most,
                )
                for size, most in _MOST_HOPS.items()
            ),
        ],
        "Hops in a room of 1,000 that only grows",
        [
            Bar(each.mixture.name, each.shape.hops, each.mixture == OURS)
            for each in found
            if each.size == 1_000 and each.history == "one after the other"
        ],
    )


def _grown(mixture: Mixture, size: int) -> tuple[Shape, float, int]:
    mesh = _grow(mixture, size)
    return shape(mesh.connections), mesh.deliveries / size, mesh.crossed


def _replaced(mixture: Mixture, size: int) -> tuple[Shape, float, int]:
    mesh = _grow(mixture, size)
    before = mesh.deliveries
    leavers = list(mesh.connections)
    Random(size).shuffle(leavers)
    for peer in leavers:
        mesh.leave(peer)
        mesh.announce(mesh.enter())
    return shape(mesh.connections), (mesh.deliveries - before) / size, mesh.crossed


def _in_a_hurry(mixture: Mixture, size: int) -> tuple[Shape, float, int]:
    mesh = Mesh(mixture, Random(size), int(size * _DELAY))
    for _ in range(size):
        mesh.announce(mesh.enter())
    mesh.settle()
    return shape(mesh.connections), mesh.deliveries / size, mesh.crossed


def _at_once(mixture: Mixture, size: int) -> tuple[Shape, float, int]:
    random = Random(size)
    mesh = Mesh(mixture, random, int(size * _DELAY))
    peers = [mesh.enter() for _ in range(size)]
    random.shuffle(peers)
    for peer in peers:
        mesh.announce(peer)
    mesh.settle()
    return shape(mesh.connections), mesh.deliveries / size, mesh.crossed


_HISTORIES: dict[str, Callable[[Mixture, int], tuple[Shape, float, int]]] = {
    "one after the other": _grown,
    "all replaced": _replaced,
    "in a hurry": _in_a_hurry,
    "at once": _at_once,
}


def _grow(mixture: Mixture, size: int) -> Mesh:
    mesh = Mesh(mixture, Random(size))
    for _ in range(size):
        mesh.announce(mesh.enter())
    return mesh


def _row(found: _Found) -> tuple[str, ...]:
    components, isolated, hops, least, mean, most = found.shape
    return (
        f"{found.mixture.name}: {found.history}",
        f"{found.size:,}",
        f"{components}",
        f"{isolated}",
        f"{hops}",
        f"{mean:.0f} ({least} to {most})",
        significant(found.deliveries),
        f"{found.crossed}",
    )
