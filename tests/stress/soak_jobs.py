"""Which jobs does a soak run, and how may each of them end? Honest ones with known rows, hostile ones with codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import duckdb

from sandbox.protocol import Export, Limits, QueryTask, Step, View
from tests.stress.taken_over import ACTS, RESULT

ROWS = 200_000
EMPTY = "empty"
"""Among the codes of a hostile kind: it may also end with a result that has no row."""
_MIB = 1 << 20
_ROOM = Limits(wall_seconds=600, cpu_seconds=120, memory_bytes=256 * _MIB, scratch_bytes=256 * _MIB)
_TIGHT = replace(_ROOM, memory_bytes=64 * _MIB, threads=1)
_FUNCTIONS = tuple(
    "count count_star sum avg min max + - * / % || range upper row_number list string_agg repeat levenshtein".split()
)
_TABLE = f"SELECT i::INTEGER AS i, (i % 7)::INTEGER AS g, 'row ' || i AS s FROM range({ROWS}) AS t(i)"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of job. `sql` may name {a}, {b} (numbers that differ from job to job) and {source} (the file of `v`).

    Honest ones end with `codes` empty, that is with a result. `first` is a step before: of what table and text.
    """

    sql: str = "SELECT 1 AS a"
    codes: frozenset[str] = frozenset()
    limits: Limits = _ROOM
    first: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A job to submit: the name of its kind, and its text."""

    kind: str
    sql: str

    @property
    def honest(self) -> bool:
        return not KINDS[self.kind].codes


HONEST = {
    "sums": Kind(sql="SELECT g, count(*) AS n, sum(i) AS t FROM v WHERE i % {a} = {b} % {a} GROUP BY g"),
    "rows": Kind(sql="SELECT i, s FROM v WHERE i >= {b} AND i < {b} + {a} * 10 ORDER BY i"),
    "last": Kind(sql="SELECT s, g FROM v WHERE g = {b} % 7 ORDER BY s DESC LIMIT {a}"),
    "ranks": Kind(
        sql="SELECT i, r FROM (SELECT i, row_number() OVER (PARTITION BY g ORDER BY s) AS r FROM v) WHERE r < {a} % 40"
    ),
    "neighbours": Kind(sql="SELECT x.g, count(*) AS n FROM v x JOIN v y ON x.i = y.i + {b} GROUP BY x.g"),
    "pairs": Kind(
        sql="SELECT x.g AS g, y.g AS h, count(*) AS n FROM v x, v y WHERE x.i < 1000 + {a} AND y.i < 3000 + {b}"
        " GROUP BY x.g, y.g"
    ),
    "texts": Kind(sql="SELECT g, max(s || '{a}') AS m, min(upper(s)) AS l FROM v WHERE i > {b} GROUP BY g"),
    "in two steps": Kind(
        sql="SELECT count(*) AS n, sum(g) AS t FROM v WHERE i % {a} = 0", first=("before", "SELECT max(i) AS m FROM v")
    ),
}
"""Quick and heavier ones; the rows of each are known from a run outside."""

_REFUSED = {
    "setting": "SELECT current_setting('allowed_paths') AS x",
    "catalog": "SELECT sql FROM duckdb_views()",
    "dynamic": "SELECT * FROM query('SELECT 1 AS x')",
    "file": "SELECT * FROM read_text('/etc/passwd')",
    "file by name": "SELECT * FROM '/etc/passwd'",
    "two statements": "SELECT 1); COPY (SELECT 1) TO '/tmp/x'; SELECT (1",
    "writing cte": "WITH c AS (DELETE FROM v RETURNING *) SELECT * FROM c",
    "shadow": "SELECT 1); CREATE OR REPLACE TEMP VIEW v AS (SELECT 42 AS i, 1 AS g, '' AS s); SELECT (1",
}
_CROSS = "SELECT count(*) AS n FROM range(1000000) a(x), range(1000000) b(y) WHERE x * y % 7 = 1"
_PAST_THE_GATE = ("ungated", "SELECT 1 AS a")
_NUL = "SELECT content FROM read_text('/etc/passwd' || chr(0) || '/../..' || '{source}')"
_OVERWRITE = "SELECT 1 AS a); COPY (SELECT 9 AS i) TO '{source}' (FORMAT parquet, USE_TMP_FILE false); SELECT (1 AS a"
_SLOW_TEXT = "SELECT levenshtein(repeat('a', 300000 + {a}), repeat('b', 300000)) AS d"
_WIDE = "SELECT repeat(s, 300) AS w FROM v ORDER BY w"
_NESTED = "SELECT (repeat('[',100000)||repeat(']',100000))::JSON::VARIANT AS x"

HOSTILE = {
    **{f"gate: {name}": Kind(sql=sql, codes=frozenset({"guard-refused"})) for name, sql in _REFUSED.items()},
    "nul byte": Kind(sql=_NUL, codes=frozenset({"engine-error", EMPTY}), first=_PAST_THE_GATE),
    "overwrite": Kind(sql=_OVERWRITE, codes=frozenset({"engine-error"}), first=_PAST_THE_GATE),
    "crasher": Kind(sql=_NESTED, codes=frozenset({"child-died", "engine-error", "limit-memory"}), first=_PAST_THE_GATE),
    "cross join": Kind(sql=_CROSS, codes=frozenset({"limit-cpu"}), limits=replace(_ROOM, cpu_seconds=1)),
    "slow text": Kind(sql=_SLOW_TEXT, codes=frozenset({"limit-wall"}), limits=replace(_ROOM, wall_seconds=1.5)),
    "one large value": Kind(
        sql="SELECT g, list(s || repeat('x', 1000)) AS l FROM v GROUP BY g",
        codes=frozenset({"limit-memory"}),
        limits=_TIGHT,
    ),
    "spill": Kind(
        sql=_WIDE, codes=frozenset({"limit-scratch", "limit-memory"}), limits=replace(_TIGHT, scratch_bytes=2 * _MIB)
    ),
    "many rows": Kind(
        sql="SELECT x FROM range(1000000) a(x)", codes=frozenset({"limit-rows"}), limits=replace(_ROOM, result_rows=9)
    ),
    "many bytes": Kind(
        sql="SELECT s, i * {a} AS p FROM v", codes=frozenset({"limit-bytes"}), limits=replace(_ROOM, result_bytes=999)
    ),
    "deep": Kind(
        sql="SELECT " + "(" * 900 + "1" + ")" * 900 + " AS a", codes=frozenset({"limit-sql", "guard-refused"})
    ),
    **{f"act: {name}": Kind(codes=act.codes, limits=act.limits, first=("act", name)) for name, act in ACTS.items()},
}
"""Every attack, with the codes that its task may end with."""

KINDS = HONEST | HOSTILE


def make_source(file: Path) -> None:
    """Write the table `v` that every job reads."""
    duckdb.sql(f"COPY ({_TABLE}) TO '{file}'")
    file.chmod(0o644)


def plan(seed: int, count: int, source: Path) -> list[Planned]:
    """`count` jobs, of which one in ten is hostile, every kind as often as any other; the same for the same seed."""
    random = Random(seed)
    hostile, honest = count // 10, count - count // 10
    names = [*_dealt(random, HOSTILE, hostile), *_dealt(random, HONEST, honest)]
    random.shuffle(names)
    return [_planned(name, random, source) for name in names]


def task(planned: Planned, source: Path) -> QueryTask:
    """What the sandbox is asked to do for a job."""
    kind = KINDS[planned.kind]
    return QueryTask(
        views=(View(name="v", path=str(source), columns=("i", "g", "s")),),
        steps=() if kind.first is None else (Step(table=kind.first[0], sql=kind.first[1]),),
        exports=(Export(file=RESULT, sql=planned.sql),),
        functions=_FUNCTIONS,
        limits=kind.limits,
    )


def expected_rows(planned: Iterable[Planned], source: Path) -> list[list[tuple[object, ...]]]:
    """The rows of honest jobs, by the same engine without a sandbox."""
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW v AS FROM '{source}'")
        return [sorted(connection.execute(job.sql).fetchall()) for job in planned]


def rows_of(file: Path) -> list[tuple[object, ...]]:
    """The rows of a result."""
    with duckdb.connect() as connection:
        return sorted(connection.execute("FROM read_parquet(?)", [str(file)]).fetchall())


def _dealt(random: Random, kinds: dict[str, Kind], count: int) -> list[str]:
    """`count` names, each kind once before any comes twice."""
    dealt: list[str] = []
    while len(dealt) < count:
        dealt += random.sample(sorted(kinds), len(kinds))
    return dealt[:count]


def _planned(name: str, random: Random, source: Path) -> Planned:
    a, b = random.randint(2, 97), random.randint(0, ROWS // 2)
    return Planned(kind=name, sql=KINDS[name].sql.format(a=a, b=b, source=source))
