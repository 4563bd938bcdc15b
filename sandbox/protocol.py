"""What may pass the door between the two programs? Frozen, versioned, size-limited messages, one each way.

`app` builds a task, `sandbox.launcher.run(task, …)` runs it in a confined process of its own and returns an `Answer`.
States: a task is sent once and answered once. Order: steps run in their order, then the exports. Idempotence: a task
touches nothing but its scratch folder, so running it again is harmless. Duty on failure: the child answers with a
code of `CODES` and never with an engine's text; the launcher turns a dead or late child into a code as well. An
answer with any status but "ok" has no files and no page. Reading a message, and refusing it: `sandbox.decoding`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

VERSION = 3
MAX_TASK_BYTES = 4 << 20
MAX_ANSWER_BYTES = 1 << 20
MAX_SQL_BYTES = 256 << 10
MAX_ITEMS = 4096
MAX_PROBLEMS = 20
MAX_PAGE_ROWS = 1000
MAX_CELL_CHARACTERS = 2000
MAX_SYNTHETIC_ROWS = 1_000_000

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
        "limit-sql",  # a text of the plan is longer or deeper than its limits
        "child-died",  # killed by a signal or gone without an answer
        "answer-refused",  # the process answered, or left behind, what the launcher may not believe
        "task-cancelled",
        "source-unreadable",  # mount, inspect: the file cannot be read as the format it is said to have
        "source-columns",  # mount, inspect: a column is missing; mount: an undeclared one is there
        "source-rows",  # mount: rows that do not fit the declared types; see `Answer.problems`
        "source-keys",  # mount: rows that are alike in all fields of a key; see `Answer.problems`
        "source-identifiers",  # mount: undeclared columns that look like identifiers; see `Answer.problems`
    }
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one task may use: seconds, bytes, rows. Each limit has a code of its own.

    `memory_bytes` is what the task may need for data, on top of what an empty engine takes. `sql_bytes` and
    `sql_depth` (nested nodes of the engine's tree) hold for each text of a plan. A machine that has less grants less:
    see `Usage`. `result_bytes` bounds the files of a result; read into memory they may take four times as much.
    """

    wall_seconds: float = 60.0
    cpu_seconds: int = 120
    memory_bytes: int = 2 << 30
    threads: int = 2
    scratch_bytes: int = 4 << 30
    result_rows: int = 1_000_000
    result_bytes: int = 256 << 20
    sql_bytes: int = MAX_SQL_BYTES
    sql_depth: int = 600


POSITION = "__position"
FILTER_TESTS = ("=", "<>", "<", "<=", ">", ">=", "in", "is-null", "is-not-null")
MASK_KINDS = ("month", "quarter", "year", "band", "prefix", "pseudonym", "null")
CODING_KINDS = ("code", "tails")


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Only rows pass whose `column` meets `test` (of `FILTER_TESTS`) with `values`, texts of the column's type.

    "in" takes one or more values, "is-null" and "is-not-null" none, every other test one.
    """

    column: str
    test: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Mask:
    """`column` shows less than it holds: `kind` of `MASK_KINDS` or `CODING_KINDS`.

    "month", "quarter", "year" cut a date or time; "band" puts a number at the lower end of its band, `argument` wide;
    "prefix" keeps the first `argument` characters; "pseudonym" puts 16 hexadecimal digits of SHA-256, keyed by
    `argument`, in its place; "null" shows nothing. "code" shows numbers beyond the ends `low/high` as these (either may
    be missing); "tails" of `share/k` takes for ends what that share of the units, and at least k of each type, reach.
    No text of a message shows the argument: it may be a key.
    """

    column: str
    kind: str
    argument: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class View:
    """A secure view over one immutable Parquet file: only `columns` are visible, under their own names.

    Of rows, those that pass every filter; of masked columns, what the mask leaves. A filter may name a column that is
    not visible, and sees values before they are masked. With `position` there is the hidden column `POSITION` too: the
    number of each row in the file, which filters do not change.
    """

    name: str
    path: str
    columns: tuple[str, ...]
    filters: tuple[Filter, ...] = ()
    masks: tuple[Mask, ...] = ()
    position: bool = False


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
    logic nodes. `reproducible` asks for one thread and preserved order. `scan` names the export whose values are
    searched for identifiers before it leaves; the answer's `scan` says what was found.
    """

    views: tuple[View, ...]
    steps: tuple[Step, ...]
    exports: tuple[Export, ...]
    functions: tuple[str, ...]
    limits: Limits = Limits()
    reproducible: bool = False
    scan: str | None = None
    kind: str = "query"


