"""Does the gate let every governed text pass, and nothing else?"""

from __future__ import annotations

import time

import duckdb
import pytest

from sandbox.gate import Gate, Refused, TooLarge
from sandbox.protocol import Limits, Step
from tests.sandbox.conftest import Run

FUNCTIONS = (
    "count",
    "sum",
    "avg",
    "+",
    "-",
    "*",
    "/",
    "||",
    "~~",
    "row_number",
    "range",
    "unnest",
    "list_transform",
    "upper",
)
_CONNECTION = duckdb.connect()

PASS = """
SELECT * FROM v
SELECT v.* FROM v JOIN w USING (k) LEFT JOIN (SELECT k AS k2 FROM w) AS x ON v.k = x.k2
SELECT k, count(*) AS n, count(DISTINCT u) AS d, sum(x) FILTER (WHERE x > 1) FROM v GROUP BY k HAVING count(*) >= 5
WITH a AS (SELECT * FROM v), b AS (SELECT * FROM a) SELECT * FROM b UNION ALL SELECT * FROM a ORDER BY 1 LIMIT 3
WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r
WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL (WITH q AS (SELECT n FROM r) SELECT n + 1 FROM q WHERE n < 5)) FROM R
WITH RECURSIVE v AS (SELECT k FROM v UNION ALL SELECT k + 1 FROM v WHERE k < 5) SELECT * FROM v
WITH "Ä" AS (SELECT 1) SELECT * FROM "Ä"
SELECT CASE WHEN k = 1 THEN 'a' ELSE 'b' END, CAST(k AS DECIMAL(10,2)), TRY_CAST(s AS DATE), k::VARCHAR FROM v
SELECT list_transform([1, 2], lambda x: x + 1), {'a': 1}, (1, 2), s COLLATE nocase FROM v
SELECT k FROM v WHERE k BETWEEN 1 AND 2 AND k IN (1, 2) AND s LIKE 'a%' AND NOT (u IS NULL OR s IS NOT NULL)
SELECT row_number() OVER (PARTITION BY k ORDER BY u) AS n FROM v QUALIFY n < 3
SELECT sum(x) OVER (ORDER BY u ROWS 2 PRECEDING) FROM v
SELECT k FROM v WHERE EXISTS (SELECT 1 FROM w WHERE w.k = v.k) AND k IN (SELECT k FROM w) AND k > (SELECT avg(k) FROM w)
SELECT d + INTERVAL 1 DAY, DATE '2025-01-01', TIMESTAMP '2025-01-01 00:00:00' FROM v
SELECT * EXCLUDE (k) REPLACE (u + 1 AS u) FROM v
SELECT DISTINCT ON (k) k, u FROM v ORDER BY k, u DESC NULLS LAST LIMIT 10 OFFSET 2
SELECT k, count(*) FROM v GROUP BY GROUPING SETS ((k), ())
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t(n, s)
SELECT * FROM range(5) AS t(n), unnest([1, 2]) AS q(m)
SELECT coalesce(k, 1) FROM v INTERSECT SELECT k FROM w EXCEPT SELECT 1
SELECT "user" FROM v
SELECT k IS DISTINCT FROM u, s[1:2], [k][1] FROM v
SELECT * FROM v WHERE k = ANY (SELECT k FROM w)
SELECT (SELECT max_k FROM (SELECT k AS max_k FROM w LIMIT 1) AS q) FROM v
""".strip().splitlines()

