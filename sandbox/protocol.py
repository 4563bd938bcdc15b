"""What may pass the door between the two programs? Frozen, versioned, size-limited messages, one each way.

`app` builds a task, `sandbox.launcher.run(task, …)` runs it in a confined process of its own and returns an `Answer`.
States: a task is sent once and answered once. Order: steps run in their order, then the exports. Idempotence: a task
touches nothing but its scratch folder, so running it again is harmless. Duty on failure: the child answers with a
code of `CODES` and never with an engine's text; the launcher turns a dead or late child into a code as well. An
answer with any status but "ok" has no files.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass, field

from sandbox.shape import Malformed, from_plain

VERSION = 1
MAX_TASK_BYTES = 4 << 20
MAX_ANSWER_BYTES = 1 << 20
MAX_SQL_BYTES = 256 << 10
MAX_ITEMS = 4096
MAX_PROBLEMS = 20

CODES = frozenset(
    {
        "task-malformed",  # the message is not a task of this version
        "isolation-missing",  # a wall that was demanded does not stand on this machine
        "guard-refused",  # the tree guard found something that a plan may not contain
        "engine-error",  # the engine failed while running; its text stays inside
        "limit-wall",  # past the deadline, killed
        "limit-cpu",
        "limit-memory",
        "limit-scratch",
        "limit-rows",
        "limit-bytes",
        "child-died",  # killed by a signal or gone without an answer
        "task-cancelled",
        "source-unreadable",  # mount: the file cannot be read as the format it is said to have
        "source-columns",  # mount: a declared column is missing, or an undeclared one is there
        "source-rows",  # mount: rows that do not fit the declared types; see `Answer.problems`
        "source-identifiers",  # mount: undeclared columns that look like identifiers; see `Answer.problems`
    }
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one task may use: seconds, bytes, rows. Each limit has a code of its own."""

    wall_seconds: float = 60.0
    cpu_seconds: int = 120
    memory_bytes: int = 2 << 30
    threads: int = 2
    scratch_bytes: int = 4 << 30
    result_rows: int = 1_000_000
    result_bytes: int = 256 << 20


@dataclass(frozen=True, kw_only=True)
class View:
    """A secure view over one immutable Parquet file: only `columns` are visible, under their own names."""

    name: str
    path: str
    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Step:
    """A single SELECT whose result becomes the temporary table `table`, readable by later steps and exports."""

    table: str
    sql: str


@dataclass(frozen=True, kw_only=True)
class Export:
    """A single SELECT whose result becomes the Parquet file `file` (a bare name) in the scratch folder.

    `max_rows` None means the limit of the task; passing it ends the task with "limit-rows".
    """

    file: str
    sql: str
    max_rows: int | None = None


@dataclass(frozen=True, kw_only=True)
class QueryTask:
    """Run `steps`, then write `exports`. Every text is held against the engine's own tree first.

    `functions` lists every function and operator name that the texts may call beyond the engine's comparison and
    logic nodes. `reproducible` asks for one thread and preserved order.
    """

    views: tuple[View, ...]
    steps: tuple[Step, ...]
    exports: tuple[Export, ...]
    functions: tuple[str, ...]
    limits: Limits = Limits()
    reproducible: bool = False
    kind: str = "query"


@dataclass(frozen=True, kw_only=True)
class MountField:
    """A column to mount: its DuckDB `type`, and the registry whose references replace its values, if any."""

    name: str
    type: str
    identifier: str | None = None


@dataclass(frozen=True, kw_only=True)
class MountTask:
    """Turn one source file into a version: checked, identifiers replaced, rewritten as Parquet.

    `source` is a CSV (RFC 4180, UTF-8, header line) or Parquet file. `units` are the names of the identifier fields
    that are protected units; each gets a hidden column `__tag_<field>` (UBIGINT, the unit's secret tag). With
    `row_unit` the version gets the hidden columns `__row` (UINTEGER) and `__tag___row`. `registry` is the folder with
    the unit registries; the answer's files hold the grown registries, which the launcher's caller installs.
    `expected_rows` None means that the number of rows is not declared. Empty `fields` means: take the columns as
    the file has them (an operator's own table), identifiers none.
    """

    source: str
    format: str
    fields: tuple[MountField, ...]
    units: tuple[str, ...]
    row_unit: bool
    registry: str
    expected_rows: int | None = None
    scan_identifiers: bool = True
    limits: Limits = Limits()
    kind: str = "mount"


