"""Owns how frozen records with many fields are made quickly; knows no record of its own.

A frozen, slotted dataclass sets each field through `object.__setattr__`, which looks the field up
again every time; with sixty fields that is most of what reading a record costs. Here the fields
are set by plain assignments on an unfrozen twin of the class, and the twin then becomes the record.

Source: the generated `__init__` of CPython's `dataclasses._init_fn`; data model, "`__class__`
assignment works only if both classes have the same `__slots__`".
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Record = TypeVar("_Record")


_COPIERS: Final[dict[type, Callable[..., Any]]] = {}


def quickly_made(cls: type[_Record]) -> type[_Record]:
    """Give a frozen, slotted dataclass an `__init__` that does the same in less time.

    Fields, defaults, order, checks in `__post_init__` and the refusal of later changes stay. Only
    for classes without bases, default factories, and fields that are not parameters.

    Args:
        cls: The class.

    Returns:
        The same class.

    Raises:
        TypeError: The class is not of that kind.

    >>> @quickly_made
    ... @dataclasses.dataclass(frozen=True, slots=True)
    ... class Point:
    ...     x: int
    ...     y: int = 0
    >>> Point(1)
    Point(x=1, y=0)
    >>> replaced(Point(1), y=2)
    Point(x=1, y=2)
    """
    fields = dataclasses.fields(cls)  # type: ignore[arg-type]  # refuses other classes itself
    if any(field.default_factory is not dataclasses.MISSING or not field.init for field in fields):
        raise TypeError(f"{cls.__name__} has fields that no plain assignment can set.")
    names = [field.name for field in fields]
    known: dict[str, Any] = {
        f"default_{field.name}": field.default
        for field in fields
        if field.default is not dataclasses.MISSING
    }
    parameters = ["*"] if any(field.kw_only for field in fields) else []
    parameters += [
        f"{name}=default_{name}" if f"default_{name}" in known else name for name in names
    ]
    draft = type("Draft", (), {"__slots__": tuple(names)})
    known |= {"draft": draft, "record": cls, "become": object.__setattr__, "new": object.__new__}
    check = ["self.__post_init__()"] if hasattr(cls, "__post_init__") else []
    init = _function(
        f"def __init__(self, {', '.join(parameters)}):",
        "become(self, '__class__', draft)",
        *(f"self.{name} = {name}" for name in names),
        "self.__class__ = record",
        *check,
        known=known,
    )
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    setattr(cls, "__init__", init)  # noqa: B010 - mypy refuses the assignment
    _COPIERS[cls] = _function(
        "def copied(other, changes):",
        "self = new(draft)",
        *(f"self.{name} = other.{name}" for name in names),
        "for name, value in changes.items(): setattr(self, name, value)",
        "self.__class__ = record",
        *check,
        "return self",
        known=known,
    )
    return cls


def replaced(record: _Record, **changes: Any) -> _Record:
    """Return a record with other values in some fields, checked as a new one is.

    Args:
        record: Of a class that `quickly_made` was given.
        **changes: New values by name of the field.

    Raises:
        AttributeError: The class has no such field.
    """
    made: _Record = _COPIERS[type(record)](record, changes)
    return made


def _function(head: str, *lines: str, known: dict[str, Any]) -> Any:
    """Return the function of a text that is made of nothing but names of fields."""
    made: dict[str, Any] = {}
    exec("\n  ".join((head, *lines)), known, made)  # noqa: S102 - as dataclasses makes its own
    return next(iter(made.values()))
