"""Records behave as those of `typing`, which they replace while the code runs."""

import copy
import pickle
import typing
from typing import Any

import pytest

from signaling import typed


class Point(typed.NamedTuple):
    """A place."""

    x: int
    y: int
    name: str = "here"
    marks: tuple[str, ...] = ()

    @property
    def sum(self) -> int:
        return self.x + self.y

    @classmethod
    def origin(cls) -> "Point":
        return cls(0, 0)


class Bare(typed.NamedTuple):
    word: str = "bare"


class Original(typing.NamedTuple):
    x: int
    y: int
    name: str = "here"
    marks: tuple[str, ...] = ()


RIGHT: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((1, 2, "there", ("a",)), {}),
    ((1, 2, "there"), {}),
    ((1, 2), {}),
    ((1, 2), {"marks": ("a",)}),
    ((1,), {"name": "there", "y": 2}),
    ((), {"marks": (), "name": "", "y": 2, "x": 1}),
]
WRONG: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {}),
    ((1,), {}),
    ((1,), {"name": "there"}),
    ((1, 2, "there", (), 5), {}),
    ((1, 2, "there", (), 5), {"name": "there"}),
    ((1, 2), {"z": 3}),
    ((1, 2), {"x": 1}),
]


@pytest.mark.parametrize(("values", "named"), RIGHT)
def test_a_record_is_made_as_by_typing(values: tuple[Any, ...], named: dict[str, Any]) -> None:
    made, original = Point(*values, **named), Original(*values, **named)
    assert tuple(made) == (made.x, made.y, made.name, made.marks) == tuple(original)
    assert repr(made) == repr(original).replace("Original", "Point")
    assert made._fields == original._fields
    assert made._asdict() == original._asdict()


@pytest.mark.parametrize(("values", "named"), WRONG)
def test_a_record_has_its_own_fields_alone(values: tuple[Any, ...], named: dict[str, Any]) -> None:
    for kind in (Point, Original):
        with pytest.raises(TypeError):
            kind(*values, **named)


def test_a_changed_copy_leaves_the_record_as_it_is() -> None:
    point = Point(1, 2)
    assert point._replace(y=3, name="there") == Point(1, 3, "there")
    assert type(point._replace(y=3)) is Point
    unknown: dict[str, Any] = {"z": 3}
    with pytest.raises(TypeError):
        point._replace(**unknown)
    assert point == (1, 2, "here", ())


def test_nothing_can_be_assigned() -> None:
    for name in ("x", "z"):
        with pytest.raises(AttributeError):
            setattr(Point(1, 2), name, 3)


def test_a_record_has_what_its_class_defines() -> None:
    assert Point.origin().sum == 0
    assert Point.__doc__ == "A place."
    assert Bare().word == "bare"


def test_a_copy_is_equal_and_of_the_same_class() -> None:
    point = Point(1, 2, marks=("a", "b"))
    for copied in (copy.deepcopy(point), pickle.loads(pickle.dumps(point))):
        assert copied == point
        assert type(copied) is Point
