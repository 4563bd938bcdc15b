"""Are decisions by bounds the exact ones? Random cells against arithmetic in fractions, that knows no bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from typing import Any

import duckdb
import pytest

from app.domain.rules import LevelRule
from app.domain.values import Level
from app.query import certificates
from app.query.evidence import FrontierSql
from app.query.plan import make_plan
from app.workflow import authorize
from tests.disclosure.random_cells import (
    FIELDS,
    MEASURES,
    SETS,
    UNITS,
    Asked,
    Row,
    counted,
    dataset,
    rows_of,
    stays,
    tag_of,
)
from tests.sql.pipeline import ENGINE, Pipeline

World = tuple[Pipeline, dict[str, list[Row]]]


@pytest.fixture(scope="module", params=[1, 2])
def world(request: pytest.FixtureRequest) -> World:
    rows, connection = rows_of(request.param, 5000), duckdb.connect(config={"threads": 2})
    held = {"visit": rows, "job": rows, "stay": stays(request.param, rows)}
    for table, columns in UNITS.items():
        hidden = [f"__tag_{c}" for c in columns]
        declared = [f"{n} {t}" for n, t in FIELDS.items()] + [f"{h} UBIGINT" for h in hidden]
        connection.execute(f"CREATE TABLE {table} ({', '.join(declared)})")
        tagged = [[*row.values(), *(tag_of(row[c], f"{request.param}{c}") for c in columns)] for row in held[table]]
        connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(declared))})", tagged)
    return Pipeline(connection, tuple(dataset(t, held[t]) for t in UNITS)), held


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


def decided(
    pipeline: Pipeline, sql: str, of: LevelRule, *, reproducible: bool = False, fingerprints: bool = True
) -> dict[Any, tuple[bool, ...]]:
    """First key → whether the row and each measure are safe, as the plan's own steps say."""
    grant = authorize(ENGINE, pipeline.question(sql))
    given = (ENGINE.callable_functions(), ENGINE.limits["query"])
    plan = make_plan(grant, of, *given, reproducible=reproducible, fingerprints=fingerprints)
    pipeline.checked(plan.task)
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


def differences(world: World, table: str, asked: list[Asked], of: LevelRule, *, fingerprints: bool = True) -> list[str]:
    """Every cell that the plan decides in another way than the fractions do."""
    pipeline, held = world
    by_bounds = decided(pipeline, ask(table, asked), of, fingerprints=fingerprints)
    right = truth(held[table], asked, UNITS[table], of)
    pairs = chain.from_iterable(
        ((zone, j, ours, theirs) for j, (ours, theirs) in enumerate(zip(by_bounds[zone], right[zone], strict=True)))
        for zone in right
    )
    assert by_bounds.keys() == right.keys()
    return [f"zone {z}, {j}: {o} for {t}" for z, j, o, t in pairs if t is not None and o != t]


def ask(table: str, asked: list[Asked]) -> str:
    """The measures by zone."""
    return f"SELECT zone, {', '.join(m.sql for m in asked)} FROM {table} GROUP BY zone"


KINDS = pytest.mark.parametrize("fingerprints", [True, False], ids=["fingerprints", "proofs alone"])


@KINDS
@pytest.mark.parametrize(("table", "measures"), CASES)
def test_every_decision_by_bounds_is_the_one_that_fractions_give(
    world: World, table: str, measures: str, *, fingerprints: bool
) -> None:
    for of in RULES:
        assert not differences(world, table, SETS[measures], of, fingerprints=fingerprints), of


@pytest.mark.parametrize(("table", "measures"), CASES)
def test_what_counts_masks_and_samples_prove_is_what_fractions_give(
    world: World, monkeypatch: pytest.MonkeyPatch, table: str, measures: str
) -> None:
    for margin, sampled in ((0, 0), (10**6, 0), (10**6, 300)):
        monkeypatch.setattr(certificates, "MARGIN", margin)
        monkeypatch.setattr(certificates, "SAMPLED", sampled)
        monkeypatch.setattr(certificates, "SEEN", 0)
        for k in (2, 5, 20):
            assert not differences(world, table, SETS[measures], rule(k), fingerprints=False), (margin, sampled, k)
            everyone = replace(rule(k), all_same=False)
            by_bounds = decided(world[0], ask(table, SETS[measures]), everyone, fingerprints=False)
            assert by_bounds == decided(world[0], ask(table, SETS[measures]), everyone, reproducible=True)


