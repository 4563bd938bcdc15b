"""What does the footer of a Parquet file say, and could our engine have written it?

The kinds below hold the fields that DuckDB 2.0 writes, by their numbers in parquet.thrift, and no others: encryption,
files elsewhere, key-value pairs that make a reader build types of its own, and page indexes are not known here.
Source: Apache Parquet, parquet-format/src/main/thrift/parquet.thrift.
"""

from __future__ import annotations

from typing import NamedTuple

from sandbox.schema import MAX_DEPTH, Leaf, leaves
from sandbox.thrift import (
    FLAG,
    WHOLE32,
    WHOLE64,
    Struct,
    TooMuch,
    Unreadable,
    binary,
    listed,
    read_struct,
    struct,
    union,
)

DATA_PAGE, DICTIONARY_PAGE = 0, 2
PLAIN, PLAIN_DICTIONARY, RLE, RLE_DICTIONARY = 0, 2, 3, 8
DICTIONARY_ENCODINGS = (PLAIN_DICTIONARY, RLE_DICTIONARY)
_ZSTD = 6
_MAX_NODES = 4096
_MAX_NAME = 4096
_NOTES = {b"duckdb.interval_bloom_filter": 64, b"geo": 4096}
"""Key-value pairs that the engine writes with some types, with the longest value; readers of ours ignore them."""


class Chunk(NamedTuple):
    """A column chunk: where its pages are and what the footer says of them. `bloom` is (start, end) of its filter."""

    physical: int
    path: tuple[bytes, ...]
    values: int
    uncompressed: int
    compressed: int
    data: int
    dictionary: int | None
    bloom: tuple[int, int] | None

    @property
    def start(self) -> int:
        """The place of its first page."""
        return self.data if self.dictionary is None else self.dictionary


class RowGroup(NamedTuple):
    """A group of rows, with one chunk per leaf."""

    chunks: list[Chunk]
    uncompressed: int
    rows: int
    compressed: int


class Footer(NamedTuple):
    """A whole footer: the leaves of the schema, the number of rows, the row groups."""

    leaves: list[Leaf]
    rows: int
    groups: list[RowGroup]


class Page(NamedTuple):
    """The header of a page: sizes of what follows it, number of values, encoding."""

    dictionary: bool
    uncompressed: int
    compressed: int
    values: int
    encoding: int


class Placed(NamedTuple):
    """A page and where its body begins."""

    page: Page
    body: int


def _chunk(found: Struct) -> Chunk:
    if found[4] != _ZSTD or not set(found[2]) <= {PLAIN, *DICTIONARY_ENCODINGS}:
        raise Unreadable("a codec or encoding that the engine does not write")
    if (14 in found) != (15 in found):
        raise Unreadable("half a bloom filter")
    return Chunk(
        physical=found[1],
        path=tuple(found[3]),
        values=found[5],
        uncompressed=found[6],
        compressed=found[7],
        data=found[9],
        dictionary=found.get(11),
        bloom=(found[14], found[14] + found[15]) if 14 in found else None,
    )


def _row_group(found: Struct) -> RowGroup:
    return RowGroup([column[3] for column in found[1]], found[2], found[3], found[6])


def _note(found: Struct) -> None:
    if len(found[2]) > _NOTES.get(found[1], -1):
        raise Unreadable("a key-value pair that the engine does not write")


def _page(found: Struct) -> Page:
    kind = found[1]
    if (kind, 5 in found, 7 in found) == (DATA_PAGE, True, False):
        head = found[5]
        if (head[3], head[4]) != (RLE, RLE):
            raise Unreadable("levels in another encoding")
        return Page(False, found[2], found[3], head[1], head[2])
    if (kind, 5 in found, 7 in found) == (DICTIONARY_PAGE, False, True):
        head = found[7]
        return Page(True, found[2], found[3], head[1], head[2])
    raise Unreadable("a page of a kind that the engine does not write")


