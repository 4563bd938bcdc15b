"""How would a taken-over process write a Parquet file that lies? Takes a real one apart and puts it together again.

Bodies of pages stay bytes; every number around them can be changed. This is a lenient writer of Thrift's compact
protocol and shares nothing with the strict reader in `sandbox`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

MAGIC = b"PAR1"
TRUE, FALSE, I8, I32, I64, BINARY, LIST, STRUCT = 1, 2, 3, 5, 6, 8, 9, 12
DEFAULT = "SELECT i, 'text ' || (i % 3) AS s FROM range(1000) AS t(i)"


@dataclass
class Struct:
    """Fields by number, each with its wire type, in the order in which they are written."""

    fields: dict[int, tuple[int, Any]] = field(default_factory=dict)

    def __getitem__(self, number: int) -> Any:
        return self.fields[number][1]

    def __setitem__(self, number: int, value: Any) -> None:
        self.fields[number] = (self.fields[number][0], value)

    def add(self, number: int, wire: int, value: Any) -> Struct:
        self.fields[number] = (wire, value)
        self.fields = dict(sorted(self.fields.items()))
        return self


@dataclass
class Listed:
    """A list with the wire type of its values; `announced` is written as its length when it is not None."""

    wire: int
    values: list[Any]
    announced: int | None = None


def one(number: int, wire: int, value: Any) -> Struct:
    return Struct({number: (wire, value)})


# ------------------------------------------------------------------------------------------------------- reading


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte, at = data[at], at + 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def _value(wire: int, data: bytes, at: int) -> tuple[Any, int]:
    if wire in (TRUE, FALSE):
        return wire == TRUE, at
    if wire in (I32, I64):
        value, at = _varint(data, at)
        return (value >> 1) ^ -(value & 1), at
    if wire == BINARY:
        size, at = _varint(data, at)
        return data[at : at + size], at + size
    if wire == STRUCT:
        return read_struct(data, at)
    head, at = data[at], at + 1
    size, at = _varint(data, at) if head >> 4 == 15 else (head >> 4, at)
    values = []
    for _ in range(size):
        value, at = _value(head & 15, data, at)
        values.append(value)
    return Listed(head & 15, values), at


def read_struct(data: bytes, at: int = 0) -> tuple[Struct, int]:
    found, number = Struct(), 0
    while head := data[at]:
        number += head >> 4
        value, at = _value(head & 15, data, at + 1)
        found.fields[number] = (head & 15, value)
    return found, at + 1


# ------------------------------------------------------------------------------------------------------- writing


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _written(wire: int, value: Any) -> bytes:
    """A value in a field or a list."""
    if wire in (TRUE, FALSE):
        return b""
    if wire == I8:
        return bytes([value])
    if wire in (I32, I64):
        return varint((value << 1) ^ (value >> 63))
    if wire == BINARY:
        return varint(len(value)) + bytes(value)
    if wire == STRUCT:
        return written(value)
    size = len(value.values) if value.announced is None else value.announced
    head = bytes([size << 4 | value.wire]) if size < 15 else bytes([0xF0 | value.wire]) + varint(size)
    return head + b"".join(_written(value.wire, item) for item in value.values)


def written(struct: Struct) -> bytes:
    out, last = bytearray(), 0
    for number, (wire, value) in struct.fields.items():
        kind = (TRUE if value else FALSE) if wire in (TRUE, FALSE) else wire
        delta = number - last
        out += bytes([delta << 4 | kind]) if 0 < delta < 16 else bytes([kind]) + varint(number << 1)
        out += _written(wire, value)
        last = number
    return bytes(out) + b"\0"


# ---------------------------------------------------------------------------------------------------------- file


@dataclass
class Page:
    """The header of a page and its body."""

    header: Struct
    body: bytes


@dataclass
class File:
    """A Parquet file in pieces. `filters` lie between the chunks and the footer; `chunks[group][column]` are pages."""

    footer: Struct
    chunks: list[list[list[Page]]]
    filters: bytes
    gap: bytes = b""
    settle: bool = True

    def column(self, group: int = 0, column: int = 0) -> Struct:
        """The metadata of a column chunk."""
        found: Struct = self.footer[4].values[group][1].values[column][3]
        return found

    def write(self) -> bytes:
        """The file; with `settle` all places and sizes in the footer are made to fit the pages."""
        out = bytearray(MAGIC)
        for number, group in enumerate(self.chunks):
            for column, pages in enumerate(group):
                headers = [written(page.header) for page in pages]
                if self.settle:
                    self._place(self.column(number, column), pages, headers, len(out))
                out += b"".join(head + page.body for head, page in zip(headers, pages, strict=True))
            if self.settle:
                self._sum(number)
        out += self.filters + self.gap
        footer = written(self.footer)
        return bytes(out + footer + len(footer).to_bytes(4, "little") + MAGIC)

    def _place(self, meta: Struct, pages: list[Page], headers: list[bytes], at: int) -> None:
        bodies = [len(page.body) for page in pages]
        has_dictionary = pages[0].header[1] == 2
        meta[6] = sum(map(len, headers)) + sum(page.header[2] for page in pages)
        meta[7] = sum(map(len, headers)) + sum(bodies)
        meta[9] = at + (len(headers[0]) + bodies[0] if has_dictionary else 0)
        if has_dictionary:
            meta[11] = at

    def _sum(self, number: int) -> None:
        group = self.footer[4].values[number]
        metas = [column[3] for column in group[1].values]
        group[2], group[6] = sum(m[6] for m in metas), sum(m[7] for m in metas)


def take_apart(data: bytes) -> File:
    """A file without bloom filters in pieces."""
    end = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    footer, _ = read_struct(data, end)
    chunks = []
    for group in footer[4].values:
        chunks.append([_pages(data, column[3]) for column in group[1].values])
        for column in group[1].values:
            for number in (14, 15):  # filters move, and nobody needs them
                column[3].fields.pop(number, None)
    return File(footer=footer, chunks=chunks, filters=b"")


def _pages(data: bytes, meta: Struct) -> list[Page]:
    at = meta[11] if 11 in meta.fields else meta[9]
    end, pages = at + meta[7], []
    while at < end:
        header, begin = read_struct(data, at)
        at = begin + header[3]
        pages.append(Page(header, data[begin:at]))
    return pages


@cache
def real(sql: str = DEFAULT) -> bytes:
    """What our engine writes for `sql`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "real.parquet")
        with duckdb.connect() as engine:
            engine.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
        return path.read_bytes()


def lie(change: Callable[[File], object], sql: str = DEFAULT) -> bytes:
    """A real file, changed."""
    file = take_apart(real(sql))
    change(file)
    return file.write()