REFUSE = """
SELECT * FROM secret
SELECT * FROM main.v
SELECT * FROM memory.main.v
SELECT * FROM '/etc/passwd'
SELECT * FROM "/etc/passwd"
SELECT * FROM read_text('/etc/passwd' || chr(0))
SELECT * FROM read_parquet('x.parquet')
FROM (SHOW ALL TABLES)
SHOW TABLES
DESCRIBE v
SUMMARIZE v
SELECT * FROM (DESCRIBE v)
SELECT * FROM duckdb_settings()
SELECT * FROM information_schema.tables
SELECT * FROM sqlite_master
SELECT * FROM (WITH sqlite_master AS (SELECT 1) SELECT 1), sqlite_master
WITH a AS (SELECT 1), b AS (FROM secret) FROM a
SELECT * FROM v WHERE k IN (FROM secret)
SELECT (SELECT count(*) FROM secret) FROM v
SELECT k FROM v ORDER BY (SELECT 1 FROM secret)
SELECT k FROM v LIMIT (SELECT count(*) FROM secret)
SELECT sum(k) FILTER (WHERE k IN (FROM secret)) FROM v
SELECT list_transform([1], lambda x: (SELECT 1 FROM secret))
SELECT CASE WHEN EXISTS(FROM secret) THEN 1 END
WITH c AS (COPY v TO 'out.csv') SELECT 1
WITH c AS (INSERT INTO v SELECT 1 RETURNING *) FROM c
WITH c AS (DELETE FROM v RETURNING *) FROM c
WITH c AS (UPDATE v SET k = 1 RETURNING *) FROM c
SELECT current_setting('allowed_paths')
SELECT current_user
SELECT CURRENT_TIMESTAMP
SELECT version()
SELECT getvariable('x')
SELECT $x
SELECT ?
SELECT * FROM query('select 1')
FROM query_table('secret')
SELECT stats(k) FROM v
SELECT error(s) FROM v
SELECT random()
SELECT now()
SELECT rowid FROM v
SELECT v.rowid FROM v
SELECT filename FROM v
SELECT k.getvariable() FROM v
SELECT 'x'.current_setting()
SELECT main.upper('x')
SELECT system.main.upper('x')
SELECT s.upper() FROM v
SELECT 1; DROP TABLE v
DROP TABLE v
EXPLAIN SELECT 1
EXPLAIN ANALYZE SELECT 1
PIVOT v ON k USING sum(x)
FROM v PIVOT (sum(x) FOR k IN (1))
UNPIVOT v ON k INTO NAME n VALUE w
CREATE TABLE x AS SELECT 1
CREATE TEMP VIEW v AS SELECT 1
SET VARIABLE a = 1
PRAGMA database_list
ATTACH ':memory:' AS x
FROM v AT (VERSION => 1)
SELECT * FROM v JOIN LATERAL (FROM secret) x ON true
SELECT * FROM v POSITIONAL JOIN secret
VALUES ((SELECT 1 FROM secret))
SELECT * FROM histogram_values(secret, k)
SELECT * FROM range((SELECT count(*) FROM secret))
SELECT count(*) OVER (ORDER BY (SELECT 1 FROM secret))
SELECT * FROM v TABLESAMPLE 10%
SELECT * FROM v USING SAMPLE 10
WITH RECURSIVE r AS (SELECT 1 AS a UNION ALL SELECT a FROM secret) FROM r
WITH RECURSIVE secret AS (SELECT k FROM secret UNION ALL SELECT k FROM secret WHERE false) FROM secret
WITH RECURSIVE secret AS ((WITH q AS (FROM secret) FROM q) UNION ALL SELECT k FROM secret WHERE false) FROM secret
WITH RECURSIVE secret AS (SELECT (SELECT max(k) FROM secret) AS k UNION SELECT k FROM secret WHERE false) FROM secret
WITH RECURSIVE secret(k) USING KEY (k) AS (FROM secret UNION SELECT k FROM secret) FROM secret
WITH RECURSIVE r AS (SELECT k FROM r UNION ALL SELECT k FROM v UNION ALL SELECT k FROM r) FROM r
WITH "é.parquet" AS (SELECT 1) SELECT * FROM "É.parquet"
WITH "a.parquet" AS (SELECT 1) SELECT * FROM "a.parquet"
SELECT current_user\u00a0
WITH "sqlite_master\u00a0" AS (SELECT 1) SELECT * FROM sqlite_master\u00a0
WITH "é" AS (SELECT 1) SELECT * FROM "É"
WITH "k" AS (SELECT 1) SELECT * FROM "\u212a"
WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a
WITH a AS (SELECT * FROM a) SELECT * FROM a
SELECT * FROM (WITH inner_one AS (SELECT 1) SELECT * FROM inner_one), inner_one
WITH "/etc/passwd" AS (SELECT 1) SELECT * FROM v, (SELECT 1) q UNION SELECT * FROM "/etc/hosts"
SELECT COLUMNS(lambda c: c = (SELECT 'a' FROM secret)) FROM v
SELECT v.* REPLACE ((SELECT 1 FROM secret) AS k) FROM v
SELECT k FROM v GROUP BY GROUPING SETS (((SELECT 1 FROM secret)), k)
SELECT DISTINCT ON ((SELECT 1 FROM secret)) k FROM v
SELECT CAST((SELECT 1 FROM secret) AS INT)
SELECT {'a': (SELECT 1 FROM secret)}
SELECT k BETWEEN 1 AND (SELECT 1 FROM secret) FROM v
SELECT 1 UNION SELECT k FROM secret
SELECT nextval('s')
SELECT getenv('HOME')
SELECT txid_current()
SELECT uuid()
SELECT sum(k) EXPORT_STATE FROM v
SELECT md5(s) FROM v
SELECT row_number() OVER (ORDER BY md5(s)) FROM v
SELECT lag(k) OVER () FROM v
SELECT json_execute_serialized_sql('x')
SELECT "current_setting"('x')
SELECT k::VARIANT FROM v
SELECT * FROM glob('*')
SELECT 1 /* unterminated
SELECT 1)
SELECT 1) TO '/tmp/x'; --
CALL pragma_version()
COPY v TO 'x'
BEGIN
VACUUM
""".strip().splitlines()


