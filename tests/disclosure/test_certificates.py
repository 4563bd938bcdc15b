"""Are decisions by bounds the exact ones? Random cells against arithmetic in fractions, that knows no bucket."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import Any

import duckdb
import pytest

from app.domain.rules import LevelRule
from app.domain.values import Bilingual, Dataset, DatasetKind, Field, Level, Unit
from app.query import certificates
from app.query.evidence import FrontierSql
from app.query.plan import make_plan
from app.workflow import authorize
from tests.sql.pipeline import ENGINE, Pipeline

FIELDS = {
    "person_id": "UINTEGER",
    "firm_id": "UINTEGER",
    "zone": "INTEGER",
    "amount": "INTEGER",
    "money": "DECIMAL(12,2)",
    "heat": "DOUBLE",
    "flag": "BOOLEAN",
    "code": "INTEGER",
}
UNITS = {"visit": ("person_id",), "job": ("person_id", "firm_id")}
Row = dict[str, Any]
Contribution = Callable[[Row], Any]


@dataclass(frozen=True)
class Asked:
    """A measure: what a row adds (None: it does not contribute), and whether single units may dominate it."""

    sql: str
    of: Contribution
    is_sum: bool = False
    cancels: bool = False


def _nonzero(value: Any) -> Any:
    return value or None


MEASURES = [
    Asked("count(*)", lambda _: 1),
    Asked("count(money)", lambda r: 1 if r["money"] is not None else None),
    Asked("count(distinct code)", lambda r: 1 if r["code"] is not None else None),
    Asked("count_if(flag)", lambda r: 1 if r["flag"] else None),
    Asked("sum(amount)", lambda r: _nonzero(r["amount"]), is_sum=True, cancels=True),
    Asked("sum(heat)", lambda r: _nonzero(r["heat"]), is_sum=True, cancels=True),
    Asked("avg(money)", lambda r: _nonzero(r["money"]), is_sum=True),
    Asked("stddev(heat)", lambda r: _nonzero(r["heat"]), is_sum=True),
    Asked("count(*) filter (where amount > 0)", lambda r: 1 if (r["amount"] or 0) > 0 else None),
    Asked("sum(money) filter (where flag)", lambda r: _nonzero(r["money"]) if r["flag"] else None, True, True),
]
"""In the order in which a plan numbers them: those with a FILTER stand deeper in the tree, so they come last."""
SETS = {
    "all": MEASURES,
    "with parts": [m for m in MEASURES if "distinct" not in m.sql and "stddev" not in m.sql],
    "one": MEASURES[4:5],
}


def _row(r: random.Random) -> Row:
    """Zones differ in how many units they have, and in whether one of them has most of it."""
    zone = r.randrange(16)
    person = r.randrange(3 + zone * zone) if r.random() < 0.9 else 7000 + zone
    heavy = person >= 7000 and zone % 3 == 0
    sign = -1 if zone % 4 == 1 and r.random() < 0.5 else 1
    amount = r.choice((None, 0, 1, 10, 10, r.randrange(100))) if not heavy else r.choice((10, 100, 1000))
    return {
        "person_id": None if r.random() < 0.03 else person,
        "firm_id": None if r.random() < 0.03 else r.randrange(2 + 3 * zone),
        "zone": None if zone == 15 else zone,
        "amount": amount if amount is None else sign * amount,
        "money": r.choice((None, Decimal(0), Decimal(sign * (r.randrange(10000) * (50 if heavy else 1))) / 100)),
        "heat": r.choice((None, 0.0, sign * r.lognormvariate(0, 2 if heavy else 0.7))),
        "flag": r.choice((None, True, True, False)),
        "code": r.choice((None, *range(20))),
    }


def rows_of(seed: int, count: int) -> list[Row]:
    """Rows, some of them twice, and in one zone units whose rows cancel."""
    r = random.Random(seed)
    rows = [_row(r) for _ in range(count)]
    rows += [dict(row) for row in r.sample(rows, count // 20)]
    for row in [row for row in rows if row["zone"] == 13]:
        rows.append(row | {n: -row[n] if row[n] is not None else None for n in ("amount", "money", "heat")})
    return rows


def dataset(name: str) -> Dataset:
    """A mounted table with one or two columns of units."""
    return Dataset(
        name=name,
        code="1/01/001/0001",
        kind=DatasetKind.PUBLIC,
        provider="bureau",
        title=Bilingual(zh=name, en=name),
        fields=tuple(
            Field(
                name=n,
                type=t,
                level=Level.L3 if n.endswith("_id") else Level.L2,
                label=Bilingual(zh=n, en=n),
                identifier=n.removesuffix("_id") if n.endswith("_id") else None,
            )
            for n, t in FIELDS.items()
        ),
        units=tuple(Unit(type=c.removesuffix("_id"), column=c, tag=f"__tag_{c}") for c in UNITS[name]),
        version="0" * 64,
        path=f"/vault/{name}",
        rows=1,
    )


def _tag(value: int | None, seed: str) -> int | None:
    return None if value is None else random.Random(f"{seed}/{value}").getrandbits(64)


@pytest.fixture(scope="module", params=[1, 2])
def world(request: pytest.FixtureRequest) -> tuple[Pipeline, list[Row]]:
    rows, connection = rows_of(request.param, 5000), duckdb.connect(config={"threads": 2})
    for table, columns in UNITS.items():
        hidden = [f"__tag_{c}" for c in columns]
        declared = [f"{n} {t}" for n, t in FIELDS.items()] + [f"{h} UBIGINT" for h in hidden]
        connection.execute(f"CREATE TABLE {table} ({', '.join(declared)})")
        values = [[*row.values(), *(_tag(row[c], f"{request.param}{c}") for c in columns)] for row in rows]
        connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(declared))})", values)
    return Pipeline(connection, tuple(dataset(t) for t in UNITS)), rows


def rule(
    k: int, share: float | None = None, p: float | None = None, top: tuple[tuple[int, float], ...] = ()
) -> LevelRule:
    """A rule with these numbers."""
    return LevelRule(
        level=Level.L2,
        contributors=k,
        largest_share=share,
        p_percent=p,
        rounding_base=None,
        reviewers=1,
        top_shares=top,
    )


RULES = [
    rule(2),
    rule(5, 0.7),
    rule(10, 0.6, 10),
    rule(20, 0.3, 40),
    rule(3, None, 15),
    rule(4, 0.9, None, ((2, 0.5), (5, 0.7))),
    rule(4, None, None, ((3, 0.4),)),
]


def decided(pipeline: Pipeline, sql: str, of: LevelRule, *, reproducible: bool) -> dict[Any, tuple[bool, ...]]:
    """First key → whether the row and each measure are safe, as the plan's own steps say."""
    grant = authorize(ENGINE, pipeline.question(sql))
    plan = make_plan(grant, of, ENGINE.callable_functions(), ENGINE.limits["query"], reproducible=reproducible)
    pipeline.run(plan.task)
    oks = ", ".join(f"v.ok{j}" for j in range(len(plan.frontiers[0].measures)))
    found = pipeline.connection.execute(
        f"SELECT f.k0, v.row_ok, {oks} FROM __f0 f JOIN __v0 v ON f.cell = v.cell"
    ).fetchall()
    return {row[0]: row[1:] for row in found}


