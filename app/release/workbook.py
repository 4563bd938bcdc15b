"""What is a result as a workbook (XLSX)? Values that a spreadsheet keeps as they are, and nothing it would run.

Text stays text, also when it begins like a formula; numbers that a spreadsheet would round, and moments that it cannot
hold, are written as text. What does not fit the format is not cut: then there is no workbook, and the reason is told.
The one module that imports XlsxWriter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from app.domain.errors import Invalid

MAX_ROWS, MAX_COLUMNS, MAX_TEXT = 1_048_576, 16_384, 32_767
"""Of a sheet of the format, the line of the names included; characters of a cell."""

EXACT_DIGITS = 15
"""A spreadsheet keeps this many digits of a number."""

FIRST_DAY = date(1900, 3, 1)
"""Spreadsheets count 29 February 1900, which never was: earlier days are written as text."""

_TEXT = 49
"""The format "text" that every spreadsheet has: what is typed over it stays text too."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A sheet: its name, the names of its columns, and its rows."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Any]]


def check_extent(rows: int, columns: int) -> None:
    """Raise Invalid when so many rows and columns, and a line of names, do not fit one sheet.

    The codes are "xlsx-too-many-rows" and "xlsx-too-many-columns".
    """
    if rows > MAX_ROWS - 1:
        raise Invalid("xlsx-too-many-rows", rows=rows, limit=MAX_ROWS - 1)
    if columns > MAX_COLUMNS:
        raise Invalid("xlsx-too-many-columns", columns=columns, limit=MAX_COLUMNS)


def write_workbook(target: Path, sheets: Iterable[Sheet], marks: Mapping[str, str], made: datetime) -> None:
    """Write `sheets` in little memory; `marks` become properties of the file, `made` its date.

    Raises Invalid("xlsx-text-too-long") for a text that a cell cannot hold.
    """
    book = xlsxwriter.Workbook(target, {"constant_memory": True, "tmpdir": str(target.parent)})
    book.set_properties({"created": made.astimezone(UTC).replace(tzinfo=None)})
    for name, value in marks.items():
        book.set_custom_property(name, value, "text")
    try:
        for sheet in sheets:
            _Writer(book, sheet).write()
    finally:
        book.close()


class _Writer:
    """Writes one sheet, cell by cell in order."""

    def __init__(self, book: xlsxwriter.Workbook, sheet: Sheet) -> None:
        self.sheet = sheet
        self.page = book.add_worksheet(sheet.name)
        self.text = book.add_format({"num_format": _TEXT})
        self.quoted = book.add_format({"num_format": _TEXT, "quote_prefix": True})
        self.head = book.add_format({"num_format": _TEXT, "quote_prefix": True, "bold": True, "bottom": 1})
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})
        self.moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"})
        self.hour = book.add_format({"num_format": "hh:mm:ss.000"})

    def write(self) -> None:
        self.page.freeze_panes(1, 0)
        self.page.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        self.page.set_column(0, max(0, len(self.sheet.columns) - 1), 18)
        for column, name in enumerate(self.sheet.columns):
            self._text(0, column, name, self.head)
        for line, row in enumerate(self.sheet.rows, start=1):
            for column, value in enumerate(row):
                self._cell(line, column, value)

    def _cell(self, line: int, column: int, value: Any) -> None:  # noqa: ANN401  any value of a result
        if value is None:
            return
        for kind, fits, write in _KINDS:
            if isinstance(value, kind) and fits(value):
                write(self, line, column, value)
                return
        self._text(line, column, _plain(value))

    def _text(self, line: int, column: int, text: str, style: Any = None) -> None:  # noqa: ANN401  a format
        if len(text) > MAX_TEXT:
            raise Invalid("xlsx-text-too-long", column=self.sheet.columns[column], limit=MAX_TEXT)
        if text:
            quoted = self.quoted if text.startswith(FORMULA_STARTS) else self.text
            self.page.write_string(line, column, text, style or quoted)


def _plain(value: object) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)


def _exact_decimal(value: Decimal) -> bool:
    return value.is_finite() and len(value.as_tuple().digits) <= EXACT_DIGITS and abs(value.adjusted()) <= EXACT_DIGITS


def _exact_moment(value: datetime) -> bool:
    return value.tzinfo is None and value.date() >= FIRST_DAY and value.microsecond % 1000 == 0


_KINDS: tuple[tuple[type, Callable[[Any], bool], Callable[[_Writer, int, int, Any], object]], ...] = (
    (bool, lambda _: True, lambda w, line, column, v: w.page.write_boolean(line, column, v)),
    (int, lambda v: abs(v) < 10**EXACT_DIGITS, lambda w, line, column, v: w.page.write_number(line, column, v)),
    (float, math.isfinite, lambda w, line, column, v: w.page.write_number(line, column, v)),
    (Decimal, _exact_decimal, lambda w, line, column, v: w.page.write_number(line, column, v)),
    (datetime, _exact_moment, lambda w, line, column, v: w.page.write_datetime(line, column, v, w.moment)),
    (
        date,
        lambda v: not isinstance(v, datetime) and v >= FIRST_DAY,
        lambda w, line, column, v: w.page.write_datetime(line, column, v, w.day),
    ),
    (
        time,
        lambda v: v.tzinfo is None and v.microsecond % 1000 == 0,
        lambda w, line, column, v: w.page.write_datetime(line, column, v, w.hour),
    ),
)
"""Kind of value → whether a spreadsheet keeps this one exactly, and how it is written; all others become text."""
