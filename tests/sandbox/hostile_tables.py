"""Which Parquet files would a taken-over process leave? Lies about a real file by name, each with why it is refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pyarrow as pa
import pyarrow.parquet as pq

from tests.sandbox.crafted import (
    BINARY,
    DEFAULT,
    FALSE,
    I32,
    I64,
    LIST,
    STRUCT,
    File,
    Listed,
    Page,
    Struct,
    lie,
    one,
    real,
)

ROWS = 1000
HUGE = 2**31 - 1
Change = Callable[[File], object]
_NESTED = "SELECT [i, i + 1] AS l, {'a': i} AS t, map {i: i} AS m FROM range(1000) AS t(i)"
_TYPED = "SELECT i::DECIMAL(9, 2) AS d, make_timestamp(i)::TIMESTAMP_MS AS t, uuid() AS u FROM range(1000) AS t(i)"


@dataclass(frozen=True, kw_only=True)
class Lie:
    """A file that no honest process leaves, and the words in which it is refused. The answer says 1000 rows."""

    why: str
    change: Change | None = None
    sql: str = DEFAULT
    data: Callable[[], bytes] | None = None


# ------------------------------------------------------------------------------------------------- changes by place


def _meta(number: int, value: object, column: int = 0) -> Change:
    """Change a number of a column's metadata; the rest is not made to fit."""

    def change(file: File) -> None:
        file.settle = False
        file.column(0, column)[number] = value

    return change


def _after(change: Change) -> Change:
    """Change the file after all has been made to fit."""

    def settled(file: File) -> None:
        file.write()
        file.settle = False
        change(file)

    return settled


def _element(index: int, number: int, wire: int, value: object) -> Change:
    return lambda file: file.footer[2].values[index].add(number, wire, value)


def _footer(number: int, wire: int, value: object) -> Change:
    return lambda file: file.footer.add(number, wire, value)


def _note(key: bytes, value: bytes) -> Change:
    return _footer(5, LIST, Listed(STRUCT, [Struct({1: (BINARY, key), 2: (BINARY, value)})]))


def _announced(number: int, size: int) -> Change:
    def change(file: File) -> None:
        file.footer[number].announced = size

    return change


def _page(change: Callable[[Page], object], column: int = 0, number: int = 0) -> Change:
    return lambda file: change(file.chunks[0][column][number])


def _header(number: int, value: object, column: int = 0, page: int = 0) -> Change:
    """Change a number in a page header; the footer tells the uncompressed size of before."""

    def change(file: File) -> None:
        meta, group = file.column(0, column), file.footer[4].values[0]
        before = meta[6]
        file.chunks[0][column][page].header[number] = value
        file.write()
        group[2] += before - meta[6]
        meta[6] = before
        file.settle = False

    return change


def _inner(part: int, number: int, value: object, column: int = 0, page: int = 0) -> Change:
    """Change a number in the part of a page header that belongs to its kind."""

    def change(found: Page) -> None:
        found.header[part][number] = value

    return _page(change, column, page)


def _overlap(file: File) -> None:
    first, second = file.column(0, 0), file.column(0, 1)
    second.fields = first.fields


def _twice(file: File) -> None:
    pages = file.chunks[0][1]
    pages.insert(1, pages[0])


def _turned(file: File) -> None:
    file.chunks[0][1].reverse()


def _alone(file: File) -> None:
    del file.chunks[0][1][1:]


def _missing(file: File) -> None:
    del file.chunks[0][1][0]
    del file.column(0, 1).fields[11]


def _paths(file: File) -> None:
    file.column(0, 0)[3].values = [b"s"]


def _fewer(file: File) -> None:
    del file.footer[4].values[0][1].values[1]
    del file.chunks[0][1]


def _long_header(file: File) -> None:
    file.chunks[0][0][0].header.add(20, BINARY, bytes(100))


def _repeated_field(file: File) -> None:
    """The long form of a field's number, with a number that has been there: a lenient reader takes the last one."""
    group = file.footer[4].values[0]
    group.fields = {1: group.fields[1], 2: group.fields[2], 3: group.fields[3], 6: group.fields[6], 5: group.fields[5]}


def _out_of_range(file: File) -> None:
    """More than 32 bits where 32 are due: a lenient reader takes the lower ones."""
    file.footer[1] = (1 << 32) + 1


