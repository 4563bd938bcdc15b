"""Does plain data have the exact shape of a message? Reads a frozen dataclass from JSON data, refusing all else.

Nothing is converted or guessed: a bool is no int, an unknown key is refused, a missing key must have a default.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Hashable
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeVar, Union, cast, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
MAX_LIST = 20_000


class Malformed(ValueError):
    """A message is not of this protocol: wrong version, shape, type or size."""


@cache
def _hints(cls: Hashable) -> dict[str, object]:
    return get_type_hints(cls)


@cache
def _required(cls: Hashable) -> frozenset[str]:
    declared = fields(cast("type[DataclassInstance]", cls))
    return frozenset(f.name for f in declared if f.default is MISSING and f.default_factory is MISSING)


def from_plain(cls: type[T], data: object) -> T:
    """The dataclass `cls` read from a JSON object. Raises `Malformed`."""
    hints = _hints(cast("Hashable", cls))
    if not isinstance(data, dict) or not _required(cast("Hashable", cls)) <= set(data) <= set(hints):
        raise Malformed(f"{cls.__name__} has other fields")
    return cast("Callable[..., T]", cls)(**{name: _value(hints[name], value) for name, value in data.items()})


def _value(hint: object, data: object) -> object:
    if is_dataclass(hint) and isinstance(hint, type):
        return from_plain(hint, data)
    origin = get_origin(hint)
    if origin is None:
        return _plain(hint, data)
    return _COMPOSITE[origin](get_args(hint), data)


def _plain(hint: object, data: object) -> object:
    accepted = (int, float) if hint is float else (hint,)
    if type(data) not in accepted:
        raise Malformed(f"not of type {getattr(hint, '__name__', hint)}")
    return data


def _tuple(args: tuple[object, ...], data: object) -> tuple[object, ...]:
    if not isinstance(data, list) or len(data) > MAX_LIST:
        raise Malformed("not a list")
    if args[-1] is Ellipsis:
        return tuple(_value(args[0], item) for item in data)
    if len(data) != len(args):
        raise Malformed("a list of another length")
    return tuple(_value(hint, item) for hint, item in zip(args, data, strict=True))


def _dict(args: tuple[object, ...], data: object) -> dict[str, object]:
    if not isinstance(data, dict) or len(data) > MAX_LIST:
        raise Malformed("not an object")
    return {name: _value(args[1], item) for name, item in data.items()}


def _optional(args: tuple[object, ...], data: object) -> object:
    if data is None and type(None) in args:
        return None
    return _value(next(a for a in args if a is not type(None)), data)


_COMPOSITE: dict[object, Callable[[tuple[object, ...], object], object]] = {
    tuple: _tuple,
    dict: _dict,
    Union: _optional,
    types.UnionType: _optional,
}