_NAME = binary(_MAX_NAME)
_BOUND = binary(1024)
_NOTHING = struct({})
_UNIT = union({1: _NOTHING, 2: _NOTHING, 3: _NOTHING})
_CLOCK = struct({1: FLAG, 2: _UNIT}, required=(1, 2))
_DECIMAL = struct({1: WHOLE32, 2: WHOLE32}, required=(1, 2))
_LOGICAL = union({5: _DECIMAL, 7: _CLOCK, 8: _CLOCK, 11: _NOTHING, 12: _NOTHING, 14: _NOTHING})
_ELEMENT = struct(
    {
        1: WHOLE32,  # physical type
        2: WHOLE32,  # length of a fixed type
        3: WHOLE32,  # repetition
        4: _NAME,
        5: WHOLE32,  # number of children
        6: WHOLE32,  # converted type
        7: WHOLE32,  # scale
        8: WHOLE32,  # precision
        10: _LOGICAL,
    },
    required=(3, 4),
)
_STATISTICS = struct(
    {1: _BOUND, 2: _BOUND, 3: WHOLE64, 4: WHOLE64, 5: _BOUND, 6: _BOUND, 7: FLAG, 8: FLAG, 9: WHOLE64},
    make=lambda _found: None,
)
_PAGES = struct({1: WHOLE32, 2: WHOLE32, 3: WHOLE32}, make=lambda _found: None)
_META = struct(
    {
        1: WHOLE32,  # physical type
        2: listed(WHOLE32, 4),  # encodings
        3: listed(_NAME, MAX_DEPTH + 1, beyond=TooMuch),  # path in the schema
        4: WHOLE32,  # codec
        5: WHOLE64,  # values
        6: WHOLE64,  # size of the pages with their headers, uncompressed
        7: WHOLE64,  # the same as it lies in the file
        9: WHOLE64,  # place of the first data page
        11: WHOLE64,  # place of the dictionary page
        12: _STATISTICS,
        13: listed(_PAGES, 8),
        14: WHOLE64,  # place of the bloom filter
        15: WHOLE32,  # its size
    },
    required=(1, 2, 3, 4, 5, 6, 7, 9),
    make=_chunk,
)
_COLUMN = struct({2: WHOLE64, 3: _META}, required=(3,))
_ROW_GROUP = struct(
    {1: listed(_COLUMN, _MAX_NODES), 2: WHOLE64, 3: WHOLE64, 5: WHOLE64, 6: WHOLE64},
    required=(1, 2, 3, 6),
    make=_row_group,
)
_PAIR = struct({1: _NAME, 2: _NAME}, required=(1, 2), make=_note)
_ORDER = union({1: _NOTHING})
_DATA = struct({1: WHOLE32, 2: WHOLE32, 3: WHOLE32, 4: WHOLE32}, required=(1, 2, 3, 4))
_DICTIONARY = struct({1: WHOLE32, 2: WHOLE32}, required=(1, 2))
_PAGE = struct({1: WHOLE32, 2: WHOLE32, 3: WHOLE32, 5: _DATA, 7: _DICTIONARY}, required=(1, 2, 3), make=_page)


def read_footer(data: bytes, most_groups: int) -> Footer:
    """The footer that `data` is, with at most `most_groups` row groups. Raises `Unreadable`."""
    kind = struct(
        {
            1: WHOLE32,  # version
            2: listed(_ELEMENT, _MAX_NODES, beyond=TooMuch),
            3: WHOLE64,
            4: listed(_ROW_GROUP, most_groups, beyond=TooMuch),
            5: listed(_PAIR, len(_NOTES)),
            6: binary(256),  # who wrote it
            7: listed(_ORDER, _MAX_NODES),
        },
        required=(1, 2, 3, 4, 6, 7),
    )
    found, end = read_struct(kind, data)
    if end != len(data):
        raise Unreadable("bytes after the footer")
    columns = leaves(found[2])
    if len(found[7]) != len(columns):
        raise Unreadable("orders of other columns")
    return Footer(leaves=columns, rows=found[3], groups=found[4])


def read_page(data: bytes) -> tuple[Page, int]:
    """The page header that `data` begins with, and its size. Raises `Unreadable`."""
    return read_struct(_PAGE, data)
