"""Do suppressed cells stay hidden behind their totals? Intervals, exact answers, repair, sole contributors."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from time import monotonic
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.disclosure.suppression import solver
from app.disclosure.suppression.audit import Interval, Open, Proofs, audit, intervals
from app.disclosure.suppression.graph import determined
from app.disclosure.suppression.repair import repair
from app.disclosure.suppression.table import Status, Table
from app.domain.errors import Broken, Refusal
from tests.disclosure.suppression_tables import count_table, lines_of, random_counts, with_margins


def soon(seconds: float = 60.0) -> float:
    return monotonic() + seconds


def hiding(table: Table, *cells: int) -> Table:
    """The table with just these cells suppressed, as secondary ones."""
    status = np.full(len(table.value), Status.PUBLISHED, dtype=np.int8)
    status[list(cells)] = Status.SECONDARY
    return replace(table, status=status)


# ------------------------------------------------------------------ an independent reference, in whole numbers


def largest(rows: list[list[int]], right: list[int], goal: list[int]) -> Fraction | None:
    """The maximum of goal·x over x >= 0 with rows·x = right, None if unbounded: the simplex method in fractions.

    Bland's rule in two phases; there must be a solution.
    """
    n, m = len(goal), len(rows)
    signed = [[a * (1 if b >= 0 else -1) for a in row] for row, b in zip(rows, right, strict=True)]
    body = [
        [Fraction(x) for x in [*row, *(int(i == j) for j in range(m)), abs(b)]]
        for i, (row, b) in enumerate(zip(signed, right, strict=True))
    ]
    basis = list(range(n, n + m))
    first = [Fraction(0)] * n + [Fraction(-1)] * m
    assert climb(body, basis, first, n + m) == 0
    return climb(body, basis, [Fraction(g) for g in goal] + [Fraction(0)] * m, n)


def climb(body: list[list[Fraction]], basis: list[int], goal: list[Fraction], width: int) -> Fraction | None:
    while True:
        enters = next(
            (
                j
                for j in range(width)
                if goal[j] - sum(goal[b] * row[j] for b, row in zip(basis, body, strict=True)) > 0
            ),
            None,
        )
        if enters is None:
            return sum((goal[b] * row[-1] for b, row in zip(basis, body, strict=True)), Fraction(0))
        limits = [
            (max(row[-1] / row[enters], Fraction(0)), basis[i], i)
            for i, row in enumerate(body)
            if row[enters] > 0 or (row[enters] < 0 and row[-1] == 0 and basis[i] >= width)
        ]
        if not limits:
            return None
        _, _, leaves = min(limits)
        pivot = body[leaves][enters]
        body[leaves] = [x / pivot for x in body[leaves]]
        for i, row in enumerate(body):
            if i != leaves and row[enters] != 0:
                body[i] = [x - row[enters] * y for x, y in zip(row, body[leaves], strict=True)]
        basis[leaves] = enters


def reference(table: Table, cell: int, known: int | None = None) -> tuple[Fraction, Fraction | None]:
    """The attacker's interval of a suppressed cell of a table of counts, exactly; None: no upper end."""
    hidden = [c for c in table.hidden.tolist() if c != known]
    rows, right = [], []
    for line in table.lines:
        signs = {int(c): (-1 if i == len(line) - 1 else 1) for i, c in enumerate(line)}
        row = [signs.get(c, 0) for c in hidden]
        if any(row):
            rows.append(row)
            right.append(sum(s * int(table.value[c]) for c, s in signs.items() if c in hidden))
    goal = [int(c == cell) for c in hidden]
    low = largest(rows, right, [-g for g in goal])
    assert low is not None
    return -low, largest(rows, right, goal)


def same(found: Interval, exact: tuple[Fraction, Fraction | None]) -> bool:
    upper = np.inf if exact[1] is None else float(exact[1])
    return found.lower == pytest.approx(float(exact[0]), abs=1e-6) and found.upper == pytest.approx(upper, abs=1e-6)


# ------------------------------------------------------------------ audit

INVESTMENT = np.array([[20, 50, 10], [8, 19, 22], [17, 32, 12]])
"""Fischetti & Salazar 2001: investment by activity and region. The 22 of activity II in region C is confidential."""
II_A, II_C, III_A, III_C = 4, 6, 8, 10


