"""How does a source file become a version? Read, checked, identifiers replaced, written anew; or refused as a whole.

Stages: "open", "read" (parse and cast), "scan" (undeclared identifiers), "units" (references), "write", "count".
"""

from __future__ import annotations

import itertools
from pathlib import Path

import duckdb

from sandbox.confine import LOCK
from sandbox.engine import Place, codes, connect, lock, name, parquet, progress, text
from sandbox.lookalike import SAMPLE, kind_of
from sandbox.protocol import MAX_PROBLEMS, Answer, MountField, MountTask, Problem
from sandbox.results import ROWS, VERSION_FILE, registry_file
from sandbox.source import TYPED, Source, open_source
from sandbox.stages import Failed, Run
from sandbox.units import Registry, identifier_value, row_tag

_ROW, _ROW_TAG, _TAG = "__row", "__tag___row", "__tag_"
_EXACT_NUMBERS = (
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "DECIMAL",
)
_WHOLE_NUMBERS = ("BIGINT", "UBIGINT", "DOUBLE", "DECIMAL")


def _identifiers(task: MountTask) -> list[str]:
    return sorted({f.identifier for f in task.fields if f.identifier is not None})


def _registries(task: MountTask) -> list[str]:
    """Every registry that a mount reads, and may grow."""
    return [*_identifiers(task), *([ROWS] if task.row_unit else [])]


def _installed(task: MountTask, identifier: str) -> str | None:
    path = Path(task.registry, f"{identifier}.parquet")
    return str(path) if path.is_file() else None


def mount_place(task: MountTask, scratch: str) -> Place:
    """The files of a mount: the source and the registries to read, the version and the grown registries to write."""
    registries = [path for i in _registries(task) if (path := _installed(task, i))]
    written = [VERSION_FILE, *(registry_file(i) for i in _registries(task))]
    writable = tuple(str(Path(scratch, file)) for file in written)
    return Place(scratch=scratch, readable=(task.source, *registries), writable=writable)


def run_mount(task: MountTask, run: Run) -> Answer:
    """Mount the source of `task`. Raises `Failed`, with problems where the source is at fault."""
    with run.stages.time("open"), codes(None):
        place = mount_place(task, run.scratch)
        connection = connect(task.limits, place, threads=task.limits.threads)
        if LOCK not in run.unsafe_without:
            lock(connection, place)
    with run.stages.time("read"), codes("read"), progress(connection, "read", run.report):
        source = open_source(connection, task)
        source.load()
    if task.expected_rows not in (None, source.rows):
        problem = Problem(line=0, column="", what="row-count", expected=str(task.expected_rows))
        raise Failed("source-rows", problems=(problem,))
    if task.scan_identifiers:
        with run.stages.time("scan"), codes("scan"):
            _scan(connection, source)
    with run.stages.time("units"), codes("units"):
        registries, grown = _replace(connection, task, source, run.scratch)
    with run.stages.time("write"), codes("write"), progress(connection, "write", run.report):
        _write(connection, task, source, registries, run.scratch)
    with run.stages.time("count"), codes("count"):
        _check_keys(connection, task, run.scratch)
        return _answer(connection, task, source, run.scratch, grown)


