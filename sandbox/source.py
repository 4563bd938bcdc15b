"""What is in a source file, and what is wrong with it? CSV and Parquet, cast strictly into one typed table.

Type errors are found by the engine in one reading; where something is wrong, `csv_lines` finds the exact lines.
"""

from __future__ import annotations

import csv
from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path

import duckdb

from sandbox import csv_lines
from sandbox.casting import SNIFFED, cast, fits, outside
from sandbox.column_types import column_type
from sandbox.engine import name, parquet, text
from sandbox.protocol import MAX_PROBLEMS, MountField, MountTask, Problem
from sandbox.stages import Failed

TYPED = "typed"
_WRONG = "wrong_columns"
_EXPECTED = 64
_PARQUET_MARK = b"PAR1"
_CSV_OPTIONS = (
    "auto_detect=false, header=true, delim=',', quote='\"', escape='\"', strict_mode=true, null_padding=false, "
    "allow_quoted_nulls=false, nullstr='', encoding='utf-8'"
)


class Source(ABC):
    """A source file of which the columns are known: `load` fills the temporary table `typed`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, task: MountTask) -> None:
        """Read the columns and hold them against the declared ones. Raises `Failed`."""
        self.connection, self.path, self.rows = connection, task.source, 0
        self.found = self._columns()
        _check_names(list(self.found), task, self.header_line)
        self.fields = tuple(replace(f, type=column_type(f.type) or f.type) for f in task.fields) or self._as_found()

    header_line = 0

    def column(self, field: str) -> str:
        """The name of a field's column in the typed table."""
        return f"c{[f.name for f in self.fields].index(field)}"

    @abstractmethod
    def load(self) -> None:
        """Cast everything into the typed table. Raises `Failed` with the places of what does not fit."""

    @abstractmethod
    def _columns(self) -> dict[str, str]:
        """The columns of the file in their order, with their types."""

    @abstractmethod
    def _as_found(self) -> tuple[MountField, ...]:
        """The columns as the file has them, when none are declared."""

    def fill(self, reader: str) -> int:
        """Cast the rows of `reader` into the typed table; returns the number of values that do not fit."""
        values, wrong, count = [], [], len(self.fields)
        for number, declared in enumerate(self.fields):
            done = cast(name(declared.name), self.found[declared.name], declared.type)
            values.append(f"{done.value} AS c{number}")
            conditions = ((number, done.wrong), (number + count, outside(done.value, declared)))
            wrong.append([(mark, condition) for mark, condition in conditions if condition is not None])
        cases = (" ".join(f"WHEN {condition} THEN {mark}" for mark, condition in marks) for marks in wrong if marks)
        numbers = ", ".join(f"CASE {case} END" for case in cases)
        some = " OR ".join(condition for marks in wrong for _, condition in marks)
        listed = f"CASE WHEN {some} THEN [{numbers}] END" if some else "NULL::INTEGER[]"
        self.connection.execute(f"DROP TABLE IF EXISTS {TYPED}")
        self.connection.execute(
            f"CREATE TEMP TABLE {TYPED} AS SELECT {', '.join(values)}, {listed} AS {_WRONG} FROM {reader}"
        )
        counted = f"SELECT count(*), coalesce(sum(list_count({_WRONG})), 0)::BIGINT FROM {TYPED}"
        self.rows, misfits = self.connection.execute(counted).fetchall()[0]
        return int(misfits)

    def misfits(self) -> list[tuple[int, int]]:
        """The first values that do not fit: the number of the row from 0, and the mark; see `misfit`."""
        query = f"SELECT rowid, {_WRONG} FROM {TYPED} WHERE {_WRONG} IS NOT NULL ORDER BY rowid LIMIT {MAX_PROBLEMS}"
        rows = self.connection.execute(query).fetchall()
        return [(row, mark) for row, marks in rows for mark in marks if mark is not None][:MAX_PROBLEMS]

    def misfit(self, line: int, mark: int) -> Problem:
        """The problem of a value: a mark is the number of its field, past their count when only the type fits."""
        typed, number = divmod(mark, len(self.fields))
        declared = self.fields[number]
        if not typed:
            return Problem(line=line, column=declared.name, what="wrong-type", expected=declared.type)
        if declared.values:
            return Problem(line=line, column=declared.name, what="undeclared-value")
        ends = f"{declared.minimum or ''} … {declared.maximum or ''}".strip()
        return Problem(line=line, column=declared.name, what="out-of-range", expected=ends[:_EXPECTED])


