"""Attacks that make the engine crash, known from other places or found by the fuzzer of this project.

A crash kills one confined process: it is contained, and the answer says "child-died". The gate is before it.
"""

from __future__ import annotations

from sandbox.confine import GATE
from tests.sandbox.attacks.aftermath import ends
from tests.sandbox.attacks.attack import DIED, FAILED, REFUSED, Attack, Sql, stacked

_CRASHERS = {
    "nested VARIANT": "SELECT (repeat('[', 100000) || repeat(']', 100000))::JSON::VARIANT::VARCHAR AS x",
    "distinct structs": "SELECT \"IS DISTINCT FROM\"({'a': 1}, 1) AS x",
    "indistinct structs": "SELECT \"IS NOT DISTINCT FROM\"({'a': 1}, 1) AS x",
    "equal structs": "SELECT \"=\"({'a': 1}, 1) AS x",
    "pivot in an export": "PIVOT v ON g USING count(*)",
}
# Found by the fuzzer. What the gate has no reason to refuse kills its own process and nothing else.
_CONTAINED = {
    "grouping by tuples of arrays": "SELECT DISTINCT [([1, 2, i]::INTEGER[3], 1.0)] AS x FROM v",
    "grouping by zipped arrays": "SELECT count(*) AS n FROM v GROUP BY list_zip([[1, 2, i]::INTEGER[3]], [1.0])",
}
# Known from other versions or likely: here the engine says no.
_SURVIVED = {
    "pointer to a frame": "SELECT * FROM pandas_scan(1)",
    "pointer to a stream": "SELECT * FROM arrow_scan(1, 1, 1)",
    "pointer to a function": "SELECT * FROM python_map_function(1, 1, 1)",
    "state that is none": "SELECT finalize('x'::BLOB)",
    "endless macro": "SELECT upper(upper('x')) FROM (SELECT * FROM seq_scan())",
    "type of 5000 levels": "SELECT NULL::INT" + "[]" * 5000 + " AS x",
}
_SURVIVED_STACKED = {
    "macros in a circle": "CREATE MACRO a(x) AS b(x); CREATE MACRO b(x) AS a(x); SELECT a(1)",
    "log in a file that is not to be": "CALL enable_logging(storage = 'file')",
}

ATTACKS = (
    *(
        Attack(
            name=n,
            how=Sql(sql=sql, functions=("repeat",)),
            walls={GATE: REFUSED},
            through=ends(DIED),
        )
        for n, sql in _CRASHERS.items()
    ),
    *(Attack(name=n, how=Sql(sql=sql, functions=("list_zip",)), ends=f"{DIED}|ok") for n, sql in _CONTAINED.items()),
    *(
        Attack(name=n, how=Sql(sql=sql), walls={GATE: REFUSED}, through=ends(FAILED, DIED))
        for n, sql in _SURVIVED.items()
    ),
    *(
        Attack(name=n, how=Sql(steps=(stacked(sql),)), walls={GATE: REFUSED}, through=ends(FAILED, DIED))
        for n, sql in _SURVIVED_STACKED.items()
    ),
)
