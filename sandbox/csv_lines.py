"""On which line of a CSV file is what wrong? A second, slow reading in plain Python, made only when something is wrong.

Lines are physical lines from 1, as an editor counts them: a quoted field may hold several (RFC 4180). The engine counts
records, so its own numbers are not used.
"""

from __future__ import annotations

import csv
import encodings.utf_8_sig  # found by name when a file is opened, which is too late behind the walls
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TextIO

from sandbox.protocol import MAX_PROBLEMS, Problem

LINE_BYTES = 2_000_000
_ENCODING = encodings.utf_8_sig.getregentry().name
_FIELD_CHARACTERS = 64 << 20
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_LINE_END = re.compile("\r\n|\n|\r")


@dataclass(kw_only=True)
class Lines:
    """What a reading found: structural problems and their number, sound records, and the lines of some of them."""

    problems: list[Problem] = field(default_factory=list)
    total: int = 0
    sound: int = 0
    lines: dict[int, int] = field(default_factory=dict)
    mixed_line: int = 0

    def add(self, line: int, column: str, what: str, expected: str = "") -> None:
        """Count a problem, and keep it when it is among the first."""
        self.total += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(line=line, column=column, what=what, expected=expected))


class _Physical:
    """The physical lines of a text, remembering what the record that is being read is made of."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.broken = False
        self.size = 0
        self.end = ""

    def begin(self) -> None:
        """A new record begins."""
        self.broken, self.size = False, 0

    def __iter__(self) -> Iterator[str]:
        for line in self._stream:
            if not line.isascii():
                self.broken = self.broken or _NOT_UTF8.search(line) is not None
                self.size += len(line.encode("utf-8", "surrogateescape"))
            else:
                self.size += len(line)
            found = _LINE_END.search(line[-2:])
            self.end = found[0] if found else ""
            yield line


def _open(path: str) -> TextIO:
    return Path(path).open(encoding=_ENCODING, errors="surrogateescape", newline="")


def header(path: str) -> list[str]:
    """The names in the first record; empty when there is none. Raises csv.Error and OSError."""
    with _open(path) as stream:
        return next(csv.reader(stream, strict=True), [])


def read(path: str, names: list[str], wanted: Iterable[int]) -> Lines:
    """Read the whole file: structural problems, and the first lines of the `wanted` sound records (from 0).

    `names` are the columns of the header. Records are sound when the engine takes them too.
    """
    csv.field_size_limit(_FIELD_CHARACTERS)
    found, left = Lines(), frozenset(wanted)
    with _open(path) as stream:
        physical = _Physical(stream)
        reader = csv.reader(physical, strict=True)
        first_end = None
        while True:
            line = reader.line_num + 1
            physical.begin()
            try:
                record = next(reader)
            except StopIteration:
                return found
            except csv.Error:
                found.add(line, "", "unterminated-quote")
                continue
            if first_end is None:
                first_end = physical.end
                continue
            if physical.end not in ("", first_end) and not found.mixed_line:
                found.mixed_line = line
            _judge(found, record, line, names, physical, left)


def _judge(
    found: Lines, record: list[str], line: int, names: list[str], physical: _Physical, wanted: frozenset[int]
) -> None:
    if not record and len(names) > 1:
        return
    if physical.broken:
        found.add(line, _broken_column(record, names), "invalid-encoding", "UTF-8")
    elif physical.size > LINE_BYTES:
        found.add(line, "", "line-too-long", str(LINE_BYTES))
    elif len(record) < len(names) and record:
        found.add(line, names[len(record)], "missing-columns", str(len(names)))
    elif len(record) > len(names) and (len(record) > len(names) + 1 or record[-1]):
        found.add(line, "", "too-many-columns", str(len(names)))
    else:
        if found.sound in wanted:
            found.lines[found.sound] = line
        found.sound += 1


def _broken_column(record: list[str], names: list[str]) -> str:
    for name, value in chain(zip(names, record, strict=False)):
        if _NOT_UTF8.search(value):
            return name
    return ""