Task = QueryTask | MountTask


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A place in a source file: `line` from 1 with the header as line 1 (0 = the whole column), and what is wrong.

    `what` is one of: "wrong-type", "missing-columns", "too-many-columns", "unterminated-quote", "invalid-encoding",
    "line-too-long", "mixed-line-ends", "cut-off", "empty", "not-unique", "missing", "unexpected", "row-count",
    "wrong-format", or "looks-like:<kind>" with kind in resident-id, mobile-phone, plate, uscc. In a Parquet file
    `line` is the number of the row from 1. The value itself is never given.
    """

    line: int
    column: str
    what: str
    expected: str = ""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What the task cost: seconds of wall and cpu, peak memory in bytes, and the seconds of each stage."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0
    stages: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The one answer to a task. `status` is "ok" or "failed"; `code` is of `CODES` when it failed.

    `files` are bare names in the scratch folder; `rows` the number of rows of each file that is a table.
    `step` names the step or export that failed. `columns` are (name, type) of a mounted version; `statistics` per
    column what the certificates and the catalog may use ({"distinct": n, "nulls": n} and, for unit columns,
    {"max_rows": n}). `problems` are the first of `problems_total`. `walls` are the walls that stood.
    """

    status: str
    code: str | None = None
    step: str | None = None
    files: tuple[str, ...] = ()
    rows: dict[str, int] = field(default_factory=dict)
    columns: tuple[tuple[str, str], ...] = ()
    statistics: dict[str, dict[str, int]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    problems_total: int = 0
    usage: Usage = Usage()
    walls: tuple[str, ...] = ()


def encode(message: Task | Answer) -> bytes:
    """The message as canonical JSON with its version."""
    body = {"v": VERSION, "body": asdict(message)}
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


_NAME = re.compile(r"[^\W\d]\w{0,127}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,119}")
_SAFE_TEXT = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,4096}")
_FUNCTION = re.compile(r"[\w!-/:-@\[-`{-~]{1,64}")
_LABEL = re.compile(r"[\w:.@/ -]{1,160}")
_WHAT = re.compile(r"[a-z][a-z-]{0,40}(:[a-z-]{1,40})?")
_TYPE = re.compile(
    r"(BOOLEAN|U?(TINY|SMALL|BIG)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\((?:[1-9]|[12]\d|3[0-8]), ?(?:\d|[12]\d|3[0-8])\)"
    r"|VARCHAR|DATE|TIME|TIMESTAMP(_S|_MS|_NS)?|TIMESTAMP WITH TIME ZONE|UUID)"
)
_SYNONYMS = {
    "INT": "INTEGER",
    "REAL": "FLOAT",
    "TEXT": "VARCHAR",
    "STRING": "VARCHAR",
    "BOOL": "BOOLEAN",
    "LONG": "BIGINT",
}
_SYNONYMS |= {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE", "DATETIME": "TIMESTAMP", "NUMERIC": "DECIMAL(18,3)"}
_SYNONYMS |= {"DECIMAL": "DECIMAL(18,3)"}
STATUSES = ("ok", "failed")
FORMATS = ("csv", "parquet")


def column_type(text: str) -> str | None:
    """The DuckDB type that `text` names, spelled in the one way of the sandbox; None if a column cannot have it."""
    name = " ".join(text.upper().split())
    name = _SYNONYMS.get(name, name)
    name = re.sub(r"^NUMERIC\(", "DECIMAL(", name).replace(", ", ",")
    return name if _TYPE.fullmatch(name) else None


def decode_task(message: bytes) -> Task:
    """The task in `message`. Raises `Malformed` on any other version, kind, field, type, name or size."""
    body = _body(message, MAX_TASK_BYTES)
    kind = body.get("kind")
    if kind == "query":
        query = from_plain(QueryTask, body)
        _check_query(query)
        return query
    if kind == "mount":
        mount = from_plain(MountTask, body)
        _check_mount(mount)
        return mount
    raise Malformed("the kind of the task is not known")


def decode_answer(message: bytes) -> Answer:
    """The answer in `message`, which a hostile process may have written. Raises `Malformed` as `decode_task` does."""
    answer = from_plain(Answer, _body(message, MAX_ANSWER_BYTES))
    _check_answer(answer)
    return answer


def _body(message: bytes, limit: int) -> dict[str, object]:
    if len(message) > limit:
        raise Malformed("the message is too long")
    try:
        whole = json.loads(message.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Malformed("the message is not JSON") from error
    if not isinstance(whole, dict) or set(whole) != {"v", "body"} or type(whole["v"]) is not int:
        raise Malformed("the message has no version and body")
    if whole["v"] != VERSION or not isinstance(whole["body"], dict):
        raise Malformed("the message is of another version")
    return whole["body"]


def _demand(condition: bool, what: str) -> None:
    if not condition:
        raise Malformed(what)


def _distinct(names: list[str], what: str) -> None:
    lowered = [name.lower() for name in names]
    _demand(len(set(lowered)) == len(lowered), f"{what} repeat")
    _demand(len(names) <= MAX_ITEMS, f"too many {what}")


def _path(text: str) -> None:
    _demand(bool(_SAFE_TEXT.fullmatch(text)) and text.startswith("/") and ".." not in text.split("/"), "a path is bad")


def _column(text: str) -> None:
    _demand(bool(_SAFE_TEXT.fullmatch(text)) and len(text) <= 255, "a column name is bad")


def _check_limits(limits: Limits) -> None:
    numbers = (limits.wall_seconds, limits.cpu_seconds, limits.memory_bytes, limits.threads, limits.scratch_bytes)
    _demand(all(0 < n < 2**53 for n in (*numbers, limits.result_rows, limits.result_bytes)), "a limit is out of range")
    _demand(limits.threads <= 256, "too many threads")


def _check_query(task: QueryTask) -> None:
    _check_limits(task.limits)
    tables = [view.name for view in task.views] + [step.table for step in task.steps]
    _distinct(tables, "tables")
    _demand(all(_NAME.fullmatch(name) for name in tables), "a table name is bad")
    for view in task.views:
        _path(view.path)
        _distinct(list(view.columns), "columns")
        _demand(bool(view.columns), "a view has no columns")
        for column in view.columns:
            _column(column)
    _distinct([export.file for export in task.exports], "files")
    _demand(all(_FILE.fullmatch(export.file) for export in task.exports), "a file name is bad")
    _demand(all(e.max_rows is None or 0 <= e.max_rows < 2**53 for e in task.exports), "a limit is out of range")
    texts = [step.sql for step in task.steps] + [export.sql for export in task.exports]
    _demand(
        all(0 < len(t.encode("utf-8", "replace")) <= MAX_SQL_BYTES and "\0" not in t for t in texts), "a text is bad"
    )
    _demand(len(task.functions) <= MAX_ITEMS, "too many functions")
    _demand(all(_FUNCTION.fullmatch(name) for name in task.functions), "a function name is bad")


def _check_mount(task: MountTask) -> None:
    _check_limits(task.limits)
    _path(task.source)
    _path(task.registry)
    _demand(task.format in FORMATS, "the format is not known")
    _distinct([f.name for f in task.fields], "fields")
    for declared in task.fields:
        _column(declared.name)
        _demand(not declared.name.startswith("__"), "a field name is reserved")
        _demand(column_type(declared.type) is not None, "a type is not known")
        _demand(declared.identifier is None or bool(_FILE.fullmatch(declared.identifier)), "a registry name is bad")
    identifiers = {f.name for f in task.fields if f.identifier is not None}
    _distinct(list(task.units), "units")
    _demand(set(task.units) <= identifiers, "a unit is not an identifier field")
    _demand(task.expected_rows is None or 0 <= task.expected_rows < 2**53, "a number of rows is out of range")


def _check_answer(answer: Answer) -> None:
    _demand(answer.status in STATUSES, "the status is not known")
    ok = answer.status == "ok"
    _demand(answer.code is None if ok else answer.code in CODES, "the code does not fit the status")
    _demand(
        ok or not (answer.files or answer.rows or answer.columns or answer.statistics), "a failed answer has results"
    )
    _demand(answer.step is None or bool(_LABEL.fullmatch(answer.step)), "a step name is bad")
    _distinct(list(answer.files), "files")
    _demand(all(_FILE.fullmatch(name) for name in answer.files), "a file name is bad")
    _demand(set(answer.rows) <= set(answer.files), "rows of a file that is not there")
    _demand(all(0 <= n < 2**53 for n in answer.rows.values()), "a number of rows is out of range")
    for name, type_ in answer.columns:
        _column(name)
        _demand(bool(_SAFE_TEXT.fullmatch(type_)), "a type is bad")
    _distinct([name for name, _ in answer.columns], "columns")
    _check_statistics(answer.statistics)
    _check_problems(answer)
    _check_usage(answer.usage)
    _demand(len(answer.walls) <= 32 and all(_LABEL.fullmatch(wall) for wall in answer.walls), "a wall is bad")


def _check_statistics(statistics: dict[str, dict[str, int]]) -> None:
    _demand(len(statistics) <= MAX_ITEMS, "too many statistics")
    for name, numbers in statistics.items():
        _column(name)
        _demand(set(numbers) <= {"distinct", "nulls", "max_rows"}, "a statistic is not known")
        _demand(all(0 <= n < 2**53 for n in numbers.values()), "a statistic is out of range")


def _check_problems(answer: Answer) -> None:
    _demand(len(answer.problems) <= MAX_PROBLEMS and 0 <= answer.problems_total < 2**53, "too many problems")
    for problem in answer.problems:
        _demand(0 <= problem.line < 2**53, "a line is out of range")
        _demand(problem.column == "" or bool(_SAFE_TEXT.fullmatch(problem.column)), "a column name is bad")
        _demand(bool(_WHAT.fullmatch(problem.what)), "a problem is not known")
        _demand(problem.expected == "" or bool(_SAFE_TEXT.fullmatch(problem.expected)), "an expectation is bad")
        _demand(len(problem.column) <= 255 and len(problem.expected) <= 64, "a problem is too long")


def _check_usage(usage: Usage) -> None:
    seconds = (usage.wall_seconds, usage.cpu_seconds, *usage.stages.values())
    _demand(all(math.isfinite(s) and 0 <= s < 1e9 for s in seconds), "seconds are out of range")
    _demand(0 <= usage.peak_memory_bytes < 2**53 and len(usage.stages) <= MAX_ITEMS, "usage is out of range")
    _demand(all(_LABEL.fullmatch(name) for name in usage.stages), "a stage is bad")