def open_cells(pipeline: Pipeline) -> tuple[int, int]:
    """How many cells the exact pass of the last plan looked at, and how many there are."""
    counts = "(SELECT count(*) FROM __x0_0), (SELECT count(*) FROM __f0)"
    (row,) = pipeline.connection.execute(f"SELECT {counts}").fetchall()
    return row


def truth(rows: list[Row], asked: list[Asked], units: tuple[str, ...], of: LevelRule) -> dict[Any, list[bool | None]]:
    """The same by fractions; None where a sum is so near a limit that doubles may fall on either side."""
    zones: dict[Any, list[Row]] = {}
    for row in rows:
        zones.setdefault(row["zone"], []).append(row)
    found: dict[Any, list[bool | None]] = {}
    for zone, held in zones.items():
        row_ok = all(len({r[u] for r in held} - {None}) >= of.contributors for u in units)
        verdicts = [[_safe(_per_unit(held, m, u), m, of) for u in units] for m in asked]
        found[zone] = [row_ok, *(_all([row_ok, *v]) for v in verdicts)]
    return found


def _all(parts: list[bool | None]) -> bool | None:
    if False in parts:
        return False
    return None if None in parts else True


def _per_unit(rows: list[Row], measure: Asked, unit: str) -> dict[Any, Fraction]:
    """Unit (None too) → its net contribution; units without any are not in here."""
    found: dict[Any, Fraction] = {}
    for row in rows:
        value = measure.of(row)
        if value is not None:
            found[row[unit]] = found.get(row[unit], Fraction(0)) + Fraction(value)
    return found


