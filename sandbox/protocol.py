"""What may pass the door between the two programs? Frozen, versioned, size-limited messages, one each way.

`app` builds a task, `sandbox.launcher.run(task, …)` runs it in a confined process of its own and returns an `Answer`.
States: a task is sent once and answered once. Order: steps run in their order, then the exports. Idempotence: a task
touches nothing but its scratch folder, so running it again is harmless. Duty on failure: the child answers with a
code of `CODES` and never with an engine's text; the launcher turns a dead or late child into a code as well. An
answer with any status but "ok" has no files.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

VERSION = 1
MAX_TASK_BYTES = 4 << 20
MAX_ANSWER_BYTES = 1 << 20
MAX_SQL_BYTES = 256 << 10

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
        "cancelled",
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
    "line-too-long", "not-unique", "missing", "unexpected", "row-count", or "looks-like:<kind>" with kind in
    resident-id, mobile-phone, plate, uscc. The value itself is never given.
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
    {"max_rows": n}). `walls` are the walls that stood.
    """

    status: str
    code: str | None = None
    step: str | None = None
    files: tuple[str, ...] = ()
    rows: dict[str, int] = field(default_factory=dict)
    columns: tuple[tuple[str, str], ...] = ()
    statistics: dict[str, dict[str, int]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    usage: Usage = Usage()
    walls: tuple[str, ...] = ()


class Malformed(ValueError):
    """A message is not of this protocol: wrong version, shape, type or size."""


def encode(message: Task | Answer) -> bytes:
    """The message as canonical JSON with its version."""
    body = {"v": VERSION, "body": asdict(message)}
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