def _serialize(sql: str) -> str:
    row = _CONNECTION.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()
    assert row is not None
    return str(row[0])


def _gate(*more: str, limits: Limits = Limits()) -> Gate:  # noqa: B008 - frozen
    columns = ("k", "u", "x", "s", "d", "user")
    return Gate(_serialize, columns=columns, functions=(*FUNCTIONS, *more), limits=limits)


@pytest.mark.parametrize("sql", PASS)
def test_governed_texts_pass(sql: str) -> None:
    _gate().check(sql, ("v", "w"))


@pytest.mark.parametrize("sql", REFUSE)
def test_all_else_is_refused(sql: str) -> None:
    with pytest.raises(Refused):
        _gate().check(sql, ("v", "w"))


@pytest.mark.parametrize("name", ["current_setting", "getenv", "query_table", "read_text", "stats", "error"])
def test_some_functions_are_refused_even_when_listed(name: str) -> None:
    with pytest.raises(Refused):
        _gate(name).check(f"SELECT {name}('x')", ("v",))


def test_a_function_that_is_not_listed_is_refused_with_any_spelling() -> None:
    for sql in ("SELECT MD5('a')", "SELECT \"md5\"('a')", "SELECT md5 ('a')", "SELECT /* */ md5('a')"):
        with pytest.raises(Refused):
            _gate().check(sql, ())


@pytest.mark.parametrize(
    "node",
    [
        '{"type": "SELECT_NODE", "cte_map": {"map": [{}]}}',
        '{"type": "SELECT_NODE", "select_list": [{"class": "FUNCTION"}]}',
        '{"type": "SELECT_NODE", "select_list": [{"class": "COLUMN_REF", "column_names": []}]}',
        '{"type": "SELECT_NODE", "from_table": {"type": "TABLE_FUNCTION", "function": null}}',
        '{"type": "SELECT_NODE", "select_list": [{"class": "SUBQUERY", "subquery": []}]}',
        '{"type": ["SELECT_NODE"]}',
    ],
)
def test_a_node_of_another_shape_than_today_is_refused(node: str) -> None:
    tree = f'{{"error": false, "statements": [{{"node": {node}, "named_param_map": []}}]}}'
    with pytest.raises(Refused):
        Gate(lambda _: tree, columns=(), functions=(), limits=Limits()).check("SELECT 1", ())


def test_a_nul_byte_is_refused() -> None:
    with pytest.raises(Refused, match="NUL"):
        _gate().check("SELECT 1\0, current_user", ())