def _safe(net: Mapping[Any, Fraction], measure: Asked, of: LevelRule) -> bool | None:
    counted = [u for u, x in net.items() if u is not None and (not measure.cancels or abs(x) > Fraction(1, 10**9))]
    if len(counted) < of.contributors:
        return False
    return _kept(sorted((abs(x) for x in net.values()), reverse=True), of) if measure.is_sum else True


def _kept(largest: list[Fraction], of: LevelRule) -> bool | None:
    whole = sum(largest)
    shares = [*of.top_shares, *([(1, of.largest_share)] if of.largest_share is not None else [])]
    if not whole:
        return not shares and of.p_percent is None
    room = [Fraction(share) * whole - sum(largest[:n]) for n, share in shares]
    if of.p_percent is not None:
        room.append(whole - sum(largest[:2]) - Fraction(of.p_percent) / 100 * largest[0])
    if any(abs(r) < whole / 10**9 for r in room):
        return None
    return all(r > 0 for r in room)


CASES = [(table, name) for table in UNITS for name in SETS]


def differences(world: tuple[Pipeline, list[Row]], table: str, asked: list[Asked], of: LevelRule) -> list[str]:
    """Every cell that the plan decides in another way than the fractions do."""
    pipeline, rows = world
    sql = f"SELECT zone, {', '.join(m.sql for m in asked)} FROM {table} GROUP BY zone"
    by_bounds = decided(pipeline, sql, of, reproducible=False)
    right = truth(rows, asked, UNITS[table], of)
    pairs = chain.from_iterable(
        ((zone, j, ours, theirs) for j, (ours, theirs) in enumerate(zip(by_bounds[zone], right[zone], strict=True)))
        for zone in right
    )
    assert by_bounds.keys() == right.keys()
    return [f"zone {z}, {j}: {o} for {t}" for z, j, o, t in pairs if t is not None and o != t]


@pytest.mark.parametrize(("table", "measures"), CASES)
def test_every_decision_by_bounds_is_the_one_that_fractions_give(
    world: tuple[Pipeline, list[Row]], table: str, measures: str
) -> None:
    for of in RULES:
        assert not differences(world, table, SETS[measures], of), of


@pytest.mark.parametrize(("table", "measures"), CASES)
def test_what_is_counted_exactly_throughout_is_decided_alike(
    world: tuple[Pipeline, list[Row]], table: str, measures: str
) -> None:
    sql = f"SELECT zone, {', '.join(m.sql for m in SETS[measures])} FROM {table} GROUP BY zone"
    for of in RULES[:3]:
        by_bounds = decided(world[0], sql, of, reproducible=False)
        assert open_cells(world[0])[0] < open_cells(world[0])[1], "nothing was certain"
        assert by_bounds == decided(world[0], sql, of, reproducible=True)
        assert open_cells(world[0])[0] == open_cells(world[0])[1]


@pytest.mark.parametrize(("name", "value"), [("SLACK", -0.5), ("NOTHING", -1.0)], ids=["limits", "rows that cancel"])
def test_bounds_that_prove_too_much_are_noticed(
    world: tuple[Pipeline, list[Row]], monkeypatch: pytest.MonkeyPatch, name: str, value: float
) -> None:
    monkeypatch.setattr(certificates, name, value)
    assert any(differences(world, "visit", SETS["all"], of) for of in RULES)


def test_an_exact_pass_that_is_left_out_is_noticed(
    world: tuple[Pipeline, list[Row]], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = FrontierSql._exact
    monkeypatch.setattr(FrontierSql, "_exact", lambda self, unit: f"SELECT * FROM ({whole(self, unit)}) WHERE FALSE")
    assert any(differences(world, "visit", SETS["all"], of) for of in RULES)


def test_a_value_that_is_no_number_makes_nothing_certain(world: tuple[Pipeline, list[Row]]) -> None:
    pipeline, _ = world
    for value in ("nan", "inf", "-inf"):
        sql = f"SELECT zone, sum(CASE WHEN code = 3 THEN '{value}'::DOUBLE ELSE heat END) FROM visit GROUP BY zone"
        ours = decided(pipeline, sql, RULES[1], reproducible=False)
        assert ours == decided(pipeline, sql, RULES[1], reproducible=True)
