"""Is a Parquet file that a confined process left harmless to read? Its footer and page headers tell, undecoded.

A reader gives memory out as these numbers say, so each of them must fit all others and the bytes that are there, and
what the values take when they are decoded is bounded before anyone decodes them. What our engine never writes is
`Unreadable`; what an honest text could ask for, but nobody should read, is `TooMuch`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.dictionary import Texts, exact_bytes, longest_bytes
from sandbox.footer import DICTIONARY_ENCODINGS, PLAIN, Chunk, Footer, Page, Placed, RowGroup, read_footer, read_page
from sandbox.schema import BOOLEAN, BYTE_ARRAY, Leaf
from sandbox.thrift import TooMuch, Unreadable

_MAGIC = b"PAR1"
_TAIL = 8
_FOOTER_BYTES = 256
"""Bytes of footer that a chunk may have, on average."""
_SMALL_FOOTER = 1 << 20
_MAX_HEADER = 64
_MAX_PAGES = 1 << 16
"""Pages beyond two per chunk. The engine begins a new one after about 100 MB."""
_PATIENCE = 1 << 22
"""Values whose texts are counted one by one in a file, which takes about half a second."""
_LENGTH = 4
"""Bytes of each place in a list."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a file may hold: exactly `rows` rows (None: any), `chunks` column chunks, `decoded` bytes (None: any)."""

    rows: int | None
    chunks: int
    decoded: int | None


def check(file: int, size: int, bounds: Bounds) -> int:
    """The most bytes that the values of an open Parquet file of `size` bytes take in memory.

    Raises `Unreadable` or `TooMuch`. Nothing of the file is decoded, but for dictionaries whose texts might take more
    than `bounds.decoded`.
    """
    footer, end = _footer(file, size, bounds)
    if bounds.rows not in (None, footer.rows) or sum(group.rows for group in footer.groups) != footer.rows:
        raise Unreadable("another number of rows")
    if len(footer.groups) * len(footer.leaves) > bounds.chunks:
        raise TooMuch("too many column chunks")
    _tile(footer, end)
    spare_pages = _MAX_PAGES
    sure, texts = 0, []
    for group in footer.groups:
        for leaf, chunk in _pairs(footer, group):
            pages = list(_pages(file, chunk))
            spare_pages -= max(0, len(pages) - 2)
            if spare_pages < 0:
                raise TooMuch("too many pages")
            _fit(leaf, chunk, pages, group.rows)
            sure += _sure_bytes(leaf, chunk)
            if leaf.physical == BYTE_ARRAY and chunk.dictionary is not None:
                texts.append(Texts(file=file, levels=bool(leaf.repeated) + bool(leaf.optional), pages=pages))
    return _total(sure, texts, bounds.decoded)


def _footer(file: int, size: int, bounds: Bounds) -> tuple[Footer, int]:
    """The footer, and where it begins."""
    tail = os.pread(file, _TAIL, max(0, size - _TAIL))
    if size < len(_MAGIC) + _TAIL or os.pread(file, len(_MAGIC), 0) != _MAGIC or tail[4:] != _MAGIC:
        raise Unreadable("not a Parquet file")
    length = int.from_bytes(tail[:4], "little")
    begin = size - _TAIL - length
    if begin < len(_MAGIC):
        raise Unreadable("a footer longer than the file")
    if length > _SMALL_FOOTER + bounds.chunks * _FOOTER_BYTES:
        raise TooMuch("a footer that is too long")
    return read_footer(os.pread(file, length, begin), bounds.chunks), begin


def _tile(footer: Footer, end: int) -> None:
    """Every byte in front of the footer must belong to one chunk, or to the filter of one."""
    chunks = [chunk for group in footer.groups for chunk in group.chunks]
    regions = [(chunk.start, chunk.start + chunk.compressed) for chunk in chunks]
    regions += [chunk.bloom for chunk in chunks if chunk.bloom is not None]
    at = len(_MAGIC)
    for begin, after in sorted(regions):
        if begin != at or after <= begin:
            raise Unreadable("chunks that overlap, or bytes between them")
        at = after
    if at != end:
        raise Unreadable("chunks that do not end where the footer begins")


