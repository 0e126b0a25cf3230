"""What the layer needs of `typing`, whose import would take a tenth of every cold start.

Type checkers see typing itself here: to them anything called TYPE_CHECKING is true. While the code
runs, only NamedTuple is more than a name. It makes a class in a tenth of the time that typing's
takes, which compiles a constructor for each.
"""

from __future__ import annotations

from operator import itemgetter

__all__ = ["TYPE_CHECKING", "Any", "NamedTuple", "Protocol", "TypeVar"]

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any, NamedTuple, Protocol, Self, TypeVar
else:
    Any = Protocol = object

    def TypeVar(name):
        """Return what stands for a type while the code runs."""
        return object


class _Kind(type):
    """The class of classes of records: it finds the fields among their annotations."""

    _fields: tuple[str, ...]
    _defaults: dict[str, Any]

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> _Kind:
        made = super().__new__(cls, name, bases, {**namespace, "__slots__": ()})
        made._fields = tuple(made.__annotations__)
        made._defaults = {each: namespace[each] for each in made._fields if each in namespace}
        for place, field in enumerate(made._fields):
            setattr(made, field, property(itemgetter(place)))
        return made


class _Record(tuple[Any, ...], metaclass=_Kind):
    """A tuple whose places have names."""

    def __new__(cls, *values: Any, **named: Any) -> Self:
        if named:
            rest = cls._fields[len(values) :]
            given = {**cls._defaults, **named}
            if named.keys() <= {*rest} <= given.keys():
                values += tuple([given[each] for each in rest])
        elif missing := len(cls._fields) - len(values):
            values += tuple(cls._defaults.values())[-missing:]
        if len(values) != len(cls._fields):
            raise TypeError(f"the fields of {cls.__name__} are {', '.join(cls._fields)}")
        return tuple.__new__(cls, values)

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self._asdict().items())
        return f"{type(self).__name__}({fields})"

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(type(self)._fields, self, strict=True))

    def _replace(self, **changes: Any) -> Self:
        changed = tuple.__new__(type(self), map(changes.pop, type(self)._fields, self))
        if changes:
            raise TypeError(f"{type(self).__name__} has no field {', '.join(changes)}")
        return changed


if not TYPE_CHECKING:
    NamedTuple = _Record