def test_the_textbook_table_has_the_textbook_interval() -> None:
    table = hiding(count_table(INVESTMENT, k=1), II_A, II_C, III_A, III_C)
    found = {i.cell: (i.lower, i.upper) for i in intervals(table, until=soon())}
    assert found[II_C] == pytest.approx((5, 30))
    assert found[II_A] == pytest.approx((0, 25))


def test_a_cell_suppressed_alone_follows_from_its_totals() -> None:
    table = hiding(count_table(INVESTMENT, k=1), II_C)
    assert [(i.lower, i.upper) for i in intervals(table, until=soon())] == [pytest.approx((22, 22))]


@pytest.mark.parametrize("shape", [(5,), (3, 4), (4, 4), (2, 3, 3)])
@pytest.mark.parametrize("seed", range(6))
def test_intervals_equal_exact_arithmetic(shape: tuple[int, ...], seed: int) -> None:
    random = np.random.default_rng([seed, *shape])
    table = count_table(random.integers(0, 9, shape), k=1)
    cells = random.choice(len(table.value), size=min(9, len(table.value)), replace=False)
    table = hiding(table, *cells.tolist())
    for found in intervals(table, until=soon()):
        assert same(found, reference(table, found.cell)), found


def test_values_that_may_be_negative_are_known_exactly_or_not_at_all() -> None:
    table = hiding(count_table(np.array([[-5.0, 7.0], [9.0, -2.0]]), k=1), 0, 1, 3, 4, 8)
    table = replace(table, lower=np.full(9, -np.inf))
    found = {i.cell: (i.lower, i.upper) for i in intervals(table, until=soon())}
    assert found[0] == (-np.inf, np.inf)
    assert found[8] == pytest.approx((9, 9))


@pytest.mark.parametrize("shape", [(6,), (4, 5), (8, 8)])
@pytest.mark.parametrize("seed", range(8))
def test_bridges_are_the_cells_that_the_programmes_find_exactly(shape: tuple[int, ...], seed: int) -> None:
    random = np.random.default_rng([seed, *shape])
    table = count_table(random.integers(1, 30, shape), k=1)
    cells = random.choice(len(table.value), size=int(np.sum(shape)), replace=False)
    table = replace(hiding(table, *cells.tolist()), lower=np.full(len(table.value), -np.inf))
    found = determined(table)
    assert found is not None
    exact = [i.cell for i in intervals(table, until=soon()) if i.upper - i.lower < 1e-6]
    assert found.tolist() == exact


def test_three_keys_are_no_graph() -> None:
    assert determined(hiding(count_table(random_counts((3, 3, 3), 1, 0.1), k=1), 0, 1)) is None


# ------------------------------------------------------------------ repair


@pytest.mark.parametrize("shape", [(4,), (7,), (3, 3), (4, 6), (8, 8), (3, 3, 4)])
@pytest.mark.parametrize("seed", range(5))
def test_after_repair_exact_arithmetic_finds_no_cell_inside_its_protection(shape: tuple[int, ...], seed: int) -> None:
    random = np.random.default_rng([seed, *shape, 7])
    table = count_table(random.geometric(0.05, shape), k=6, slack=float(len(shape) > 2))
    repaired = repair(table, until=soon()).table
    assert set(table.primary.tolist()) <= set(repaired.hidden.tolist())
    for cell in table.primary.tolist():
        lower, upper = reference(repaired, cell)
        assert lower <= table.value[cell] - table.down[cell] + 1e-6
        assert upper is None or upper >= table.value[cell] + table.up[cell] - 1e-6


@pytest.mark.parametrize(("shape", "small"), [((10, 10), 0.1), ((50, 50), 0.08), ((12, 8, 6), 0.08)])
def test_the_audit_finds_nothing_after_repair_and_much_before(shape: tuple[int, ...], small: float) -> None:
    table = count_table(random_counts(shape, 11, small), k=10, singles=True, slack=float(len(shape) > 2))
    assert len(audit(table, until=soon())) > len(table.primary) / 20
    found = repair(table, until=soon())
    assert audit(found.table, until=soon()) == []
    assert len(found.secondary) < 1.5 * len(table.primary)


