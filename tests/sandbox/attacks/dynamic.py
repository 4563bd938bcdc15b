"""Attacks by another way to say it: SQL in a string, statements within queries, calls that do not look like calls."""

from __future__ import annotations

from sandbox.confine import GATE
from tests.sandbox.attacks.aftermath import Sign, answered, shows
from tests.sandbox.attacks.attack import REFUSED, Attack, Sql

_HIDDEN, _FAKE = shows("hidden 1"), shows("4242")
_CALLED: dict[str, tuple[str, Sign]] = {
    # SQL in a string
    "query": ("SELECT h FROM query('FROM ''<source>''')", _HIDDEN),
    "query_table": ("SELECT h FROM query_table('<source>')", _HIDDEN),
    "query_table of a list": ("SELECT max(i) AS m FROM query_table(['v', 'w'])", answered),
    "serialized": (
        "FROM json_execute_serialized_sql(json_serialize_sql('SELECT h FROM ''<source>'''))",
        _HIDDEN,
    ),
    "serializing": ("SELECT json_serialize_sql('SELECT 4242')::VARCHAR AS x", _FAKE),
    "plan of a text": ("SELECT json_serialize_plan('SELECT 4242')::VARCHAR AS x", answered),
    "deserializing": ("SELECT json_deserialize_sql(json_serialize_sql('SELECT 4242')) AS x", _FAKE),
    "aggregate by name": ("SELECT list_aggregate([4242], 'max') AS x", _FAKE),
    "reduce": ("SELECT list_reduce([4242], lambda a, b: a) AS x", _FAKE),
    "comprehension": ("SELECT [x + 4241 FOR x IN [1]] AS x", _FAKE),
    # calls in disguise
    "method": ("SELECT 'allowed_paths'.current_setting()::VARCHAR AS x", shows("<source>")),
    "method of a column": ("SELECT s.md5() AS x FROM v LIMIT 1", answered),
    "qualified function": ("SELECT main.upper('a4242') AS x", _FAKE),
    "doubly qualified function": ("SELECT system.main.upper('a4242') AS x", _FAKE),
    "quoted function": ("SELECT \"current_setting\"('allowed_paths')::VARCHAR AS x", shows("<source>")),
    "unlisted function": ("SELECT md5(s) AS x FROM v", answered),
    "unlisted window function": ("SELECT lag(i) OVER (ORDER BY i) AS x FROM v", answered),
    "unlisted function in an order": ("SELECT i FROM v ORDER BY md5(s)", answered),
    "unlisted function in a frame": (
        "SELECT sum(i) OVER (ORDER BY i ROWS abs(-1) PRECEDING) AS x FROM v",
        answered,
    ),
    "unlisted function in a lateral join": (
        "SELECT h.x FROM v, LATERAL (SELECT md5(s) AS x) AS h",
        answered,
    ),
    "comparison by name": ('SELECT "="(4242, 4242)::VARCHAR AS x', shows("true")),
    "columns by pattern": ("SELECT COLUMNS(lambda c: c = 'i') FROM v", answered),
    # other statements that look like a query
    "pivot of a table": ("FROM v PIVOT (count(*) FOR g IN (1, 2))", answered),
    "unpivot": ("FROM v UNPIVOT (x FOR y IN (i, g))", answered),
    "sample": ("SELECT * FROM v USING SAMPLE 10", answered),
    "tablesample": ("SELECT * FROM v TABLESAMPLE reservoir(3 ROWS) REPEATABLE (7)", answered),
    "variant": ("SELECT {'a': 4242}::VARIANT::VARCHAR AS x", _FAKE),
    "histogram": ("SELECT count(*) AS n FROM histogram_values('v', 'g')", answered),
    "row numbers of a step": ("SELECT rowid + 4242 AS x FROM t0", _FAKE),
}
_TEXTS = {
    "parameter": "SELECT ? AS x",
    "numbered parameter": "SELECT $1 AS x",
    "named parameter": "SELECT $x AS x",
    "two statements": "SELECT 1; SELECT 2",
    "nothing": "--",
    "not SQL": "'; --",
    "comment that swallows the end": "SELECT 1 AS x --",
    "open comment": "SELECT 1 AS x /*",
    "open string": "SELECT 'x",
    "open quote": 'SELECT "x',
    "open dollar quote": "SELECT $a$x",
    "closing bracket": "SELECT 1 AS x)",
    "other target": "SELECT 1 AS x) TO '<outside>/x' (FORMAT csv); --",
    "byte order mark": "\ufeffSELECT current_user",
    "template": "SELECT {{ x }}",
    "pipe": "FROM v |> SELECT i",
    "into": "SELECT 1 INTO x",
    "for update": "SELECT i FROM v FOR UPDATE",
    "connect": "CONNECT 'quack:x'",
}
_HARMLESS = {"comment that swallows the end": "ok", "byte order mark": "guard-refused"}

ATTACKS = (
    *(
        Attack(name=name, how=Sql(steps=("SELECT 1 AS x",), sql=sql), walls={GATE: REFUSED}, through=sign)
        for name, (sql, sign) in _CALLED.items()
    ),
    *(Attack(name=name, how=Sql(sql=sql), ends=_HARMLESS.get(name, REFUSED)) for name, sql in _TEXTS.items()),
)