def test_each_kind_of_scan_is_one_that_the_plans_above_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline, _ = world
    sql = "SELECT zone, count(*), sum(amount) FROM stay GROUP BY zone"

    def scan(of: LevelRule, margin: int, sampled: int = 10**6) -> str:
        monkeypatch.setattr(certificates, "MARGIN", margin)
        monkeypatch.setattr(certificates, "SAMPLED", sampled)
        decided(pipeline, sql, of, fingerprints=False)
        grant = authorize(ENGINE, pipeline.question(sql))
        task = make_plan(grant, of, ENGINE.callable_functions(), ENGINE.limits["query"], fingerprints=False).task
        return " ".join(step.sql for step in task.steps[:2])

    assert "bit_or" not in scan(rule(5), 1)
    assert "bit_or" in scan(rule(5), 10**6)
    monkeypatch.setattr(certificates, "SEEN", 0)
    assert "LIMIT 300" in scan(rule(5), 10**6, sampled=300)
    assert open_cells(pipeline)[0] < open_cells(pipeline)[1]
    assert ">> 3" in scan(rule(5, 0.5), 1)
    assert open_cells(pipeline)[0] < open_cells(pipeline)[1]


@KINDS
@pytest.mark.parametrize(("table", "measures"), CASES)
def test_what_is_counted_exactly_throughout_is_decided_alike(
    world: World, table: str, measures: str, *, fingerprints: bool
) -> None:
    sql = ask(table, SETS[measures])
    for of in RULES[:3]:
        by_bounds = decided(world[0], sql, of, fingerprints=fingerprints)
        assert open_cells(world[0])[0] < open_cells(world[0])[1], "nothing was certain"
        assert by_bounds == decided(world[0], sql, of, reproducible=True)
        assert open_cells(world[0])[0] == open_cells(world[0])[1]


@KINDS
@pytest.mark.parametrize(("name", "value"), [("SLACK", -0.5), ("NOTHING", -1.0)], ids=["limits", "rows that cancel"])
def test_bounds_that_prove_too_much_are_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, value: float, *, fingerprints: bool
) -> None:
    monkeypatch.setattr(certificates, name, value)
    assert any(differences(world, "visit", SETS["all"], of, fingerprints=fingerprints) for of in RULES)


WRONG = {
    "most": lambda c: replace(c, most=1),
    "nulls": lambda c: replace(c, nulls=0),
    "zeros": lambda c: replace(c, zeros=0, nulls=0),
    "negatives": lambda c: replace(c, zeros=0, nulls=0, negatives=0),
}
"""What a mounting could have counted too low."""


@pytest.mark.parametrize("what", WRONG)
def test_counts_of_the_mounting_that_are_too_low_are_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    pipeline, held = world
    monkeypatch.setattr(certificates, "MARGIN", 0)
    asked = ([MEASURES[0], MEASURES[4]], [m for m in SETS["with parts"] if "heat" not in m.sql])
    tables = {n: replace(dataset(n, rows), counted=tuple(counted(c, rows) for c in FIELDS)) for n, rows in held.items()}
    for known, noticed in ((lambda c: c, False), (WRONG[what], True)):
        told = [replace(d, counted=tuple(map(known, d.counted))) for d in tables.values()]
        lied = (Pipeline(pipeline.connection, tuple(told)), held)
        cases = [(t, a, rule(k)) for t in tables for a in asked for k in (2, 9, 20)]
        found = [differences(lied, *case, fingerprints=False) for case in cases]
        assert any(found) == noticed


@KINDS
def test_an_exact_pass_that_is_left_out_is_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch, *, fingerprints: bool
) -> None:
    whole = FrontierSql._exact
    monkeypatch.setattr(FrontierSql, "_exact", lambda self, unit: f"SELECT * FROM ({whole(self, unit)}) WHERE FALSE")
    assert any(differences(world, "visit", SETS["all"], of, fingerprints=fingerprints) for of in RULES)


@KINDS
def test_a_value_that_is_no_number_makes_nothing_certain(world: World, *, fingerprints: bool) -> None:
    pipeline, _ = world
    for value in ("nan", "inf", "-inf"):
        sql = f"SELECT zone, sum(CASE WHEN code = 3 THEN '{value}'::DOUBLE ELSE heat END) FROM visit GROUP BY zone"
        ours = decided(pipeline, sql, RULES[1], fingerprints=fingerprints)
        assert ours == decided(pipeline, sql, RULES[1], reproducible=True)
