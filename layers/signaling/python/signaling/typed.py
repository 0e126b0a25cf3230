"""What the layer needs of `typing`, whose import would take a tenth of every cold start.

Type checkers see typing itself here: to them anything called TYPE_CHECKING is true. While the code
runs, only NamedTuple is more than a name. It makes a class in a tenth of the time that typing's
takes, which compiles a constructor for each.
"""

from __future__ import annotations

from _collections import _tuplegetter  # type: ignore[import-not-found]  # namedtuple's own: twice as fast as a property

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
    _last_defaults: tuple[Any, ...]

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> _Kind:
        made = super().__new__(cls, name, bases, {**namespace, "__slots__": ()})
        made._fields = tuple(made.__annotations__)
        made._defaults = {each: namespace[each] for each in made._fields if each in namespace}
        made._last_defaults = tuple(made._defaults.values())
        for place, field in enumerate(made._fields):
            setattr(made, field, _tuplegetter(place, None))
        return made


class _Record(tuple[Any, ...], metaclass=_Kind):
    """A tuple whose places have names."""

    def __new__(cls, *values: Any, **named: Any) -> Self:
        if named or len(values) != len(cls._fields):
            values += cls._rest(len(values), named)
        return tuple.__new__(cls, values)

    @classmethod
    def _rest(cls, number: int, named: dict[str, Any]) -> tuple[Any, ...]:
        """Return what is `named`, or the defaults, of all fields but the first `number`."""
        fields = cls._fields[number:]
        if not named and 0 < len(fields) <= len(cls._last_defaults):
            return cls._last_defaults[-len(fields) :]
        given = {**cls._defaults, **named}
        if not fields or not named.keys() <= {*fields} <= given.keys():
            raise TypeError(f"the fields of {cls.__name__} are {', '.join(cls._fields)}")
        return tuple([given[each] for each in fields])

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
