"""The model behind `make bench ROWS=simulation`: y-webrtc's rule, and the shape of a mesh."""

from random import Random

import pytest

from benchmarks.simulation import HISTORIES, Mesh
from rig.shape import Shape, shape


def test_the_shape_of_a_chain_and_of_one_alone() -> None:
    chain = {0: {1}, 1: {0, 2}, 2: {1}, 3: set()}
    assert shape(chain) == Shape(2, 1, hops=2, least=0, mean=1.0, most=2)


def test_in_a_small_room_everybody_is_connected_to_everybody() -> None:
    mesh = _grown(20)
    assert shape(mesh.connections) == Shape(1, 0, hops=1, least=19, mean=19.0, most=19)


def test_a_full_peer_ignores_announces_and_accepts_offers() -> None:
    small = _grown(100)
    assert max(map(len, small.connections.values())) <= 34
    large = _grown(2_000)
    assert max(map(len, large.connections.values())) > 34
    assert min(map(len, large.connections.values())) == 8


def test_whoever_loses_a_connection_finds_another() -> None:
    mesh = _grown(200)
    announces = mesh.announces
    others = set(mesh.connections[150])
    mesh.leave(150)
    assert mesh.announces > announces
    assert all(150 not in connections for connections in mesh.connections.values())
    assert all(len(mesh.connections[other]) >= 8 for other in others)


@pytest.mark.parametrize("history", HISTORIES)
def test_a_large_room_is_in_one_piece(history: str) -> None:
    mesh = HISTORIES[history](400)
    found = shape(mesh.connections)
    assert (found.components, found.isolated) == (1, 0)
    assert found.hops <= 6


def _grown(size: int) -> Mesh:
    mesh = Mesh(Random(1))
    for _ in range(size):
        mesh.announce(mesh.enter())
    return mesh