@dataclass(frozen=True, kw_only=True)
class MountField:
    """A column to mount: its DuckDB `type`, and the registry whose references replace its values, if any.

    Every value must be one of `values`, when there are any, and from `minimum` to `maximum`; all are texts of the type.
    """

    name: str
    type: str
    identifier: str | None = None
    values: tuple[str, ...] = ()
    minimum: str | None = None
    maximum: str | None = None


@dataclass(frozen=True, kw_only=True)
class MountTask:
    """Turn one source file into a version: checked, identifiers replaced, rewritten as Parquet.

    `source` is a CSV (RFC 4180, UTF-8, header line) or Parquet file. `units` are the names of the identifier fields
    that are protected units; each gets a hidden column `__tag_<field>` (UBIGINT, the unit's secret tag, the same in
    every version). With `row_unit` it gets the hidden columns `__row` (UINTEGER) and `__tag___row`. `registry` holds
    the registries; the answer's files hold the grown registries, which the launcher's caller installs. By the
    fields of each of `keys` no two rows may be alike, and none missing; in each of `hierarchies` a value has one of the
    next field. `expected_rows` None means that the number of rows is not declared. Empty `fields` means: take the
    columns as the file has them (an operator's own table), identifiers none.
    """

    source: str
    format: str
    fields: tuple[MountField, ...]
    units: tuple[str, ...]
    row_unit: bool
    registry: str
    keys: tuple[tuple[str, ...], ...] = ()
    hierarchies: tuple[tuple[str, ...], ...] = ()
    expected_rows: int | None = None
    scan_identifiers: bool = True
    limits: Limits = Limits()
    kind: str = "mount"


@dataclass(frozen=True, kw_only=True)
class SyntheticColumn:
    """What the catalog declares of a column, from which its synthetic values are made.

    `values` are the declared values as text; else `minimum` and `maximum` (text, of the column's type, both included)
    bound numbers, dates and times; of a moment, a bare date means its midnight. `subjects` is set for identifiers and
    gives the number of different references (1 to `subjects`). `missing` is the share of NULL, 0 to 1. A column of
    which only the type is known has placeholders: numbers up to 100, days of 2025, texts such as 〈name 07〉.
    """

    name: str
    type: str
    values: tuple[str, ...] = ()
    minimum: str | None = None
    maximum: str | None = None
    subjects: int | None = None
    missing: float = 0.0


@dataclass(frozen=True, kw_only=True)
class SyntheticTable:
    """A table of `rows` synthetic rows."""

    name: str
    columns: tuple[SyntheticColumn, ...]
    rows: int


@dataclass(frozen=True, kw_only=True)
class RehearseTask:
    """Run one text on synthetic rows; the answer's `page` holds the first rows of its result.

    `views` are tables that the operator itself brings; a synthetic column of which nothing but the type is declared
    takes the values that a column of its name and type has there. Columns of one name and one declaration hold values
    of one domain in every table, and three rows of four agree in them by number, so that joins find partners. The same
    `seed` gives the same rows. The step in answers is "result", or the name of a table.
    """

    tables: tuple[SyntheticTable, ...]
    views: tuple[View, ...]
    sql: str
    functions: tuple[str, ...]
    seed: int
    page_rows: int = 200
    limits: Limits = Limits()
    kind: str = "rehearse"


@dataclass(frozen=True, kw_only=True)
class InspectTask:
    """Answer a page of a result in quarantine: `limit` rows from `offset`, of `columns` (empty: of all).

    `order_by` names a column to sort by, NULLs last; None keeps the order of the file.
    """

    path: str
    offset: int
    limit: int
    columns: tuple[str, ...] = ()
    order_by: str | None = None
    descending: bool = False
    limits: Limits = Limits()
    kind: str = "inspect"


