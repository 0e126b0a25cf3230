"""The shape of a mesh of peers: how far they are from each other."""

from collections.abc import Hashable, Mapping
from typing import NamedTuple, TypeVar

_Peer = TypeVar("_Peer", bound=Hashable)


class Shape(NamedTuple):
    """What the connections of the peers look like."""

    components: int
    isolated: int
    """Peers without a connection."""
    hops: int
    """Longest of the shortest ways between any two peers of a component: exact, not sampled."""
    least: int
    mean: float
    most: int
    """Connections of a peer."""


def shape(connections: Mapping[_Peer, set[_Peer]]) -> Shape:
    """Return the shape of the mesh, with the exact number of hops.

    Each round, every peer learns whom its neighbours can reach: sets of peers are the bits of
    integers, so that ten thousand searches are one.
    """
    index = {peer: number for number, peer in enumerate(connections)}
    neighbours = [[index[other] for other in others] for others in connections.values()]
    reached, hops = [1 << number for number in range(len(index))], 0
    while True:
        further = []
        for number, others in enumerate(neighbours):
            bits = reached[number]
            for other in others:
                bits |= reached[other]
            further.append(bits)
        if further == reached:
            break
        reached, hops = further, hops + 1
    degrees = [len(others) for others in neighbours]
    mean = sum(degrees) / len(degrees)
    return Shape(len(set(reached)), degrees.count(0), hops, min(degrees), mean, max(degrees))
