"""Which columns does a Parquet schema have, and are they of the types that our engine writes?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sandbox.thrift import Struct, TooMuch, Unreadable

BOOLEAN, INT32, INT64, FLOAT, DOUBLE, BYTE_ARRAY, FIXED = 0, 1, 2, 4, 5, 6, 7
MAX_DEPTH = 32
_REQUIRED, _OPTIONAL, _REPEATED = 0, 1, 2
_CONVERTED_DECIMAL, _DECIMAL, _TIME, _TIMESTAMP, _NULL, _JSON, _UUID = 5, 5, 7, 8, 11, 12, 14

_Type = tuple[int, int | None, int | None, int | None, int | None]
_TYPES: frozenset[_Type] = frozenset(
    # physical, length, converted, logical, unit of time (1 milli, 2 micro, 3 nano)
    {
        (BOOLEAN, None, None, None, None),
        (FLOAT, None, None, None, None),
        (DOUBLE, None, None, None, None),
        (INT32, None, None, _NULL, None),
        *((INT32, None, converted, None, None) for converted in (6, 11, 12, 13, 15, 16, 17)),  # date, whole numbers
        *((INT64, None, converted, None, None) for converted in (14, 18)),  # whole numbers
        (INT64, None, 8, _TIME, 2),
        (INT64, None, None, _TIME, 3),
        (INT64, None, 9, _TIMESTAMP, 1),
        (INT64, None, 10, _TIMESTAMP, 2),
        (INT64, None, None, _TIMESTAMP, 3),
        (BYTE_ARRAY, None, None, None, None),
        (BYTE_ARRAY, None, 0, None, None),  # text
        (BYTE_ARRAY, None, 19, _JSON, None),
        (FIXED, 12, 21, None, None),  # interval
        (FIXED, 16, None, _UUID, None),
    }
)
_DIGITS = {(INT32, None): 9, (INT64, None): 18, (FIXED, 16): 38}
"""Physical type and length of a decimal → its most digits."""
_DECIMAL_WIDTH = 16
_WIDTHS = {BOOLEAN: 1, INT32: 4, INT64: 8, FLOAT: 4, DOUBLE: 8, BYTE_ARRAY: 4}
"""Bytes of a value; for texts, those of the length in front of them."""


class Leaf(NamedTuple):
    """A column of a schema. `plain` is what a value takes in a page, `width` in memory, apart from the bytes of a text.

    `repeated` and `optional` are how many levels above it, itself included, may hold many values or none.
    """

    path: tuple[bytes, ...]
    physical: int
    plain: int
    width: int
    repeated: int
    optional: int


@dataclass(kw_only=True)
class _Group:
    """A group whose children are being read; `inner` is how many children its one repeated child has, if it has one."""

    path: tuple[bytes, ...]
    left: int
    inner: int | None
    repeated: int
    optional: int


_INNER = {None: None, 3: 1, 1: 2}
"""Converted type of a group (a struct, a list, a map) → children of its repeated group."""


def leaves(schema: list[Struct]) -> list[Leaf]:
    """The columns of a schema, in order. Raises `Unreadable`, or `TooMuch` when it is deeper than `MAX_DEPTH`."""
    if not schema or schema[0].keys() != {3, 4, 5} or schema[0][3] != _REQUIRED or schema[0][5] < 1:
        raise Unreadable("a schema without a root")
    open_groups = [_Group(path=(), left=schema[0][5], inner=None, repeated=0, optional=0)]
    found = []
    for element in schema[1:]:
        if not open_groups:
            raise Unreadable("an element that belongs nowhere")
        group = open_groups[-1]
        group.left -= 1
        if 5 in element:
            open_groups.append(_group(element, group))
        else:
            found.append(_leaf(element, group))
        while open_groups and not open_groups[-1].left:
            open_groups.pop()
        if len(open_groups) > MAX_DEPTH:
            raise TooMuch("a schema that is too deep")
    if open_groups:
        raise Unreadable("a group without its children")
    return found


def _group(element: Struct, parent: _Group) -> _Group:
    repetition, converted = element[3], element.get(6)
    plain = element.keys() <= {3, 4, 5, 6} and element[5] >= 1 and converted in _INNER
    if parent.inner is None:  # a struct, a list or a map
        fits = repetition in (_REQUIRED, _OPTIONAL) and (converted is None or element[5] == 1)
    else:  # the repeated group of a list or a map
        fits = repetition == _REPEATED and converted is None and element[5] == parent.inner
    if not (plain and fits):
        raise Unreadable("a group that the engine does not write")
    return _Group(
        path=(*parent.path, element[4]),
        left=element[5],
        inner=_INNER[converted],
        repeated=parent.repeated + (repetition == _REPEATED),
        optional=parent.optional + (repetition != _REQUIRED),
    )


def _leaf(element: Struct, parent: _Group) -> Leaf:
    repetition = element[3]
    if parent.inner is not None or repetition not in (_REQUIRED, _OPTIONAL) or 1 not in element:
        raise Unreadable("a column without a type, or where none may be")
    is_decimal = _is_decimal(element)
    if not (is_decimal or _signature(element) in _TYPES):
        raise Unreadable("a type that the engine does not write")
    physical = element[1]
    plain = _WIDTHS.get(physical) or element[2]
    return Leaf(
        path=(*parent.path, element[4]),
        physical=physical,
        plain=plain,
        width=_DECIMAL_WIDTH if is_decimal else plain,
        repeated=parent.repeated,
        optional=parent.optional + (repetition == _OPTIONAL),
    )


def _signature(element: Struct) -> _Type | None:
    """What `_TYPES` lists; None when there is more to the element."""
    logical, detail = element.get(10, (None, None))
    unit = detail[2][0] if logical in (_TIME, _TIMESTAMP) else None
    if 7 in element or 8 in element:
        return None
    return element[1], element.get(2), element.get(6), logical, unit


def _is_decimal(element: Struct) -> bool:
    """Whether the element is a decimal that says twice the same of its digits and of those after the point."""
    digits = _DIGITS.get((element[1], element.get(2)), 0)
    scale, precision = element.get(7, -1), element.get(8, 0)
    fits = 0 <= scale <= precision and 1 <= precision <= digits
    return fits and element.get(6) == _CONVERTED_DECIMAL and element.get(10) == (_DECIMAL, {1: scale, 2: precision})
