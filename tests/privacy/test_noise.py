"""Is the noise what the mathematics asks for: its shape, its price, its thresholds, and nowhere to be found after?"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import exp, sqrt
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from app.disclosure import noise
from app.disclosure.noise import draw, noise_table, with_noise
from app.disclosure.private import half_width, told
from app.domain.errors import Broken, Refusal
from app.domain.privacy import CELLS, CONTRIBUTORS, COUNT, SUM, NoiseColumn, tail
from app.query.private import NOISE
from tests.privacy.world import HANGING, POLICY, SMALL, private_plan

MANY = 40_000
COUNTS = "SELECT clinic, count(*) AS n, sum(fee) AS f FROM visit GROUP BY clinic"


def column(sensitivity: int, epsilon: str) -> NoiseColumn:
    return NoiseColumn(what=COUNT, measure=0, sensitivity=sensitivity, epsilon=Fraction(epsilon))


@pytest.mark.parametrize(("sensitivity", "epsilon"), [(1, "1"), (20, "1/3"), (6, "12"), (10**9, "1/7")])
def test_noise_has_the_mean_the_spread_and_the_tails_of_discrete_laplace(sensitivity: int, epsilon: str) -> None:
    wanted = column(sensitivity, epsilon)
    q = exp(-1 / wanted.scale)
    drawn = draw(wanted, MANY)
    spread = sqrt(2 * q) / (1 - q)
    assert abs(sum(drawn) / MANY) < 6 * spread / sqrt(MANY)
    assert sqrt(sum(x * x for x in drawn) / MANY) == pytest.approx(spread, rel=0.06)
    beyond = sum(abs(x) > half_width(wanted.scale) for x in drawn) / MANY
    assert beyond <= 0.05 + 6 * sqrt(0.05 / MANY)
    limit = tail(wanted.scale, 0.01)
    assert sum(x >= limit for x in drawn) / MANY <= 0.01 + 6 * sqrt(0.01 / MANY)
    assert len(set(drawn)) > 1


@pytest.mark.parametrize("scale", [0.05, 0.5, 3.0, 77.7, 1e9])
@pytest.mark.parametrize("probability", [0.3, 1e-3, 1e-9])
def test_the_tail_is_the_least_that_is_unlikely_enough(scale: float, probability: float) -> None:
    q, t = exp(-1 / scale), tail(scale, probability)
    assert q**t / (1 + q) <= probability * (1 + 1e-6)
    assert t == 1 or q ** (t - 1) / (1 + q) > probability * (1 - 1e-6)


def test_no_two_runs_have_the_same_noise() -> None:
    run = private_plan(COUNTS).private
    assert run is not None
    wide = replace(run.frontiers[0], columns=(column(1000, "1"),))
    some = replace(run, cells=50, frontiers=(wide,))
    assert noise_table(some).column("n0").to_pylist() != noise_table(some).column("n0").to_pylist()


def test_a_mechanism_that_costs_more_than_planned_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    cheaper = noise._laplace(5.0)
    monkeypatch.setattr(noise, "_laplace", lambda _scale: cheaper)
    with pytest.raises(Broken) as caught:
        draw(column(10, "1"), 3)
    assert caught.value.code == "dp-noise"


def test_the_epsilon_of_all_columns_is_that_of_the_job() -> None:
    for sql in (COUNTS, "SELECT clinic, avg(score), sum(dose) FROM visit GROUP BY ROLLUP (clinic)"):
        run = private_plan(sql, POLICY).private
        assert run is not None
        assert sum(c.epsilon for c in run.columns) == Fraction(POLICY.epsilon)
        assert all(c.sensitivity / Fraction(c.scale) <= c.epsilon for c in run.columns)
        assert [f.first for f in run.frontiers] == [
            sum(len(g.columns) for g in run.frontiers[:i]) for i in range(len(run.frontiers))
        ]


def test_the_thresholds_leave_a_probability_of_delta() -> None:
    for contributors in (1, 10):
        run = private_plan(COUNTS, POLICY, contributors=contributors).private
        assert run is not None
        (frontier,) = run.frontiers
        by = {c.what: c for c in frontier.columns}
        q = exp(-1 / by[CONTRIBUTORS].scale)
        delta = float(POLICY.delta)
        assert POLICY.cells_per_unit * q ** (frontier.threshold - contributors) / (1 + q) <= delta
        q = exp(-1 / by[CELLS].scale)
        passed = q ** (POLICY.cells + 1 - frontier.most_cells) / (1 + q)
        assert passed * exp(float(by[CELLS].epsilon)) <= delta


def test_frontiers_share_delta() -> None:
    one, three = (
        private_plan(f"SELECT count(*) FROM visit GROUP BY {by}", POLICY).private
        for by in ("clinic", "ROLLUP (clinic, month)")
    )
    assert one is not None
    assert three is not None
    for frontier in three.frontiers:
        by = {c.what: c for c in frontier.columns}
        assert frontier.threshold - 1 == tail(by[CONTRIBUTORS].scale, float(POLICY.delta) / 3 / POLICY.cells_per_unit)


def test_what_the_grid_of_a_sum_is_and_how_far_one_unit_moves_it() -> None:
    sql = "SELECT sum(fee), sum(score), sum(dose), avg(score), count(DISTINCT person) FROM visit"
    run = private_plan(sql, SMALL).private
    assert run is not None
    (frontier,) = run.frontiers
    steps = [Decimal("0.01"), Decimal(1), Decimal("1E-8"), Decimal(1), Decimal(1)]
    moved = {(c.what, c.measure): c.sensitivity for c in frontier.columns}
    assert list(frontier.steps) == steps
    each = SMALL.cells_per_unit * SMALL.rows_per_unit
    assert moved == {
        (CELLS, None): 2,
        (CONTRIBUTORS, None): 2,
        (SUM, 0): each * 50_000,
        (SUM, 1): each * 100,
        (SUM, 2): each * 250_000_000,
        (COUNT, 3): each,
        (SUM, 3): each * 60,
    }


def test_the_noise_lies_in_a_file_only_while_the_plan_runs() -> None:
    plan = private_plan(COUNTS)
    with with_noise(plan) as task:
        assert task.views[:-1] == plan.task.views
        view = task.views[-1]
        file = Path(view.path)
        assert view.name == NOISE
        assert file.parent.stat().st_mode & 0o077 == 0
        table = pq.read_table(file)
        assert tuple(table.column_names) == view.columns == ("cell", "n0", "n1", "n2", "n3")
        assert table.column("cell").to_pylist() == list(range(1, SMALL.cells + 1))
    assert not file.exists()
    assert not file.parent.exists()
    with pytest.raises(RuntimeError), with_noise(plan) as task:
        raise RuntimeError
    assert not Path(task.views[-1].path).exists()


def test_the_hash_of_a_plan_covers_how_much_noise_there_is_and_not_which() -> None:
    assert private_plan(COUNTS).hash == private_plan(COUNTS).hash
    changed = [replace(SMALL, epsilon=Decimal(501)), replace(SMALL, rows_per_unit=4), replace(SMALL, cells=9_999)]
    assert len({private_plan(COUNTS, p).hash for p in (SMALL, *changed)}) == 4


def test_a_report_tells_how_far_off_each_number_may_be() -> None:
    plan = private_plan(COUNTS, POLICY)
    found = told(plan)
    assert found is not None
    assert (found.epsilon, found.delta, found.datasets) == ("1.0", "1E-7", ("visit",))
    widths = {m.measure: m.half_width for m in found.measures if m.what in (COUNT, SUM)}
    assert plan.private is not None
    scale = next(c.scale for c in plan.private.columns if c.what == SUM)
    assert widths['SUM("visit"."fee")'] == f"{half_width(scale) * Decimal('0.01'):f}"


REFUSED = {
    "SELECT clinic,\n stddev(score) FROM visit GROUP BY clinic": ("dp-function", 2, 2),
    "SELECT clinic, max(score) FROM visit GROUP BY clinic": ("dp-function", 1, 20),
    "SELECT month, count(DISTINCT clinic) FROM visit GROUP BY month": ("dp-distinct", 1, 15),
    "SELECT sum(free) FROM visit": ("dp-no-bounds", 1, 8),
    "SELECT sum(fee * free) FROM visit": ("dp-no-bounds", 1, 8),
    "SELECT avg(s) FROM (SELECT person, sum(score) AS s FROM visit GROUP BY person) t": ("dp-no-bounds", 1, 8),
    "SELECT count(*) FROM visit v JOIN firm f ON v.clinic = f.clinic": ("dp-several-units", 1, 8),
    "SELECT count(*) FROM person a JOIN person b ON a.age = b.age": ("dp-several-units", 1, 8),
    f"{HANGING['every second by fee']}": ("dp-dependent-rows", 1, 46),
    f"{HANGING['the cheapest']}": ("dp-dependent-rows", 1, 81),
}


@pytest.mark.parametrize("sql", REFUSED)
def test_what_has_no_bound_is_refused_with_its_place(sql: str) -> None:
    code, line, column_ = REFUSED[sql]
    with pytest.raises(Refusal) as caught:
        private_plan(sql)
    finding = caught.value.findings[0]
    assert finding.position is not None
    assert (finding.code, finding.position.line, finding.position.column) == (code, line, column_)


def test_every_refused_measure_is_named_at_once() -> None:
    with pytest.raises(Refusal) as caught:
        private_plan("SELECT median(score), sum(free), count(DISTINCT month) FROM visit")
    assert [f.code for f in caught.value.findings] == ["dp-function", "dp-no-bounds", "dp-distinct"]


def test_an_epsilon_split_too_fine_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        private_plan(COUNTS, replace(POLICY, epsilon=Decimal("0.01")))
    assert caught.value.code == "dp-split-too-fine"
