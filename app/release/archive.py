"""What is the one zip file that a set of files becomes, and does a given zip have exactly that shape?

The shape is strict so that nothing can hide in it: entries are stored uncompressed (no zip bombs), names are bare
(no path out of a folder), times are fixed, and the entries lie one after another without a gap, comment or trailing
byte (no duplicate, hidden or overlapping entries). The same files give the same bytes.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.domain.errors import Invalid

MAX_ARCHIVE_BYTES = (1 << 31) - 1
"""Below the limit from which zip needs its 64-bit extension, which the strict shape does not know."""

MAX_ENTRIES = 32
CHUNK = 1 << 20

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}(\.[a-z0-9]{1,10}){1,2}")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_DOS_DATE = 1 << 5 | 1
_VERSION, _UNIX, _PLAIN_FILE = 20, 3, 0o100644 << 16
_LOCAL_HEADER, _CENTRAL_HEADER, _END_RECORD = 30, 46, 22


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file in an archive: bare name, size in bytes, SHA-256 of its content in hex."""

    name: str
    size: int
    sha256: str


def write_archive(target: Path, contents: Mapping[str, bytes | Path]) -> None:
    """Write the zip of `contents` (name → bytes, or the file that has them) to `target`, in the order given.

    Raises Invalid "bundle-too-large" when the strict shape cannot hold it.
    """
    sizes = {name: c.stat().st_size if isinstance(c, Path) else len(c) for name, c in contents.items()}
    if _expected_size(sizes) > MAX_ARCHIVE_BYTES:
        raise Invalid("bundle-too-large", limit=MAX_ARCHIVE_BYTES)
    with zipfile.ZipFile(target, "w", compression=zipfile.ZIP_STORED, allowZip64=False) as archive:
        for name, content in contents.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = _UNIX
            info.external_attr = _PLAIN_FILE
            info.file_size = sizes[name]
            with archive.open(info, "w") as stream:
                for chunk in _chunks(content):
                    stream.write(chunk)


def read_entries(source: Path) -> dict[str, Entry]:
    """Every entry of the zip at `source`, hashed; nothing is unpacked.

    Raises Invalid: "bundle-unreadable" (not a zip, cut off, damaged), "bundle-too-large", or "bundle-shape" with the
    entry and what about it is not of the strict shape.
    """
    with _opened(source) as archive:
        return {info.filename: _hashed(archive, info) for info in archive.infolist()}


def read_entry(source: Path, name: str, limit: int) -> bytes:
    """The content of the entry called `name`, at most `limit` bytes of it.

    Raises what `read_entries` raises; "bundle-file-missing" when there is no such entry.
    """
    with _opened(source) as archive:
        info = next((i for i in archive.infolist() if i.filename == name), None)
        if info is None:
            raise Invalid("bundle-file-missing", file=name)
        if info.file_size > limit:
            raise Invalid("bundle-shape", entry=name, what=f"larger than {limit} bytes")
        try:
            return archive.read(info)
        except (zipfile.BadZipFile, OSError) as error:
            raise Invalid("bundle-unreadable", file=source.name) from error


def sha256(content: bytes | Path) -> str:
    """SHA-256 (hex) of bytes, or of the file that has them."""
    digest = hashlib.sha256()
    for chunk in _chunks(content):
        digest.update(chunk)
    return digest.hexdigest()


def _opened(source: Path) -> zipfile.ZipFile:
    try:
        size = source.stat().st_size
        if size > MAX_ARCHIVE_BYTES:
            raise Invalid("bundle-too-large", limit=MAX_ARCHIVE_BYTES)
        archive = zipfile.ZipFile(source)
    # zipfile raises the last of these for archives of features it does not know: unreadable, like any damaged one
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise Invalid("bundle-unreadable", file=source.name) from error
    try:
        _check_shape(archive, size)
    except BaseException:
        archive.close()
        raise
    return archive