@dataclass(frozen=True, kw_only=True)
class RefinePart:
    """Files of row, unit, class: a `stored` partition (None: not yet), the `members` of a run; the k asked about."""

    stored: str | None
    members: str
    contributors: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class RefineTask:
    """Two rows stay in one class if they are in one class of both files of a part; in none counts as a class, 0.

    Files of part i: `partition_i.parquet`, the refined partition; `counts_i.parquet` with a row for each of its
    classes, numbered from 1: class, old, local (the classes it comes from), units (distinct; of the largest of
    `contributors` and more perhaps only a lower bound). The answer's `statistics` say of "partition_i": "rows",
    "units", "single" (1 when no unit has two rows); of "partition_i_k": "small_units", in classes with fewer than k.
    """

    parts: tuple[RefinePart, ...]
    limits: Limits = Limits()
    kind: str = "refine"


Task = QueryTask | MountTask | RehearseTask | InspectTask | RefineTask


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A place in a source file: `line` from 1 with the header as line 1 (0 = the whole column), and what is wrong.

    `what` is one of: "wrong-type", "undeclared-value", "out-of-range", "missing-columns", "too-many-columns",
    "unterminated-quote", "invalid-encoding", "line-too-long", "mixed-line-ends", "cut-off", "empty", "not-unique",
    "missing", "unexpected", "row-count", "wrong-format", "repeated-key", "broken-hierarchy", or "looks-like:<kind>"
    with kind in resident-id, mobile-phone, plate, uscc. In a Parquet file `line` is the row from 1. The value itself
    is never given.
    """

    line: int
    column: str
    what: str
    expected: str = ""


IDENTIFIERS = tuple("resident-id resident-id-old mobile-phone plate uscc bank-card e-mail travel-document".split())
"""What a scan looks for; `sandbox.identifiers` says how."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """In one column: `rows` with an identifier of `kind` (of `IDENTIFIERS`).

    Its distinct values hold `candidates` of the kind's form, of which `matches` pass its check, some perhaps by chance.
    """

    kind: str
    rows: int
    matches: int
    candidates: int


@dataclass(frozen=True, kw_only=True)
class ColumnScan:
    """What a scan says of one column: how many `values` are not NULL, how many are `distinct`, and what they hold.

    `form` is "text"; "number", of which only whole ones of 11 to 19 digits were looked at and are in `distinct`; or
    "other" (dates, truth values and the like, which hold no identifier and were not looked at). No value is in here.
    """

    form: str
    values: int
    distinct: int
    found: tuple[Found, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What the task cost, and what it was granted.

    `waited_seconds` passed before a place was free and are not in `wall_seconds`. `scratch_bytes` is the most that the
    launcher saw in the scratch folder, `spill_bytes` the most that the engine says it spilled, `read_bytes` what the
    engine says it read, `written_bytes` the size of the result files. `threads` and `memory_bytes` were granted.
    """

    wall_seconds: float = 0.0
    waited_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0
    scratch_bytes: int = 0
    spill_bytes: int = 0
    read_bytes: int = 0
    written_bytes: int = 0
    threads: int = 0
    memory_bytes: int = 0
    stages: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The one answer to a task. `status` is "ok" or "failed"; `code` is of `CODES` when it failed.

    `files` are bare names in the scratch folder; `rows` the number of rows of each file that is a table.
    `step` names the step or export that failed. `columns` are (name, type) of a mounted version; `statistics` per
    column what the certificates and the catalog may use ({"distinct": n, "nulls": n}; of units {"max_rows": n}, of
    exact numbers {"zeros": n, "negatives": n}); see `RefineTask` for those of a refinement. `problems` are the first of
    `problems_total`. `page` holds rows as texts (None for NULL), cut to `MAX_CELL_CHARACTERS`, of a table with
    `page_of` rows and the `columns`. `scan` has every column, in their order, of the export that a plan wants scanned.
    `walls` are the walls that stood;
    `absent` says of each other wall why it does not stand.
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
    page: tuple[tuple[str | None, ...], ...] = ()
    page_of: int = 0
    scan: tuple[ColumnScan, ...] = ()
    usage: Usage = Usage()
    walls: tuple[str, ...] = ()
    absent: dict[str, str] = field(default_factory=dict)


def encode(message: Task | Answer) -> bytes:
    """The message as canonical JSON with its version."""
    body = {"v": VERSION, "body": asdict(message)}
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
