"""Attacks whose statement has the type SELECT and yet changes something: common table expressions that write."""

from __future__ import annotations

from sandbox.confine import GATE, LANDLOCK, LOCK, OWN_ROOT, OWN_USER
from tests.sandbox.attacks.aftermath import Sign, changes, shows
from tests.sandbox.attacks.attack import FAILED, REFUSED, Attack, Sql, stacked

# Alone it is a query; within the statement of a step or an export the engine wants it at the top, so it breaks out.
_WRITES: dict[str, tuple[str, str, Sign]] = {
    "insert": ("INSERT INTO t0 VALUES (4242) RETURNING x", "SELECT x FROM t0", shows("4242")),
    "update": ("UPDATE t0 SET x = 4242 RETURNING x", "SELECT x FROM t0", shows("4242")),
    "delete": ("DELETE FROM t0 RETURNING x", "SELECT count(*) + 4242 AS n FROM t0", shows("4242")),
    "copy": ("COPY v TO '<scratch>/out.parquet'", "SELECT 4242 AS x", shows("4242")),
}
_OVER = "TO '<source>' (FORMAT parquet, USE_TMP_FILE false)"
_OUTSIDE = {GATE: REFUSED, LOCK: FAILED, LANDLOCK: FAILED, OWN_ROOT: FAILED}
_OVERWRITTEN = {GATE: REFUSED, LANDLOCK: FAILED, OWN_ROOT: FAILED, OWN_USER: FAILED}

ATTACKS = (
    *(
        Attack(
            name=f"{name} as a query",
            how=Sql(steps=("SELECT 1 AS x",), sql=f"WITH c AS ({statement}) SELECT 1 AS x"),
            ends=REFUSED,
        )
        for name, (statement, _, _) in _WRITES.items()
    ),
    *(
        Attack(
            name=f"{name} as a query that breaks out",
            how=Sql(steps=("SELECT 1 AS x", stacked(f"WITH c AS ({statement}) SELECT 1 AS x")), sql=export),
            walls={GATE: REFUSED},
            through=sign,
        )
        for name, (statement, export, sign) in _WRITES.items()
    ),
    Attack(
        name="copy outside in a query",
        how=Sql(steps=(stacked("WITH c AS (COPY v TO '<outside>/copied.csv') SELECT 1 AS x"),)),
        walls=_OUTSIDE,
        through=changes("outside"),
    ),
    Attack(
        name="copy over the source in a query",
        how=Sql(steps=(stacked(f"WITH c AS (COPY (SELECT 1 AS i) {_OVER}) SELECT 1 AS x"),)),
        walls=_OVERWRITTEN,
        through=changes("source"),
    ),
)