def _pairs(footer: Footer, group: RowGroup) -> Iterator[tuple[Leaf, Chunk]]:
    """Each leaf with its chunk in a row group."""
    chunks = group.chunks
    sizes = sum(c.uncompressed for c in chunks), sum(c.compressed for c in chunks)
    if len(chunks) != len(footer.leaves) or group.rows < 1 or sizes != (group.uncompressed, group.compressed):
        raise Unreadable("a row group that is not the sum of its chunks")
    for leaf, chunk in zip(footer.leaves, chunks, strict=True):
        if (chunk.physical, chunk.path) != (leaf.physical, leaf.path):
            raise Unreadable("a chunk of another column")
        yield leaf, chunk


def _pages(file: int, chunk: Chunk) -> Iterator[Placed]:
    """The pages of a chunk, which must fill it."""
    at, end = chunk.start, chunk.start + chunk.compressed
    while at < end:
        page, length = read_page(os.pread(file, min(_MAX_HEADER, end - at), at))
        yield Placed(page, at + length)
        at += length + page.compressed
        if page.dictionary and at != chunk.data:
            raise Unreadable("data that does not follow its dictionary")
    if at != end:
        raise Unreadable("a page that is longer than its chunk")


def _fit(leaf: Leaf, chunk: Chunk, pages: list[Placed], rows: int) -> None:
    """Raise `Unreadable` unless the pages add up to what the chunk says, and the chunk to its rows."""
    data = [placed.page for placed in pages if not placed.page.dictionary]
    bodies = sum(placed.page.uncompressed for placed in pages)
    headers = chunk.compressed - sum(placed.page.compressed for placed in pages)
    if bodies + headers != chunk.uncompressed or sum(page.values for page in data) != chunk.values:
        raise Unreadable("pages that do not add up")
    if chunk.values < rows or (not leaf.repeated and chunk.values != rows):
        raise Unreadable("values that do not fit the rows")
    has_dictionary = chunk.dictionary is not None
    if not data or pages[0].page.dictionary != has_dictionary or len(data) + has_dictionary != len(pages):
        raise Unreadable("a dictionary that is missing, alone, or out of place")
    encodings = DICTIONARY_ENCODINGS if has_dictionary else (PLAIN,)
    if any(page.encoding not in encodings for page in data):
        raise Unreadable("data in another encoding")
    if has_dictionary:
        _fit_dictionary(leaf, pages[0].page)


def _fit_dictionary(leaf: Leaf, page: Page) -> None:
    """A reader makes room for as many values as the dictionary says it has."""
    least = page.values * leaf.plain
    exact = leaf.physical != BYTE_ARRAY
    if leaf.physical == BOOLEAN or page.encoding != PLAIN or least > page.uncompressed:
        raise Unreadable("a dictionary of another size")
    if exact and least != page.uncompressed:
        raise Unreadable("a dictionary of another size")


def _sure_bytes(leaf: Leaf, chunk: Chunk) -> int:
    """What a chunk takes in memory, apart from texts of a dictionary: its pages as they are, or its values."""
    values = chunk.values * (leaf.width + leaf.repeated * _LENGTH)
    if leaf.physical == BYTE_ARRAY and chunk.dictionary is None:
        return values + chunk.uncompressed
    return max(values, chunk.uncompressed)


def _total(sure: int, texts: list[Texts], bound: int | None) -> int:
    """What everything takes together, as exactly as it takes to know that it is within `bound`."""
    if bound is None:
        return sure
    for measure in (Texts.most, longest_bytes, exact_bytes):
        too_long = measure is exact_bytes and sum(chunk.values() for chunk in texts) > _PATIENCE
        if sure > bound or too_long:
            break
        total = sure + sum(map(measure, texts))
        if total <= bound:
            return total
    raise TooMuch("values that take too much memory")
