"""Attacks that ask the engine about itself and about the files under its views: settings, catalogs, statistics.

They need no file but those of the plan and change nothing, so that no wall but the gate can stop them.
"""

from __future__ import annotations

from sandbox.confine import GATE, SECURE_VIEWS
from tests.sandbox.attacks.aftermath import Sign, answered, shows
from tests.sandbox.attacks.attack import REFUSED, Attack, Sql

_PATH, _HIDDEN = shows("<source>"), shows("hidden 1")
_ASKED: dict[str, tuple[str, Sign]] = {
    # settings
    "current_setting": ("SELECT current_setting('allowed_paths')::VARCHAR AS x", _PATH),
    "duckdb_settings": ("SELECT value FROM duckdb_settings() WHERE name = 'allowed_paths'", _PATH),
    "spill folder": ("SELECT value FROM duckdb_settings() WHERE name = 'temp_directory'", shows("<scratch>")),
    "pg_settings": ("SELECT setting FROM pg_catalog.pg_settings", _PATH),
    "engine version": ("SELECT version() AS x", shows("v2")),
    "pragma_version": ("SELECT * FROM pragma_version()", shows("v2")),
    "pragma_platform": ("SELECT * FROM pragma_platform()", shows("linux")),
    "pragma_user_agent": ("SELECT * FROM pragma_user_agent()", shows("duckdb")),
    "external resources": ("SELECT count(*) FROM duckdb_external_resources()", answered),
    "connections": ("SELECT * FROM duckdb_connection_count()", answered),
    "file cache": ("SELECT count(*) FROM duckdb_external_file_cache()", answered),
    "profiling": ("SELECT count(*) FROM duckdb_profiling_settings()", answered),
    "secrets": ("SELECT count(*) FROM duckdb_secrets()", answered),
    "variables": ("SELECT count(*) FROM duckdb_variables()", answered),
    "one variable": ("SELECT getvariable('x') AS x", answered),
    "memory in use": ("SELECT tag, memory_usage_bytes FROM duckdb_memory()", shows("PARQUET_READER")),
    "temporary files": ("SELECT * FROM duckdb_temporary_files()", answered),
    "logs": ("SELECT count(*) FROM duckdb_logs", answered),
    "prepared statements": ("SELECT count(*) FROM duckdb_prepared_statements()", answered),
    "optimizers": ("SELECT * FROM duckdb_optimizers()", shows("filter_pushdown")),
    # session
    "user": ("SELECT current_user AS x", shows("duckdb")),
    "session user": ("SELECT session_user AS x", shows("duckdb")),
    "user behind a no-break space": ("SELECT current_user\u00a0", shows("duckdb")),
    "name of the database": ("SELECT current_database() AS x", shows("memory")),
    "catalog name": ("SELECT current_catalog AS x", shows("memory")),
    "name of the schema": ("SELECT current_schema AS x", shows("main")),
    "schemas": ("SELECT current_schemas(true)::VARCHAR AS x", shows("pg_catalog")),
    "whether in the search path": ("SELECT in_search_path('memory', 'main') AS x", shows("True")),
    "query text": ("SELECT current_query() AS x", shows("COPY")),
    "number of the transaction": ("SELECT txid_current() AS x", answered),
    "clock": ("SELECT now()::VARCHAR AS x", shows("20")),
    "clock as a word": ("SELECT current_timestamp::VARCHAR AS x", shows("20")),
    "chance": ("SELECT random() AS x", answered),
    "identifiers": ("SELECT uuid()::VARCHAR AS x", answered),
    "seed": ("SELECT setseed(0.5)::VARCHAR AS x", answered),
    # catalogs
    "views with their text": ("SELECT sql FROM duckdb_views() WHERE view_name = 'v'", _PATH),
    "sqlite_master": ("SELECT sql FROM sqlite_master", _PATH),
    "sqlite_master behind a no-break space": (
        'WITH "sqlite_master\u00a0" AS (SELECT 1) SELECT * FROM sqlite_master\u00a0',
        _PATH,
    ),
    "pg_views": ("SELECT definition FROM pg_catalog.pg_views", _PATH),
    "pg_class": ("SELECT relname FROM pg_catalog.pg_class", shows("'v'")),
    "information schema": ("SELECT table_name FROM information_schema.tables", shows("'v'")),
    "columns of the information schema": ("SELECT column_name FROM information_schema.columns", shows("'s'")),
    "duckdb_columns": ("SELECT column_name FROM duckdb_columns()", shows("'s'")),
    "duckdb_tables": ("SELECT count(*) FROM duckdb_tables()", answered),
    "duckdb_databases": ("SELECT database_name FROM duckdb_databases()", shows("memory")),
    "pragma_database_list": ("SELECT name FROM pragma_database_list", shows("memory")),
    "database size": ("SELECT database_name FROM pragma_database_size()", shows("memory")),
    "triggers": ("SELECT count(*) FROM duckdb_triggers()", answered),
    "duckdb_schemas": ("SELECT schema_name FROM duckdb_schemas()", shows("information_schema")),
    "duckdb_functions": ("SELECT function_name FROM duckdb_functions()", shows("read_text")),
    "duckdb_types": ("SELECT type_name FROM duckdb_types()", shows("varchar")),
    "duckdb_constraints": ("SELECT count(*) FROM duckdb_constraints()", answered),
    "duckdb_dependencies": ("SELECT count(*) FROM duckdb_dependencies()", answered),
    "duckdb_sequences": ("SELECT count(*) FROM duckdb_sequences()", answered),
    "pragma_table_info": ("SELECT name FROM pragma_table_info('v')", shows("'s'")),
    "pragma_show": ("SELECT column_name FROM pragma_show('v')", shows("'s'")),
    "show all": ("SELECT * FROM (SHOW ALL TABLES)", shows("'v'")),
    "show": ("SELECT * FROM (SHOW TABLES)", shows("'v'")),
    "describe": ("SELECT * FROM (DESCRIBE v)", shows("INTEGER")),
    "summarize": ("SELECT * FROM (SUMMARIZE v)", shows("699")),
    "qualified": ("SELECT * FROM memory.main.v", answered),
    "qualified twice": ("SELECT * FROM main.v", answered),
    "has_table_privilege": ("SELECT has_table_privilege('v', 'SELECT') AS x", answered),
    "description": ("SELECT obj_description(1, 'pg_class') AS x", answered),
    # the file under the view, which engine and walls must let the plan read
    "hidden column": ("SELECT h FROM read_parquet('<source>')", _HIDDEN),
    "hidden column by the file's name": ("SELECT h FROM '<source>'", _HIDDEN),
    "hidden column by scan": ("SELECT h FROM parquet_scan('<source>')", _HIDDEN),
    "hidden column by list": ("SELECT h FROM read_parquet(['<source>', '<source>'])", _HIDDEN),
    "hidden column behind a recursive name": (
        'WITH RECURSIVE "<source>" AS (FROM "<source>" UNION FROM "<source>") FROM "<source>"',
        _HIDDEN,
    ),
    "hidden column behind a recursive key": (
        'WITH RECURSIVE "<source>" USING KEY (i) AS (FROM "<source>" UNION FROM "<source>") FROM "<source>"',
        _HIDDEN,
    ),
    "bytes of the file": ("SELECT content FROM read_blob('<source>')", shows("PAR1")),
    "size of the file": ("SELECT size FROM read_blob('<source>')", answered),
    "name of the file": ("SELECT file FROM glob('<source>')", _PATH),
    "schema of the file": ("SELECT name FROM parquet_schema('<source>')", shows("'h'")),
    "statistics of the file": ("SELECT stats_max FROM parquet_metadata('<source>')", shows("hidden 99")),
    "metadata of the file": ("SELECT created_by FROM parquet_file_metadata('<source>')", shows("DuckDB")),
    "keys of the file": ("SELECT count(*) FROM parquet_kv_metadata('<source>')", answered),
    "bloom filters of the file": ("SELECT count(*) FROM parquet_bloom_probe('<source>', 'i', 1)", answered),
    "all metadata of the file": ("SELECT count(*) FROM parquet_full_metadata('<source>')", answered),
}
# An error would tell of rows that w hides. Not even through a plain view has one been got, as views filter now.
_PRYING = {
    "a division by a hidden value": "SELECT count(*) AS n FROM w WHERE 1 % (699 - i) >= 0",
    "a cast of a hidden value": "SELECT count(*) AS n FROM w WHERE CASE WHEN g = 6 THEN s ELSE '1' END::INTEGER = 1",
    "a join with a hidden value": (
        "SELECT count(*) AS n FROM w JOIN (SELECT 699 AS k) AS q ON CASE WHEN i = k THEN s::INTEGER = 1 ELSE false END"
    ),
}


def _asked(name: str, sql: str, sign: Sign) -> Attack:
    return Attack(name=name, how=Sql(sql=sql), walls={GATE: REFUSED}, through=sign)


ATTACKS = (
    *(_asked(name, *row) for name, row in _ASKED.items()),
    # The view w hides the rows with g = 6, the last of which is i = 699.
    Attack(
        name="statistics of hidden rows",
        how=Sql(sql="SELECT stats(i)::VARCHAR AS x FROM w LIMIT 1"),
        walls={GATE: REFUSED, SECURE_VIEWS: "ok"},
        through=shows("699"),
    ),
    *(Attack(name=name, how=Sql(sql=sql), ends="ok") for name, sql in _PRYING.items()),
)