def _check_shape(archive: zipfile.ZipFile, size: int) -> None:
    infos = archive.infolist()
    if len(infos) > MAX_ENTRIES:
        raise Invalid("bundle-shape", entry=infos[MAX_ENTRIES].orig_filename, what="too many entries")
    names: set[str] = set()
    offset = 0
    for info in infos:
        problem = _problem(info, names, offset)
        if problem:
            raise Invalid("bundle-shape", entry=info.orig_filename, what=problem)
        names.add(info.filename)
        offset += _LOCAL_HEADER + len(info.filename) + info.file_size
    if archive.comment or _expected_size({i.filename: i.file_size for i in infos}) != size:
        raise Invalid("bundle-shape", entry="-", what="bytes that belong to no entry")
    _check_headers(archive, infos)


def _check_headers(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> None:
    """What stands around the contents must be to the byte what `write_archive` puts there."""
    directory = b"".join(map(_central_header, infos))
    start = sum(_LOCAL_HEADER + len(info.filename) + info.file_size for info in infos)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(infos), len(infos), len(directory), start, 0)
    expected = [(info.filename, info.header_offset, _local_header(info)) for info in infos]
    for name, offset, header in [*expected, ("-", start, directory + end)]:
        if _bytes_at(archive, offset, len(header)) != header:
            raise Invalid("bundle-shape", entry=name, what="a header of another form")


def _bytes_at(archive: zipfile.ZipFile, offset: int, length: int) -> bytes:
    stream = archive.fp
    if stream is None:
        return b""
    stream.seek(offset)
    return stream.read(length)


def _local_header(info: zipfile.ZipInfo) -> bytes:
    sizes = (info.CRC, info.file_size, info.file_size, len(info.filename), 0)
    return struct.pack("<4s5H3L2H", b"PK\3\4", _VERSION, 0, 0, 0, _DOS_DATE, *sizes) + info.filename.encode()


def _central_header(info: zipfile.ZipInfo) -> bytes:
    sizes = (info.CRC, info.file_size, info.file_size, len(info.filename))
    rest = (0, 0, 0, 0, _PLAIN_FILE, info.header_offset)
    head = (b"PK\1\2", _VERSION, _UNIX, _VERSION, 0, 0, 0, 0, _DOS_DATE)
    return struct.pack("<4s4B4H3L5H2L", *head, *sizes, *rest) + info.filename.encode()


def _problem(info: zipfile.ZipInfo, seen: set[str], offset: int) -> str | None:
    """What about one entry is not of the strict shape, in a few words; None when all is well."""
    checks = (
        (_NAME.fullmatch(info.orig_filename) is None, "not a bare file name"),
        (info.orig_filename != info.filename, "not a bare file name"),
        (info.filename in seen, "the name occurs twice"),
        (info.compress_type != zipfile.ZIP_STORED, "compressed"),
        (info.compress_size != info.file_size, "sizes disagree"),
        (info.flag_bits != 0, "encrypted or flagged"),
        (bool(info.extra or info.comment), "extra fields or a comment"),
        (info.date_time != _EPOCH, "a time stamp"),
        (info.external_attr != _PLAIN_FILE, "not a plain file"),
        (info.header_offset != offset, "not at its place"),
    )
    return next((what for failed, what in checks if failed), None)


def _hashed(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Entry:
    digest = hashlib.sha256()
    try:
        with archive.open(info) as stream:
            for chunk in _stream_chunks(stream):
                digest.update(chunk)
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise Invalid("bundle-file-altered", file=info.filename) from error
    return Entry(name=info.filename, size=info.file_size, sha256=digest.hexdigest())


def _expected_size(sizes: Mapping[str, int]) -> int:
    """Bytes of the archive with entries of these names and sizes: headers, contents, directory, end record."""
    return _END_RECORD + sum(_LOCAL_HEADER + _CENTRAL_HEADER + 2 * len(n) + s for n, s in sizes.items())


def _chunks(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as stream:
        yield from _stream_chunks(stream)


def _stream_chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk
