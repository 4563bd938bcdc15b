"""How large do texts get that a Parquet file holds once and refers to many times? Counted without making them.

Few bytes can stand for gigabytes: a text is in the dictionary of its chunk, and each row holds its number only.
Source: Apache Parquet, Encodings.md (dictionary; RLE and bit-packing hybrid).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.footer import Placed
from sandbox.thrift import Unreadable, varint

_LENGTH = 4
_MAX_WIDTH = 32


@dataclass(frozen=True, kw_only=True)
class Texts:
    """The pages of a chunk of texts, its dictionary first.

    `levels` is how many lists of levels stand in front of the numbers in each page.
    """

    file: int
    levels: int
    pages: list[Placed]

    def values(self) -> int:
        """The number of values."""
        return sum(placed.page.values for placed in self.pages[1:])

    def most(self) -> int:
        """A bound without reading anything: every text as long as the dictionary has room for."""
        page = self.pages[0].page
        return self.values() * (page.uncompressed - _LENGTH * page.values) if page.values else 0


def longest_bytes(chunk: Texts) -> int:
    """A bound: every text as long as the longest. Raises `Unreadable`."""
    return chunk.values() * max(_lengths(chunk), default=0)


def exact_bytes(chunk: Texts) -> int:
    """The bytes of all texts of a chunk. Raises `Unreadable`."""
    lengths = _lengths(chunk)
    return sum(_page_bytes(chunk, placed, lengths) for placed in chunk.pages[1:])


def _body(file: int, placed: Placed) -> bytes:
    """A page, decompressed into the room that its header asks for."""
    import pyarrow as pa  # noqa: PLC0415 - most results need no look inside, and no start should wait for this

    page = placed.page
    try:
        data = pa.Codec("zstd").decompress(
            os.pread(file, page.compressed, placed.body), decompressed_size=page.uncompressed, asbytes=True
        )
    except (pa.ArrowException, OSError, ValueError):
        raise Unreadable("a page that cannot be decompressed") from None
    if len(data) != page.uncompressed:
        raise Unreadable("a page of another size")
    return bytes(data)


def _lengths(chunk: Texts) -> list[int]:
    """The length of each text of the dictionary."""
    data, lengths, at = _body(chunk.file, chunk.pages[0]), [], 0
    while at < len(data):
        lengths.append(int.from_bytes(data[at : at + _LENGTH], "little"))
        at += _LENGTH + lengths[-1]
    if at != len(data) or len(lengths) != chunk.pages[0].page.values:
        raise Unreadable("a dictionary of other texts")
    return lengths


def _page_bytes(chunk: Texts, placed: Placed, lengths: list[int]) -> int:
    """The bytes of the texts that a page refers to; padding after its last value does not count."""
    left, total = placed.page.values, 0
    try:
        for numbers, times in _runs(_body(chunk.file, placed), chunk.levels):
            taken = numbers[:left]
            total += sum([lengths[number] for number in taken]) * min(times, left)
            left -= len(taken) * min(times, left)
    except IndexError:
        raise Unreadable("a number without a text") from None
    return total


def _runs(data: bytes, levels: int) -> Iterator[tuple[list[int], int]]:
    """The numbers in a page: some that stand once each, or one and how many times."""
    at = 0
    for _ in range(levels):
        at += _LENGTH + int.from_bytes(data[at : at + _LENGTH], "little")
    width, at = data[at], at + 1
    if width > _MAX_WIDTH:
        raise Unreadable("numbers that are too wide")
    while at < len(data):
        head, at = varint(data, at)
        count, packed = head >> 1, bool(head & 1 and width)
        size = count * width if packed else (width + 7) // 8 * (not head & 1)
        if at + size > len(data):
            raise Unreadable("a run that is cut off")
        if packed:
            yield _unpacked(data[at : at + size], width), 1
        else:
            yield [int.from_bytes(data[at : at + size], "little")], count
        at += size


def _unpacked(data: bytes, width: int) -> list[int]:
    """Numbers of `width` bits, eight of them in `width` bytes."""
    mask, shifts = (1 << width) - 1, range(0, 8 * width, width)
    numbers = []
    for begin in range(0, len(data), width):
        eight = int.from_bytes(data[begin : begin + width], "little")
        numbers += [(eight >> shift) & mask for shift in shifts]
    return numbers