@pytest.mark.slow
def test_the_audit_finds_nothing_after_repair_of_a_table_of_three_keys() -> None:
    table = count_table(random_counts((34, 12, 10), 11, 0.08), k=10, slack=1.0)
    found = repair(table, until=soon(110))
    assert audit(found.table, until=soon()) == []


def test_repair_takes_out_the_cheapest_cells() -> None:
    table = count_table(np.array([[3, 40, 900], [50, 60, 900], [900, 900, 900]]), k=10)
    assert repair(table, until=soon()).secondary.tolist() == [1, 4, 5]


def test_the_same_table_yields_the_same_cells() -> None:
    table = count_table(random_counts((20, 20), 3, 0.1), k=10, singles=True)
    patterns = {tuple(repair(table, until=soon()).secondary.tolist()) for _ in range(3)}
    assert len(patterns) == 1


def test_cells_taken_out_before_are_used_again() -> None:
    table = count_table(random_counts((20, 20), 3, 0.1), k=10)
    once = repair(table, until=soon())
    again = repair(once.table, until=soon())
    assert again.secondary.tolist() == once.secondary.tolist()


def test_cells_that_left_earlier_protect_nothing() -> None:
    table = count_table(np.array([[3, 40, 900], [50, 60, 900], [900, 900, 900]]), k=10)
    status = table.status.copy()
    status[[1, 4]] = Status.KNOWN
    found = repair(replace(table, status=status), until=soon()).secondary.tolist()
    assert found
    assert not {1, 4} & set(found)
    status[table.status == Status.PUBLISHED] = Status.KNOWN
    with pytest.raises(Refusal) as caught:
        repair(replace(table, status=status), until=soon())
    assert caught.value.code == "suppression-impossible"


# ------------------------------------------------------------------ sole contributors


def lonely() -> Table:
    """A circle of small cells, each protected by the others, until one of them is known."""
    table = count_table(np.array([[1, 4, 300], [3, 50, 100], [400, 100, 700]]), k=5, singles=True)
    little = np.where(table.status == Status.PRIMARY, 0.5, 0.0)
    return replace(table, up=little, down=little)


def test_a_sole_contributor_sees_more_unless_the_audit_thinks_of_them() -> None:
    table = lonely()
    blind = repair(replace(table, single=np.zeros_like(table.single)), until=soon()).table
    assert audit(blind, until=soon()) == []
    own, target = 0, 1
    lower, upper = reference(blind, target, known=own)
    assert lower == upper == 4, "the attack works against a repair that does not think of sole contributors"
    seen = audit(replace(blind, single=table.single), until=soon())
    assert {(o.need.cell, o.known) for o in seen} == {(target, own), (4, own)}

    whole = repair(table, until=soon()).table
    lower, upper = reference(whole, target, known=own)
    assert lower <= 3.5
    assert upper is None or upper >= 4.5


# ------------------------------------------------------------------ failing closed


def test_a_solver_out_of_time_refuses() -> None:
    table = count_table(random_counts((10, 10), 11, 0.1), k=10)
    with pytest.raises(Refusal) as caught:
        repair(table, until=monotonic() - 1)
    assert caught.value.code == "suppression-time"


def test_a_solver_stopped_in_the_middle_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(solver._OPTIONS, "simplex_iteration_limit", 0)
    table = count_table(random_counts((10, 10), 11, 0.1), k=10)
    with pytest.raises(Broken) as caught:
        repair(table, until=soon())
    assert caught.value.code == "suppression-unsolved"


def test_proofs_count_moves_in_their_direction_only() -> None:
    table = count_table(np.array([[3, 40], [50, 60]]), k=10)
    proofs = Proofs(table)
    assert len(proofs.missing(alone=True)) == 2
    move: NDArray[Any] = np.zeros(len(table.value))
    move[0] = 7
    proofs.add(move)
    assert [o.need.upward for o in proofs.missing(alone=True)] == [False]
    assert all(isinstance(o, Open) for o in proofs.missing(alone=False))


def test_tables_have_as_many_sums_as_they_have_lines() -> None:
    whole = with_margins(np.array([[1, 2, 3], [4, 5, 6]]))
    assert whole[-1].tolist() == [5, 7, 9, 21]
    lines = lines_of(whole.shape)
    assert len(lines) == 3 + 4
    assert all(whole.ravel()[line[:-1]].sum() == whole.ravel()[line[-1]] for line in lines)