DEEP = {
    "sums": ("1 + " * 240 + "1", 480),
    "lists": ("[" * 240 + "1" + "]" * 240, 480),
    "cases": ("CASE WHEN true THEN " * 240 + "1" + " END" * 240, 480),
    "selects": ("(SELECT " * 150 + "1" + ")" * 150, 300),
    "a CTE in a CTE": ("(" + "WITH a AS (" * 100 + "SELECT 1" + ") SELECT * FROM a" * 100 + ")", 100),
}


@pytest.mark.parametrize("name", DEEP)
def test_any_depth_within_the_limit_passes_and_any_beyond_it_is_too_large(name: str) -> None:
    text, depth = DEEP[name]
    _gate().check(f"SELECT {text}", ())
    with pytest.raises(TooLarge):
        _gate(limits=Limits(sql_depth=depth - 10)).check(f"SELECT {text}", ())


def test_a_text_of_the_longest_length_passes_and_one_more_byte_is_too_large() -> None:
    gate = _gate(limits=Limits(sql_bytes=40))
    sql = "SELECT '" + "数" * 10 + "'"
    gate.check(sql + " ", ())
    with pytest.raises(TooLarge):
        gate.check(sql + "  ", ())


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM " + "(SELECT * FROM " * 600 + "(SELECT 1) a" + ")a" * 600,
        "WITH a AS (" * 400 + "SELECT 1" + ") SELECT * FROM a" * 400,
        "SELECT 1 IN (" + "1," * 120_000 + "1)",
    ],
    ids=["tables", "CTEs", "wide"],
)
def test_a_tree_that_no_limit_allows_is_too_large_and_not_a_crash(sql: str) -> None:
    with pytest.raises(TooLarge):
        _gate(limits=Limits(sql_depth=1 << 40)).check(sql, ())


@pytest.mark.parametrize(
    "sql", ["SELECT " + "(" * 3000 + "1" + ")" * 3000, "SELECT " + "1 + (" * 900 + "1" + ")" * 900]
)
def test_what_is_too_deep_for_the_engine_is_refused_and_not_a_crash(sql: str) -> None:
    with pytest.raises(Refused):
        _gate().check(sql, ())


def test_a_plan_costs_a_few_milliseconds() -> None:
    sql = "WITH a AS (SELECT * FROM v) " + " UNION ALL ".join(
        f"SELECT k, count(*) AS n, sum(x) AS t FROM a WHERE u = {i} GROUP BY k HAVING count(*) > 5" for i in range(20)
    )
    _gate().check(sql, ("v",))
    start = time.process_time()
    _gate().check(sql, ("v",))
    assert time.process_time() - start < 0.1


@pytest.mark.parametrize(
    ("sql", "limits"),
    [("SELECT " + "1 + " * 60 + "1", Limits(sql_depth=60)), ("SELECT '" + "x" * 200 + "' AS a", Limits(sql_bytes=200))],
    ids=["depth", "length"],
)
def test_a_plan_beyond_the_limits_of_a_text_has_a_code_of_its_own(run: Run, sql: str, limits: Limits) -> None:
    answer = run("SELECT 1 AS a", steps=(Step(table="t", sql=sql),), limits=limits)
    assert (answer.code, answer.step) == ("limit-sql", "t")


def test_a_refused_text_among_good_ones_is_the_one_that_is_named(run: Run) -> None:
    good, bad = Step(table="a", sql="SELECT g FROM v"), Step(table="b", sql="SELECT getenv('HOME') AS h FROM a")
    refused = run("SELECT * FROM b", steps=(good, bad))
    assert (refused.code, refused.step) == ("guard-refused", "b")
    assert not any(stage.startswith("step:") for stage in refused.usage.stages)


@pytest.mark.parametrize(("sql", "code"), [("SELECT count(*) AS n", None), ("SELECT version() AS n", "guard-refused")])
def test_texts_that_are_long_together_are_each_held_against_the_gate(run: Run, sql: str, code: str | None) -> None:
    steps = tuple(Step(table=f"s{n}", sql=f"SELECT g FROM v /* {'x' * 40_000} */") for n in range(3))
    assert run(f"{sql} FROM s2", steps=steps).code == code
