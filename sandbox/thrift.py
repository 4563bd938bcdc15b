"""What does a Thrift struct say? A strict reader of the compact protocol: known fields, one spelling, bounded sizes.

Whatever could be read in two ways is refused (fields twice or out of order, spare bytes in a number, numbers out of
range), so that a lenient reader that comes later cannot understand something else. What is read is described by
kinds, which are put together once: no bytes can make the reader go deeper than its description.
Source: Apache Thrift, doc/specs/thrift-compact-protocol.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

Struct = dict[int, Any]
Read = Callable[[bytes, int], tuple[Any, int]]

_TRUE, _FALSE, _I32, _I64, _BINARY, _LIST, _STRUCT = 1, 2, 5, 6, 8, 9, 12
_LONG_LIST = 15


class Unreadable(ValueError):
    """The bytes are not the struct that was expected, spelled in the one way."""


class TooMuch(Exception):
    """The bytes are in order, but hold more than anybody should read at once."""


class Kind(NamedTuple):
    """A kind of value: the wire types that announce it in a field (one for each reader), and how it is read."""

    readers: Mapping[int, Read]

    @property
    def only(self) -> tuple[int, Read]:
        """The one wire type and reader of a kind that is no flag."""
        ((wire, read),) = self.readers.items()
        return wire, read


def varint(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned number of at most 64 bits."""
    byte = data[at]
    if byte < 0x80:
        return byte, at + 1
    value, shift = byte & 0x7F, 7
    while True:
        at += 1
        byte = data[at]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 63:
            raise Unreadable("a number without end")
    if byte == 0:
        raise Unreadable("a number with spare bytes")
    return value, at + 1


def _whole(bits: int) -> Read:
    """A signed number of `bits` bits (zigzag) that is not negative: no size, count or place is."""
    ceiling = 1 << bits

    def read(data: bytes, at: int) -> tuple[int, int]:
        byte = data[at]
        if byte < 0x80:
            at += 1
        else:
            byte, at = varint(data, at)
        if byte & 1 or byte >= ceiling:
            raise Unreadable("a number out of range")
        return byte >> 1, at

    return read


WHOLE32 = Kind({_I32: _whole(32)})
WHOLE64 = Kind({_I64: _whole(64)})
FLAG = Kind({_TRUE: lambda _data, at: (True, at), _FALSE: lambda _data, at: (False, at)})


def binary(most: int) -> Kind:
    """At most `most` bytes."""

    def read(data: bytes, at: int) -> tuple[bytes, int]:
        size, at = varint(data, at)
        end = at + size
        if size > most or end > len(data):
            raise Unreadable("bytes that are too long")
        return data[at:end], end

    return Kind({_BINARY: read})


def listed(kind: Kind, most: int, *, beyond: type[Exception] = Unreadable) -> Kind:
    """A list of at most `most` values of one kind, which is no flag; a longer one that could be there is `beyond`."""
    wire, read_one = kind.only

    def read(data: bytes, at: int) -> tuple[list[Any], int]:
        head = data[at]
        size, at = head >> 4, at + 1
        if size == _LONG_LIST:
            size, at = varint(data, at)
            if size < _LONG_LIST:
                raise Unreadable("a short list in the long form")
        if head & 15 != wire or size > len(data) - at:
            raise Unreadable("a list of another kind, or of more than there is")
        if size > most:
            raise beyond("a list that is too long")
        found = []
        for _ in range(size):
            value, at = read_one(data, at)
            found.append(value)
        return found, at

    return Kind({_LIST: read})


def struct(
    fields: Mapping[int, Kind], *, required: Iterable[int] = (), make: Callable[[Struct], object] | None = None
) -> Kind:
    """A struct of some of `fields`, all `required` ones among them, as `make` makes of it (else a dict by number)."""
    known = {(number << 4) | wire: read for number, kind in fields.items() for wire, read in kind.readers.items()}
    needed = frozenset(required)

    def read(data: bytes, at: int) -> tuple[object, int]:
        found: Struct = {}
        field = 0
        while head := data[at]:
            field += head >> 4
            read_field = known.get((field << 4) | (head & 15))
            # Fields of our kinds are never more than 15 apart: the long form of a field's number is not needed.
            if read_field is None or head < 16:
                raise Unreadable("a field that is not known, of another kind, or out of order")
            found[field], at = read_field(data, at + 1)
        if not needed <= found.keys():
            raise Unreadable("a field is missing")
        return (found if make is None else make(found)), at + 1

    return Kind({_STRUCT: read})


def union(fields: Mapping[int, Kind]) -> Kind:
    """Exactly one of `fields`, as (number, value)."""

    def make(found: Struct) -> tuple[int, Any]:
        if len(found) != 1:
            raise Unreadable("a union of none or many")
        return next(iter(found.items()))

    return struct(fields, make=make)


def read_struct(kind: Kind, data: bytes, at: int = 0) -> tuple[Any, int]:
    """The struct of `kind` at `at` in `data`, and where it ends. Raises `Unreadable`."""
    try:
        return kind.only[1](data, at)
    except IndexError:
        raise Unreadable("bytes that are cut off") from None