class CsvSource(Source):
    """A CSV file: RFC 4180, UTF-8, one header line."""

    header_line = 1

    def _columns(self) -> dict[str, str]:
        try:
            names = csv_lines.header(self.path)
        except csv.Error:
            raise _unreadable("unterminated-quote", line=1) from None
        except OSError:
            raise Failed("source-unreadable") from None
        _check_header(names)
        return dict.fromkeys(names, "VARCHAR")

    def _reader(self, options: str = _CSV_OPTIONS) -> str:
        columns = ", ".join(f"{text(column)}: 'VARCHAR'" for column in self.found)
        return f"read_csv({text(self.path)}, columns={{{columns}}}, {options})"

    def _as_found(self) -> tuple[MountField, ...]:
        """The first type that fits all values of each column."""
        tests = [fits(name(column), type_) for column in self.found for type_ in SNIFFED]
        try:
            row = self.connection.execute(f"SELECT {', '.join(tests)} FROM {self._reader()}").fetchall()[0]
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error:
            row = (False,) * len(tests)  # `load` will say what is wrong
        answers = iter(row)
        types = [[type_ for type_ in SNIFFED if next(answers)] for _ in self.found]
        return tuple(
            MountField(name=column, type=fitting[0] if fitting else "VARCHAR")
            for column, fitting in zip(self.found, types, strict=True)
        )

    def load(self) -> None:
        """See `Source.load`."""
        try:
            misfits, sound = self.fill(self._reader()), True
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error:
            misfits, sound = self._fill_sound_rows(), False
        if misfits or not sound:
            raise self._diagnose(misfits)

    def _fill_sound_rows(self) -> int:
        """Cast the rows that can be read at all, to find what else is wrong; returns the number of misfits."""
        try:
            return self.fill(self._reader(f"{_CSV_OPTIONS}, ignore_errors=true"))
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error:
            self.rows = -1
            return 0

    def _diagnose(self, misfits: int) -> Failed:
        """The error that names every place."""
        places = self.misfits() if self.rows >= 0 else []
        found = csv_lines.read(self.path, list(self.found), (row for row, _ in places))
        problems, total = list(found.problems), found.total
        if found.sound == self.rows:
            problems += [self.misfit(found.lines[row], mark) for row, mark in places]
            total += misfits
        if not problems and found.mixed_line:
            return _unreadable("mixed-line-ends", line=found.mixed_line)
        if not problems:
            return Failed("source-unreadable")
        problems.sort(key=lambda problem: problem.line)
        return Failed("source-rows", problems=tuple(problems[:MAX_PROBLEMS]), total=total)


class ParquetSource(Source):
    """A Parquet file."""

    def _reader(self) -> str:
        return parquet(self.path)

    def _columns(self) -> dict[str, str]:
        try:
            described = self.connection.execute(f"DESCRIBE SELECT * FROM {self._reader()}").fetchall()
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error:
            raise _unreadable("wrong-format") from None
        return {str(row[0]): str(row[1]) for row in described}

    def _as_found(self) -> tuple[MountField, ...]:
        return tuple(MountField(name=column, type=type_) for column, type_ in self.found.items())

    def load(self) -> None:
        """See `Source.load`; a line is the number of the row from 1."""
        try:
            misfits = self.fill(self._reader())
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error:
            raise _unreadable("wrong-format") from None
        if misfits:
            problems = tuple(self.misfit(row + 1, mark) for row, mark in self.misfits())
            raise Failed("source-rows", problems=problems, total=misfits)


def open_source(connection: duckdb.DuckDBPyConnection, task: MountTask) -> Source:
    """The source of a task, after a look at its first and last bytes. Raises `Failed`."""
    try:
        with Path(task.source).open("rb") as stream:
            head = stream.read(len(_PARQUET_MARK))
            stream.seek(0, 2)
            size = stream.tell()
            stream.seek(max(0, size - len(_PARQUET_MARK)))
            tail = stream.read()
    except OSError:
        raise Failed("source-unreadable") from None
    if not size:
        raise _unreadable("empty")
    parquet = head == _PARQUET_MARK
    if parquet != (task.format == "parquet"):
        raise _unreadable("wrong-format")
    if parquet and tail != _PARQUET_MARK:
        raise _unreadable("cut-off")
    return ParquetSource(connection, task) if parquet else CsvSource(connection, task)


def _unreadable(what: str, *, line: int = 0) -> Failed:
    return Failed("source-unreadable", problems=(Problem(line=line, column="", what=what),))


def _printable(column: str) -> str:
    """A column name of a file as it may stand in a problem."""
    return "".join(sign if sign.isprintable() else "?" for sign in column)[:255]


def _check_header(names: list[str]) -> None:
    """A header must have names that can be told apart, in UTF-8."""
    problems = [Problem(line=1, column="", what="missing", expected="header")] if not any(names) else []
    seen: set[str] = set()
    for column in names:
        if not column.isprintable() or not column or len(column) > 255:
            problems.append(Problem(line=1, column=_printable(column), what="invalid-encoding", expected="UTF-8"))
        elif column.lower() in seen:
            problems.append(Problem(line=1, column=column, what="not-unique"))
        seen.add(column.lower())
    if problems:
        raise Failed("source-columns", problems=tuple(problems[:MAX_PROBLEMS]), total=len(problems))


def _check_names(found: list[str], task: MountTask, line: int) -> None:
    """Every declared column must be there and no other; without declared ones, none that is reserved."""
    declared = [f.name for f in task.fields]
    missing = [column for column in declared if column not in found]
    extra = [column for column in found if (column not in declared if declared else column.startswith("__"))]
    problems = [Problem(line=line, column=column, what="missing") for column in missing]
    problems += [Problem(line=line, column=_printable(column), what="unexpected") for column in extra]
    if problems:
        raise Failed("source-columns", problems=tuple(problems[:MAX_PROBLEMS]), total=len(problems))
