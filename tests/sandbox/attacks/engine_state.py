"""Attacks that change the engine for the texts that follow: settings, variables, macros, views, schemas, statements.

Each ends its own statement to slip another one in. What the engine still allows when it is locked, the gate alone
stops; what it does not, either of both.
"""

from __future__ import annotations

from sandbox.confine import GATE, LOCK
from tests.sandbox.attacks.aftermath import Sign, answered, shows
from tests.sandbox.attacks.attack import FAILED, REFUSED, Attack, Sql, stacked

_V = "SELECT max(i) AS m FROM v"
_FAKE, _HIDDEN = shows("4242"), shows("hidden 1")
_ALLOWED: dict[str, tuple[str, str, Sign]] = {
    # views, tables and functions that take the place of others
    "temp view shadows": ("CREATE OR REPLACE TEMP VIEW v AS (SELECT 4242 AS i)", _V, _FAKE),
    "temp table shadows": ("CREATE TEMP TABLE v AS SELECT 4242 AS i", _V, _FAKE),
    "view replaced": ("CREATE OR REPLACE VIEW v AS SELECT 4242 AS i", _V, _FAKE),
    "view replaced by its file": (
        "CREATE OR REPLACE VIEW v AS FROM read_parquet('<source>')",
        "SELECT h AS x FROM v LIMIT 2",
        _HIDDEN,
    ),
    "filter lifted": (
        "CREATE OR REPLACE VIEW w AS FROM read_parquet('<source>')",
        "SELECT max(i) AS m FROM w",
        shows("699"),
    ),
    "view dropped": ("DROP VIEW v; CREATE VIEW v AS SELECT 4242 AS i", _V, _FAKE),
    "view renamed": ("ALTER VIEW v RENAME TO u; CREATE VIEW v AS SELECT 4242 AS i", _V, _FAKE),
    "macro for a function": ("CREATE MACRO upper(x) AS '4242'", "SELECT upper('a') AS x", _FAKE),
    "temp macro for a function": ("CREATE TEMP MACRO length(x) AS 4242", "SELECT length('a') AS x", _FAKE),
    "macro for an operator": ('CREATE MACRO "+"(a, b) AS 4242', "SELECT 1 + 1 AS x", _FAKE),
    "table macro": ("CREATE MACRO peek() AS TABLE FROM '<source>'", "SELECT h AS x FROM peek()", _HIDDEN),
    "schema": ("CREATE SCHEMA s; CREATE VIEW s.v AS SELECT 4242 AS i; SET search_path = 's'", _V, _FAKE),
    "search path": (
        "ATTACH ':memory:' AS m; CREATE VIEW m.v AS SELECT 4242 AS i; SET search_path = 'm,memory'",
        _V,
        _FAKE,
    ),
    "use": ("ATTACH ':memory:' AS m; CREATE VIEW m.v AS SELECT 4242 AS i; USE m", _V, _FAKE),
    "default schema": ("CREATE SCHEMA s; CREATE VIEW s.v AS SELECT 4242 AS i; SET schema = 's'", _V, _FAKE),
    "step altered": (
        "CREATE OR REPLACE TEMP TABLE t0 AS SELECT 4242 AS x; ALTER TABLE t0 ADD COLUMN y INTEGER",
        "SELECT x FROM t0",
        _FAKE,
    ),
    "step updated": ("UPDATE t0 SET x = 4242", "SELECT x FROM t0", _FAKE),
    "step filled": ("INSERT INTO t0 VALUES (4242)", "SELECT x FROM t0", _FAKE),
    "step emptied": ("DELETE FROM t0", "SELECT count(*) + 4242 AS n FROM t0", _FAKE),
    "step truncated": ("TRUNCATE t0", "SELECT count(*) + 4242 AS n FROM t0", _FAKE),
    "step merged": (
        "MERGE INTO t0 USING (SELECT 1 AS k) AS q ON t0.x = q.k WHEN MATCHED THEN UPDATE SET x = 4242",
        "SELECT x FROM t0",
        _FAKE,
    ),
    "trigger": (
        "CREATE TABLE a AS SELECT 1 AS x; CREATE TABLE b AS SELECT 1 AS x; "  # noqa: ISC004 - one text
        "CREATE TRIGGER r AFTER INSERT ON a FOR EACH STATEMENT UPDATE b SET x = 4242; INSERT INTO a VALUES (1)",
        "SELECT x FROM b",
        _FAKE,
    ),
    "type": ("CREATE TYPE number AS INTEGER", "SELECT 4242::number AS x", _FAKE),
    "enumeration of values": ("CREATE TYPE e AS ENUM (SELECT s FROM v)", "SELECT 1 AS x", answered),
    "sequence": ("CREATE SEQUENCE s START 4242", "SELECT nextval('s') AS x", shows("424")),
    "comment": ("COMMENT ON VIEW v IS '4242'", "SELECT comment AS x FROM duckdb_views()", _FAKE),
    "index": ("CREATE INDEX n ON t0 (x)", "SELECT 1 AS x", answered),
    # what stays from text to text
    "variable": ("SET VARIABLE x = 4242", "SELECT getvariable('x') AS x", _FAKE),
    "variable of hidden values": (
        "SET VARIABLE x = (SELECT max(h) FROM '<source>')",
        "SELECT getvariable('x') AS x",
        shows("hidden 99"),
    ),
    "prepared statement": (
        "PREPARE p AS SELECT 4242 AS x",
        "SELECT statement AS x FROM duckdb_prepared_statements()",
        _FAKE,
    ),
    "executed statement": ("PREPARE p AS INSERT INTO t0 VALUES (4242); EXECUTE p", "SELECT x FROM t0", _FAKE),
    "executed with a parameter": (
        "PREPARE p AS INSERT INTO t0 VALUES ($1); EXECUTE p(4242)",
        "SELECT x FROM t0",
        _FAKE,
    ),
    "transaction": ("BEGIN", "SELECT 4242 AS x", _FAKE),
    "rolled back": ("BEGIN; CREATE TABLE z AS SELECT 1; ROLLBACK", "SELECT 4242 AS x", _FAKE),
    "attached memory": ("ATTACH ':memory:' AS m", "SELECT database_name AS x FROM duckdb_databases()", shows("'m'")),
    "detached": ("ATTACH ':memory:' AS m; DETACH m", "SELECT 4242 AS x", _FAKE),
    "checkpoint": ("CHECKPOINT", "SELECT 4242 AS x", _FAKE),
    "vacuum": ("VACUUM", "SELECT 4242 AS x", _FAKE),
    "analyze": ("ANALYZE", "SELECT 4242 AS x", _FAKE),
    "explain": ("EXPLAIN ANALYZE SELECT count(*) FROM v", "SELECT 4242 AS x", _FAKE),
    "call": ("CALL pragma_version()", "SELECT 4242 AS x", _FAKE),
    "secret made": (
        "CREATE SECRET a (TYPE http, BEARER_TOKEN '4242')",
        "SELECT name || '4242' AS x FROM duckdb_secrets()",
        _FAKE,
    ),
    "log": ("CALL truncate_duckdb_logs()", "SELECT 4242 AS x", _FAKE),
}
_SETTINGS = {
    "memory limit": ("SET memory_limit = '64GB'", "memory_limit", "59.6 GiB"),
    "threads": ("SET threads = 64", "threads", "64"),
    "spill folder": ("SET temp_directory = '<outside>'", "temp_directory", "<outside>"),
    "spill size": ("SET max_temp_directory_size = '9TB'", "max_temp_directory_size", "8.1 TiB"),
    "expression depth": ("SET max_expression_depth = 100000", "max_expression_depth", "100000"),
    "allowed paths": ("SET allowed_paths = ['<secret>']", "allowed_paths", "<secret>"),
    "allowed folders": ("SET allowed_directories = ['/']", "allowed_directories", "[/]"),
    "secret folder": ("SET secret_directory = '<outside>'", "secret_directory", "<outside>"),
    "home folder": ("SET home_directory = '<outside>'", "home_directory", "<outside>"),
    "extension folder": ("SET extension_directory = '<outside>'", "extension_directory", "<outside>"),
    "autoloading": ("SET autoload_known_extensions = true", "autoload_known_extensions", "true"),
    "reset": ("RESET memory_limit", "memory_limit", "GiB"),
    "pragma": ("PRAGMA max_expression_depth = 4242", "max_expression_depth", "4242"),
    "session setting": ("SET SESSION errors_as_json = true", "errors_as_json", "true"),
    "global setting": ("SET GLOBAL default_null_order = 'nulls_first'", "default_null_order", "NULLS_FIRST"),
    "progress bar": ("PRAGMA disable_progress_bar", "enable_progress_bar", "false"),
    "profile file": ("SET profiling_output = '<outside>/profile'", "profiling_output", "<outside>"),
    "python objects": ("SET python_enable_replacements = true", "python_enable_replacements", "true"),
    "time zone": ("SET TimeZone = 'Asia/Shanghai'", "TimeZone", "Asia/Shanghai"),
    "disabled optimizers": ("SET disabled_optimizers = 'filter_pushdown'", "disabled_optimizers", "filter_pushdown"),
}


def _allowed(name: str, statement: str, export: str, sign: Sign) -> Attack:
    steps = ("SELECT 1 AS x", stacked(statement))
    return Attack(name=name, how=Sql(steps=steps, sql=export), walls={GATE: REFUSED}, through=sign)


def _setting(name: str, statement: str, setting: str, value: str) -> Attack:
    return Attack(
        name=f"set {name}",
        how=Sql(steps=(stacked(statement),), sql=f"SELECT current_setting('{setting}')::VARCHAR AS x"),
        walls={GATE: REFUSED, LOCK: FAILED},
        through=shows(value),
    )


ATTACKS = (
    *(_allowed(name, *row) for name, row in _ALLOWED.items()),
    *(_setting(name, *row) for name, row in _SETTINGS.items()),
)