def _of_pyarrow(**options: object) -> Callable[[], bytes]:
    def write() -> bytes:
        table = pa.table({"i": pa.array(range(ROWS), pa.int64())})
        out = io.BytesIO()
        pq.write_table(table, out, **({"store_schema": False, "compression": "zstd"} | options))
        return out.getvalue()

    return write


def _extension() -> bytes:
    """A column of an extension type, whose schema pyarrow keeps beside that of Parquet."""
    out = io.BytesIO()
    storage = pa.array(["x"] * ROWS)
    opaque = pa.ExtensionArray.from_storage(pa.opaque(pa.string(), "type", "vendor"), storage)
    pq.write_table(pa.table({"i": opaque}), out, compression="zstd")
    return out.getvalue()


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("data.parquet", real())
    return out.getvalue()


# ------------------------------------------------------------------------------------------------------------ lies

_FILES = {
    "nothing": Lie(why="not a Parquet", data=lambda: b""),
    "two magic words": Lie(why="not a Parquet", data=lambda: b"PAR1PAR1"),
    "an empty footer": Lie(why="cut off", data=lambda: b"PAR1\0\0\0\0PAR1"),
    "a CSV file": Lie(why="not a Parquet", data=lambda: b"i,s\n" + b"1,text\n" * ROWS),
    "a ZIP archive": Lie(why="not a Parquet", data=_zip),
    "half a file": Lie(why="not a Parquet", data=lambda: real()[: len(real()) // 2]),
    "another beginning": Lie(why="not a Parquet", data=lambda: b"PARE" + real()[4:]),
    "an encrypted footer": Lie(why="not a Parquet", data=lambda: b"PARE" + real()[4:-4] + b"PARE"),
    "zeros": Lie(why="not a Parquet", data=lambda: bytes(1 << 20)),
    "zeros between magic words": Lie(why="missing", data=lambda: b"PAR1" + bytes(1 << 20) + b"\x10\0\0\0PAR1"),
    "a footer longer than the file": Lie(why="longer", data=lambda: real()[:-8] + b"\xff\xff\xff\x7fPAR1"),
    "a footer of other bytes": Lie(
        why="not known", data=lambda: b"PAR1" + bytes(range(1, 255)) * 9 + b"\xff\0\0\0PAR1"
    ),
    "a footer that is cut off": Lie(why="cut off|missing", data=lambda: real()[:-12] + b"\x40\0\0\0PAR1"),
    "bytes that belong to nothing": Lie(why="where the footer", change=lambda f: setattr(f, "gap", b"smuggled")),
}
_FOOTERS = {
    "other rows than the answer says": Lie(why="number of rows", sql="SELECT 1 AS i"),
    "other rows than its groups have": Lie(why="number of rows", change=lambda f: f.footer[4].values[0].add(3, I64, 7)),
    "a codec of pyarrow": Lie(why="codec|field", data=_of_pyarrow(compression="brotli")),
    "another codec": Lie(why="codec", change=lambda f: f.column().add(4, I32, 4)),
    "an encoding of pyarrow": Lie(
        why="codec|field", data=_of_pyarrow(use_dictionary=False, column_encoding="DELTA_BINARY_PACKED")
    ),
    "pages of version 2": Lie(why="codec|field", data=_of_pyarrow(data_page_version="2.0")),
    "checksums": Lie(why="codec|field", data=_of_pyarrow(write_page_checksum=True)),
    "an extension type": Lie(why="field|key-value", data=_extension),
    "a schema for Arrow": Lie(why="key-value", change=_note(b"ARROW:schema", b"/////w==")),
    "a long note": Lie(why="too long", change=_note(b"geo", b"x" * 5000)),
    "encryption": Lie(why="not known", change=_footer(8, STRUCT, one(1, STRUCT, Struct()))),
    "an encrypted column": Lie(
        why="not known", change=lambda f: f.footer[4].values[0][1].values[0].add(8, STRUCT, one(1, STRUCT, Struct()))
    ),
    "a column in another file": Lie(
        why="not known", change=lambda f: f.footer[4].values[0][1].values[0].add(1, BINARY, b"/etc/passwd")
    ),
    "two thousand million row groups": Lie(why="more than there is", change=_announced(4, HUGE)),
    "two thousand million elements": Lie(why="more than there is", change=_announced(2, HUGE)),
    "a field out of order": Lie(why="out of order", change=_repeated_field),
    "a negative number": Lie(why="out of range", change=_after(lambda f: f.column().add(5, I64, -1))),
    "a number of 33 bits": Lie(why="out of range", change=_out_of_range),
    "a field of another kind": Lie(why="another kind", change=_footer(3, BINARY, b"1000")),
    "no row groups": Lie(why="missing", change=_after(lambda f: f.footer.fields.pop(4))),
    "96-bit integers": Lie(why="a type", change=_element(1, 1, I32, 3)),
    "fixed bytes of 2 GB": Lie(
        why="a type", change=lambda f: [_element(1, n, I32, v)(f) for n, v in ((1, 7), (2, HUGE))]
    ),
    "a decimal of 77 digits": Lie(why="a type", sql=_TYPED, change=_element(1, 8, I32, 77)),
    "a decimal with two scales": Lie(why="a type", sql=_TYPED, change=_element(1, 7, I32, 3)),
    "a time that is none": Lie(why="a type", sql=_TYPED, change=_element(2, 1, I32, 6)),
    "two types at once": Lie(
        why="union", sql=_TYPED, change=lambda f: f.footer[2].values[3][10].add(12, STRUCT, Struct())
    ),
    "a type of geometry": Lie(why="not known", change=_element(2, 10, STRUCT, one(17, STRUCT, Struct()))),
    "a group without children": Lie(why="group", sql=_NESTED, change=_element(1, 5, I32, 0)),
    "more children than there are": Lie(why="without its children", change=_element(0, 5, I32, 9)),
    "fewer children than there are": Lie(why="belongs nowhere", change=_element(0, 5, I32, 1)),
    "no root": Lie(why="root", change=lambda f: f.footer[2].values.pop(0)),
    "a column that repeats": Lie(why="a column", change=_element(1, 3, I32, 2)),
    "a list of two columns": Lie(why="group", sql=_NESTED, change=_element(2, 5, I32, 2)),
    "a map that is a list": Lie(why="group", sql=_NESTED, change=_element(6, 6, I32, 3)),
    "a chunk too few": Lie(why="sum of its chunks", change=_fewer),
    "a chunk of another column": Lie(why="another column", change=_paths),
    "another type in the chunk": Lie(why="another column", change=lambda f: f.column().add(1, I32, 5)),
    "an order too many": Lie(why="orders", change=lambda f: f.footer[7].values.append(f.footer[7].values[0])),
}
_PLACES = {
    "chunks that overlap": Lie(why="overlap", change=_after(_overlap)),
    "a chunk beyond the file": Lie(why="bytes between", change=_after(_meta(9, 1 << 40, 0))),
    "a chunk larger than the file": Lie(why="overlap|footer begins", change=_after(_meta(7, 1 << 40, 1))),
    "a chunk of no bytes": Lie(why="overlap", change=_after(_meta(7, 0, 0))),
    "a group of another size": Lie(
        why="sum of its chunks", change=_after(lambda f: f.footer[4].values[0].add(2, I64, 9))
    ),
    "half a bloom filter": Lie(why="half", change=lambda f: f.column().add(14, I64, 4)),
    "a bloom filter over the data": Lie(
        why="overlap", change=lambda f: [f.column().add(14, I64, 4), f.column().add(15, I32, 9)]
    ),
}
_PAGES = {
    "a page of 2 GB, it says": Lie(why="add up", change=_header(2, HUGE)),
    "a page longer than its chunk": Lie(why="longer|cut off|field", change=_header(3, 1 << 20)),
    "a page shorter than it is": Lie(why="not known", change=_header(3, 1)),
    "other values than its chunk": Lie(why="add up", change=_inner(5, 1, 999)),
    "other values than rows": Lie(why="fit the rows", change=lambda f: [_inner(5, 1, 9)(f), f.column().add(5, I64, 9)]),
    "fewer values than rows in a list": Lie(
        why="fit the rows", sql=_NESTED, change=lambda f: [_inner(5, 1, 9)(f), f.column().add(5, I64, 9)]
    ),
    "a page of an index": Lie(why="a page of a kind", change=_header(1, 1)),
    "a page of two kinds": Lie(
        why="a page of a kind",
        change=_page(lambda p: p.header.add(7, STRUCT, Struct({1: (I32, 1), 2: (I32, 0)}))),
    ),
    "levels in another encoding": Lie(why="levels", change=_inner(5, 3, 4)),
    "data in another encoding": Lie(why="encoding", change=_inner(5, 2, 5)),
    "a long page header": Lie(why="not known|too long", change=_long_header),
    "a checksum": Lie(why="not known", change=_page(lambda p: p.header.add(4, I32, 7))),
    "a sorted dictionary": Lie(why="not known", change=_page(lambda p: p.header[7].add(3, FALSE, True), 1)),
    "a dictionary of 2 thousand million": Lie(why="a dictionary of another size", change=_inner(7, 1, HUGE, 1)),
    "a dictionary of other numbers": Lie(
        why="a dictionary of another size", sql="SELECT i % 3 AS i FROM range(1000) AS t(i)", change=_inner(7, 1, 1)
    ),
    "two dictionaries": Lie(why="follow|out of place", change=_twice),
    "a dictionary behind its data": Lie(why="follow|out of place", change=_turned),
    "a dictionary without data": Lie(why="add up|alone", change=_alone),
    "no dictionary": Lie(why="encoding", change=_missing),
}
LIES = _FILES | _FOOTERS | _PLACES | _PAGES

# ----------------------------------------------------------------------------------------------------------- bombs


@dataclass(frozen=True, kw_only=True)
class Bomb:
    """A file whose numbers fit one another, but that takes too much to read. `rows` is what the answer says."""

    rows: int
    data: Callable[[], bytes]


def _zeros() -> bytes:
    """64 MiB of zeros as one text, in few bytes."""

    def change(file: File) -> None:
        text = b"\x02\0\0\0\x02\x01" + (64 << 20).to_bytes(4, "little") + bytes(64 << 20)
        page = file.chunks[0][0][0]
        page.body = pa.Codec("zstd").compress(text, asbytes=True)
        page.header[2], page.header[3] = len(text), len(page.body)

    return lie(change, "SELECT 'text' AS s")


def _claimed(file: File) -> None:
    """Page and footer agree on 2 GB."""
    file.chunks[0][0][0].header[2] = HUGE


def _many(number: int) -> Change:
    """A list of the footer says that it has a hundred thousand values, and there are bytes enough for them."""

    def change(file: File) -> None:
        file.footer[number].announced = 100_000
        file.footer[6] = bytes(200_000)

    return change


def _many_pages(file: File) -> None:
    file.chunks[0][0] *= 70_000


BOMBS = {
    "texts in a dictionary": Bomb(rows=3000, data=lambda: real("SELECT repeat('x', 1000000) AS s FROM range(3000)")),
    "texts in a dictionary, packed": Bomb(
        rows=3000,
        data=lambda: real("SELECT repeat(chr(97 + (i % 3)::INTEGER), 100000) AS s FROM range(3000) AS t(i)"),
    ),
    "texts in a dictionary, in lists": Bomb(
        rows=3000, data=lambda: real("SELECT [repeat('x', 1000000), 'y'] AS s FROM range(3000)")
    ),
    "numbers in lists": Bomb(rows=20_000, data=lambda: real("SELECT range(1000) AS l FROM range(20000)")),
    "nothing, many times": Bomb(
        rows=1_000_000,
        data=lambda: real(f"SELECT {', '.join(f'NULL::UUID AS c{n}' for n in range(40))} FROM range(1000000)"),
    ),
    "zeros, well packed": Bomb(rows=1, data=_zeros),
    "2 GB in a page, as all say": Bomb(rows=ROWS, data=lambda: lie(_claimed)),
    "a hundred thousand columns": Bomb(rows=ROWS, data=lambda: lie(_many(2))),
    "a hundred thousand row groups": Bomb(rows=ROWS, data=lambda: lie(_many(4))),
    "fifty levels": Bomb(rows=1, data=lambda: real(f"SELECT {'[' * 50}1{']' * 50} AS l")),
    "seventy thousand pages": Bomb(rows=ROWS, data=lambda: lie(_many_pages)),
    "a long footer": Bomb(
        rows=ROWS, data=lambda: b"PAR1" + bytes(20 << 20) + (20 << 20).to_bytes(4, "little") + b"PAR1"
    ),
}


@cache
def made(name: str) -> bytes:
    """The file of a lie or a bomb."""
    if name in BOMBS:
        return BOMBS[name].data()
    told = LIES[name]
    return told.data() if told.data is not None else lie(told.change or (lambda _file: None), told.sql)


def rows_of(name: str) -> int:
    """What the answer says of the file's rows."""
    return BOMBS[name].rows if name in BOMBS else ROWS
