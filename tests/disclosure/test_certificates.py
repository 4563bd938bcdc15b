"""Are decisions by bounds the exact ones? Random cells against arithmetic in fractions, that knows no bucket."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import Any

import duckdb
import pytest

from app.domain.rules import LevelRule
from app.domain.values import Bilingual, Counted, Dataset, DatasetKind, Field, Level, Unit
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
UNITS = {"visit": ("person_id",), "job": ("person_id", "firm_id"), "stay": ("person_id",)}
"""Table → its units. What was counted in "stay" is known, and tells much: nobody has more than three rows there, all
amounts are above zero, money is not below."""
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


def stays(seed: int, rows: list[Row]) -> list[Row]:
    """Rows of which much is known; in some zones are few persons, some three times each, and rows of nobody."""
    r, found, of = random.Random(seed), list[Row](), dict[int, int]()
    for row in rows:
        person = r.randrange(1500) if r.random() < 0.3 else r.randrange(3 + (row["zone"] or 4) ** 2)
        if of.get(person, 0) == 3:
            person = 2000 + len(found)
        of[person] = of.get(person, 0) + 1
        money = None if row["money"] is None else abs(row["money"])
        found.append(row | {"person_id": person, "amount": r.choice((1, 1, 5, 5000)), "money": money})
    some = r.sample(found, 300)
    for zone in range(12):
        people = [90000 + 100 * zone + n for n in range(zone + 1)] * 3 + [None]
        found += [r.choice(some) | {"zone": 20 + zone, "person_id": person} for person in people]
    return found


def counted(name: str, rows: list[Row]) -> Counted:
    """What mounting counts in a column."""
    values = [row[name] for row in rows if row[name] is not None]
    exact = FIELDS[name].startswith(("INT", "DEC"))
    return Counted(
        column=name,
        distinct=len(set(values)),
        nulls=len(rows) - len(values),
        most=max(Counter(values).values()) if name.endswith("_id") else None,
        zeros=sum(v == 0 for v in values) if exact else None,
        negatives=sum(v < 0 for v in values) if exact else None,
    )


def dataset(name: str, rows: list[Row]) -> Dataset:
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
        rows=len(rows),
        counted=tuple(counted(n, rows) for n in FIELDS) if name == "stay" else (),
    )


def _tag(value: int | None, seed: str) -> int | None:
    return None if value is None else random.Random(f"{seed}/{value}").getrandbits(64)


World = tuple[Pipeline, dict[str, list[Row]]]


@pytest.fixture(scope="module", params=[1, 2])
def world(request: pytest.FixtureRequest) -> World:
    rows, connection = rows_of(request.param, 5000), duckdb.connect(config={"threads": 2})
    held = {"visit": rows, "job": rows, "stay": stays(request.param, rows)}
    for table, columns in UNITS.items():
        hidden = [f"__tag_{c}" for c in columns]
        declared = [f"{n} {t}" for n, t in FIELDS.items()] + [f"{h} UBIGINT" for h in hidden]
        connection.execute(f"CREATE TABLE {table} ({', '.join(declared)})")
        tagged = [[*row.values(), *(_tag(row[c], f"{request.param}{c}") for c in columns)] for row in held[table]]
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