def _scan(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Refuse undeclared columns whose values look like identifiers."""
    problems = []
    for declared in source.fields:
        values = _scannable(declared, source.column(declared.name))
        if declared.identifier is not None or values is None:
            continue
        # In the order of a hash, so that the sample tells about the whole column.
        distinct = f"SELECT DISTINCT {values} AS v FROM {TYPED}"
        sample = connection.execute(f"SELECT v FROM ({distinct}) WHERE v IS NOT NULL ORDER BY hash(v) LIMIT {SAMPLE}")
        kind = kind_of(row[0] for row in sample.fetchall())
        if kind is not None:
            problems.append(Problem(line=0, column=declared.name, what=f"looks-like:{kind}"))
    if problems:
        raise Failed("source-identifiers", problems=tuple(problems[:MAX_PROBLEMS]), total=len(problems))


def _scannable(declared: MountField, column: str) -> str | None:
    """SQL of the values of a column as text, None for types that cannot hold an identifier."""
    if declared.type == "VARCHAR":
        return column
    if declared.type.startswith(_WHOLE_NUMBERS):
        return f"CASE WHEN {column} = trunc({column}) THEN CAST(TRY_CAST({column} AS HUGEINT) AS VARCHAR) END"
    return None


def _replace(
    connection: duckdb.DuckDBPyConnection, task: MountTask, source: Source, scratch: str
) -> tuple[dict[str, Registry], list[str]]:
    """The registries with a reference for every identifier of the source, and the files of those that grew."""
    registries, grown = {}, []
    for identifier in _registries(task):
        registry = Registry(connection, identifier, _installed(task, identifier))
        fields = [f for f in task.fields if f.identifier == identifier]
        values = [identifier_value(source.column(f.name)) for f in fields]
        if registry.grow(TYPED if fields else _PARTS, values or ["part"]):
            registry.write(str(Path(scratch, registry_file(identifier))))
            grown.append(registry_file(identifier))
        registries[identifier] = registry
    return registries, grown


_PARTS = "(VALUES ('0'), ('1'), ('2'), ('3')) AS parts(part)"


def _write(
    connection: duckdb.DuckDBPyConnection,
    task: MountTask,
    source: Source,
    registries: dict[str, Registry],
    scratch: str,
) -> None:
    """Write the version: the fields in their declared order, then the hidden columns; rows of one unit side by side.

    A query over units visits one bucket of them (the last six bits of the tag) after the other and finds what it holds
    of them in the processor's cache; and what is alike side by side needs little room. Without units the order is the
    source's, as it is within a unit.
    """
    selected, hidden, joins, order = [], [], [], ["t.rowid"]
    for number, declared in enumerate(source.fields):
        column = f"t.{source.column(declared.name)}"
        if declared.identifier is None:
            selected.append(f"{column} AS {name(declared.name)}")
            continue
        unit = f"u{number}"
        table = registries[declared.identifier].table
        joins.append(f"LEFT JOIN {table} AS {unit} ON {unit}.value = {identifier_value(column)}")
        selected.append(f"{unit}.ref AS {name(declared.name)}")
        if declared.name in task.units:
            hidden.append(f"{unit}.tag AS {name(_TAG + declared.name)}")
            order = order if len(order) > 1 else [_bucket(f"{unit}.tag"), f"{unit}.tag", *order]
    if task.row_unit:
        keyed = task.keys[0] if task.keys else [f.name for f in source.fields]
        columns = [f"t.{source.column(c)}" for c in keyed]
        tag = row_tag(registries[ROWS], columns, unique=bool(task.keys))
        hidden += [f"CAST(t.rowid + 1 AS UINTEGER) AS {name(_ROW)}", f"{tag} AS {name(_ROW_TAG)}"]
        order = [_bucket(name(_ROW_TAG)), *order]
    query = f"SELECT {', '.join(selected + hidden)} FROM {TYPED} AS t {' '.join(joins)} ORDER BY {', '.join(order)}"
    path = text(str(Path(scratch, VERSION_FILE)))
    connection.execute(f"COPY ({query}) TO {path} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)")


def _bucket(tag: str) -> str:
    """SQL of the bucket of a unit, one of 64, by its tag; see `app.query.certificates`."""
    return f"{tag} & 63"


def _check_keys(connection: duckdb.DuckDBPyConnection, task: MountTask, scratch: str) -> None:
    """Refuse a version in which rows are alike in all fields of a key, or lack one of them, or hierarchies break."""
    version = parquet(str(Path(scratch, VERSION_FILE)))
    problems = []
    for key in task.keys:
        columns = ", ".join(map(name, key))
        missing = " OR ".join(f"{name(c)} IS NULL" for c in key)
        wrong = f"SELECT 1 FROM {version} GROUP BY {columns} HAVING count(*) > 1 OR any_value({missing})"
        if connection.execute(f"SELECT count(*) FROM ({wrong} LIMIT 1)").fetchone() != (0,):
            problems.append(Problem(line=0, column=", ".join(key)[:255], what="repeated-key"))
    problems += _broken_hierarchies(connection, task, version)
    if problems:
        raise Failed("source-keys", problems=tuple(problems[:MAX_PROBLEMS]), total=len(problems))


def _broken_hierarchies(connection: duckdb.DuckDBPyConnection, task: MountTask, version: str) -> list[Problem]:
    """Each step of a hierarchy in which a value has several values of the next field, or lacks one."""
    problems = []
    for fine, coarse in dict.fromkeys(pair for fields in task.hierarchies for pair in itertools.pairwise(fields)):
        next_ = name(coarse)
        several = f"count(DISTINCT {next_}) <> 1 OR count(*) <> count({next_})"
        wrong = f"SELECT 1 FROM {version} WHERE {name(fine)} IS NOT NULL GROUP BY {name(fine)} HAVING {several}"
        if connection.execute(f"SELECT count(*) FROM ({wrong} LIMIT 1)").fetchone() != (0,):
            problems.append(Problem(line=0, column=f"{fine}, {coarse}"[:255], what="broken-hierarchy"))
    return problems


def _answer(
    connection: duckdb.DuckDBPyConnection, task: MountTask, source: Source, scratch: str, grown: list[str]
) -> Answer:
    """What was written, with the statistics of each column."""
    version = parquet(str(Path(scratch, VERSION_FILE)))
    described = connection.execute(f"DESCRIBE SELECT * FROM {version}").fetchall()
    columns = tuple((str(row[0]), str(row[1])) for row in described)
    units = {*task.units, *([_ROW] if task.row_unit else [])}
    statistics = {c: _count(connection, version, c, t, unit=c in units) for c, t in columns if not c.startswith(_TAG)}
    files = (VERSION_FILE, *grown)
    return Answer(status="ok", files=files, rows={VERSION_FILE: source.rows}, columns=columns, statistics=statistics)


def _count(
    connection: duckdb.DuckDBPyConnection, version: str, column: str, kind: str, *, unit: bool
) -> dict[str, int]:
    """Distinct and missing values of a column; for a unit also the most rows of one, for exact numbers also zeros.

    `negatives` are numbers below zero.
    """
    groups = f"SELECT {name(column)} AS v, count(*) AS n FROM {version} GROUP BY v"
    asked = {"distinct": "count(v)", "nulls": _rows_where("v IS NULL")}
    if unit:
        asked["max_rows"] = "coalesce(max(n) FILTER (WHERE v IS NOT NULL), 0)"
    elif kind.startswith(_EXACT_NUMBERS):
        asked |= {"zeros": _rows_where("v = 0"), "negatives": _rows_where("v < 0")}
    row = connection.execute(f"SELECT {', '.join(asked.values())} FROM ({groups})").fetchone()
    return {what: int(number) for what, number in zip(asked, row or (0,) * len(asked), strict=True)}


def _rows_where(condition: str) -> str:
    return f"coalesce(sum(n) FILTER (WHERE {condition}), 0)::BIGINT"
