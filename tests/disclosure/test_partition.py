"""Is nothing about fewer than k units let through, whatever is released after one another?

Random cells over a small table are released as long as the audit lets them; elimination with fractions then says what
follows from those that left. The classes that the sandbox finds are held against the same made in Python.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.disclosure.partition.classes import Counts, Standing, read_counts
from app.disclosure.partition.judge import Verdict, judge
from app.disclosure.partition.state import Partition, needed, refined
from app.domain.errors import Broken
from app.domain.rules import FirewallRule
from sandbox.launcher import Launcher
from sandbox.protocol import Limits, RefinePart, RefineTask

RULE = FirewallRule(max_rank_share=0.2, max_entries=1 << 20)
NO_CAP = FirewallRule(max_rank_share=1.0, max_entries=1 << 20)
ROWS = 24
Cells = Sequence[frozenset[int]]
Named = dict[int, frozenset[int]]


def _named(cells: Cells) -> dict[int, frozenset[int]]:
    """Row → the cells of an output that it stands in."""
    return {
        r: frozenset(c for c, rows in enumerate(cells) if r in rows) for r in range(ROWS) if any(r in c for c in cells)
    }


class Table:
    """The classes of rows, refined in Python; unit of row r is `units[r]`."""

    def __init__(self, units: Sequence[int]) -> None:
        self.units, self.stored = units, dict[int, int]()
        self.partition: Partition | None = None
        self.cells: list[frozenset[int]] = []

    def offered(self, cells: Cells, k: int) -> tuple[dict[int, int], Partition]:
        """What a release of `cells` would leave."""
        named = _named(cells)
        local = {c: n for n, c in enumerate(sorted(set(named.values()), key=sorted), start=1)}
        pairs = {r: (self.stored.get(r, 0), local[named[r]] if r in named else 0) for r in {*self.stored, *named}}
        classes = {p: n for n, p in enumerate(sorted(set(pairs.values())), start=1)}
        units = {p: {self.units[r] for r, q in pairs.items() if q == p} for p in classes}
        standing = sorted((n, c) for held, n in local.items() for c in held)
        small = {
            n: len({u for held in units.values() if len(held) < n for u in held}) for n in needed(self.partition, k)
        }
        partition = refined(
            self.partition,
            Standing(
                classes=np.array([n for n, _ in standing]), cells=np.array([c for _, c in standing]), count=len(cells)
            ),
            Counts(
                old=np.array([o for o, _ in classes]),
                local=np.array([n for _, n in classes]),
                units=np.array([len(units[p]) for p in classes]),
            ),
            release=f"r{len(self.cells)}",
            k=k,
            single=len(set(self.units)) == len(self.units),
            small=small,
        )
        return {r: classes[p] for r, p in pairs.items()}, partition

    def ask(self, cells: Cells, k: int, rule: FirewallRule) -> Verdict:
        """Release `cells` if nothing is wrong with that."""
        stored, partition = self.offered(cells, k)
        verdict = judge(partition, rule, np.random.default_rng(len(self.cells)), least=k)
        if verdict.code is None:
            self.stored, self.partition = stored, partition
            self.cells += cells
        return verdict


def _rank(rows: Sequence[Sequence[int]]) -> int:
    matrix, rank = [[Fraction(v) for v in row] for row in rows], 0
    for column in range(len(matrix[0]) if matrix else 0):
        pivot = next((i for i in range(rank, len(matrix)) if matrix[i][column]), None)
        if pivot is None:
            continue
        matrix[rank], matrix[pivot] = matrix[pivot], matrix[rank]
        for i in range(rank + 1, len(matrix)):
            factor = matrix[i][column] / matrix[rank][column]
            matrix[i] = [a - factor * b for a, b in zip(matrix[i], matrix[rank], strict=True)]
        rank += 1
    return rank


def _follows(cells: Cells, classes: Sequence[frozenset[int]], chosen: Sequence[int]) -> bool:
    """Whether some combination of the sums over the chosen classes follows from `cells`."""
    matrix = [[int(c <= cell) for c in classes] for cell in cells]
    unknown = [[int(i == c) for i in range(len(classes))] for c in chosen]
    return _rank(matrix) + len(chosen) > _rank([*matrix, *unknown])


def _classes(cells: Cells) -> list[frozenset[int]]:
    held: dict[frozenset[int], set[int]] = {}
    for row, names in _named(cells).items():
        held.setdefault(names, set()).add(row)
    return [frozenset(rows) for rows in held.values()]


def _outputs(chance: random.Random, k: int) -> Iterator[Cells]:
    """Random outputs: groups of everyone, or one random subset; each cell has k rows."""
    while True:
        keys = [chance.randrange(chance.choice((1, 2, 3))) for _ in range(ROWS)]
        groups = [frozenset(r for r in range(ROWS) if keys[r] == g) for g in set(keys)]
        one = frozenset(chance.sample(range(ROWS), chance.randrange(k, ROWS)))
        yield [g for g in chance.choice((groups, [one], [one, one ^ frozenset(range(ROWS))])) if len(g) >= k]


@pytest.mark.parametrize("seed", range(16))
def test_no_class_and_no_two_classes_with_fewer_than_k_units_follow_from_what_is_let_through(seed: int) -> None:
    chance, k = random.Random(seed), 4
    table, verdicts = Table(list(range(ROWS))), list[str | None]()
    outputs = _outputs(chance, k)
    for _ in range(12):
        verdicts.append(table.ask(next(outputs), k, NO_CAP).code)
    classes = _classes(table.cells)
    for size in (1, 2):
        for chosen in combinations(range(len(classes)), size):
            if sum(len(classes[c]) for c in chosen) < k:
                assert not _follows(table.cells, classes, chosen)
    assert None in verdicts


def test_what_is_refused_is_refused_for_a_reason() -> None:
    """Without the rank cap, some class, two of them or a few follow from what would have left."""
    refused = 0
    for seed in range(12):
        chance, k, table = random.Random(seed), 4, Table(list(range(ROWS)))
        outputs = _outputs(chance, k)
        for _ in range(12):
            output = next(outputs)
            cells = [*table.cells, *output]
            if table.ask(output, k, NO_CAP).code is not None:
                refused += 1
                classes = _classes(cells)
                assert _follows(cells, classes, [n for n, c in enumerate(classes) if len(c) < k])
    assert refused > 12


def test_everybody_and_two_overlapping_parts_give_the_one_in_both() -> None:
    everyone, half = frozenset(range(ROWS)), ROWS // 2
    parts = frozenset(range(half + 1)), frozenset(range(half, ROWS))
    table = Table(list(range(ROWS)))
    assert [table.ask([cell], 4, RULE).code for cell in (everyone, *parts)] == [None, None, "firewall-combination"]
    assert table.ask([parts[1]], 4, RULE).releases == ("r0", "r1", "r2")
    lax = Table(list(range(ROWS)))
    assert [lax.ask([cell], 1, RULE).code for cell in (everyone, *parts)] == [None] * 3


def test_a_cell_that_a_laxer_level_let_out_is_no_reason_to_refuse_a_stricter_one() -> None:
    table = Table(list(range(ROWS)))
    groups = [frozenset(range(3)), frozenset(range(3, ROWS))]
    assert table.ask(groups, 3, RULE).code is None
    assert table.ask([frozenset(range(3, ROWS))], 6, RULE).code is None
    assert table.ask([frozenset(range(ROWS))], 6, RULE).code is None
    assert table.ask([frozenset(range(2)) | frozenset(range(6, ROWS))], 6, RULE).code == "firewall-combination"


def test_many_random_halves_pass_the_cap_of_the_rank_before_anyone_is_known() -> None:
    chance, table = random.Random(3), Table(list(range(ROWS)))
    codes = [table.ask([frozenset(chance.sample(range(ROWS), 12))], 4, RULE).code for _ in range(14)]
    assert "firewall-rank" in codes
    uncapped = Table(list(range(ROWS)))
    chance = random.Random(3)
    codes = [uncapped.ask([frozenset(chance.sample(range(ROWS), 12))], 4, NO_CAP).code for _ in range(14)]
    assert "firewall-rank" not in codes
    assert len(uncapped.cells) > len(table.cells)


def test_more_cells_times_classes_than_are_audited_are_refused() -> None:
    chance, table = random.Random(3), Table(list(range(ROWS)))
    rule = FirewallRule(max_rank_share=1.0, max_entries=5)
    codes = [table.ask([frozenset(chance.sample(range(ROWS), 12))], 4, rule).code for _ in range(4)]
    assert "firewall-too-many-cells" in codes


def test_a_partition_is_kept_as_it_is_and_a_damaged_one_is_not_read(tmp_path: Path) -> None:
    table = Table(list(range(ROWS)))
    table.ask([frozenset(range(10)), frozenset(range(10, ROWS))], 4, RULE)
    partition, file = table.partition, tmp_path / "p.npz"
    assert partition is not None
    partition.save(file)
    again = Partition.load(file)
    assert judge(again, RULE, np.random.default_rng(1)) == judge(partition, RULE, np.random.default_rng(1))
    assert again.units.tolist() == partition.units.tolist()
    with pytest.raises(Broken):
        Partition.load(file, "0" * 64)
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(Broken):
        Partition.load(file)


@pytest.mark.parametrize("rows_per_unit", [1, 3])
def test_the_sandbox_refines_as_python_does(tmp_path: Path, rows_per_unit: int) -> None:
    chance = random.Random(rows_per_unit)
    table = Table([r // rows_per_unit for r in range(ROWS)])
    stored: Path | None = None
    with Launcher() as launcher:
        for n, output in zip(range(4), _outputs(chance, 4), strict=False):
            named = _named(output)
            numbers = {c: i for i, c in enumerate(sorted(set(named.values()), key=sorted), start=1)}
            members = _file(tmp_path / f"m{n}.parquet", {r: numbers[c] for r, c in named.items()}, table.units)
            part = RefinePart(stored=str(stored) if stored else None, members=str(members), contributors=(4,))
            answer = launcher.run(
                RefineTask(parts=(part,), limits=Limits()), tmp_path / f"s{n}", require_isolation=True
            )
            assert answer.status == "ok", answer
            classes, partition = table.offered(output, 4)
            table.stored, table.partition = classes, partition
            stored = tmp_path / f"s{n}" / "partition_0.parquet"
            rows = pq.read_table(stored).to_pylist()
            assert {r["row"]: r["class"] for r in rows} == classes
            counts = read_counts(tmp_path / f"s{n}" / "counts_0.parquet")
            assert np.minimum(counts.units, 4).tolist() == np.minimum(partition.units, 4).tolist()
            assert answer.statistics["partition_0_4"]["small_units"] == partition.small[4]
            assert answer.statistics["partition_0"]["single"] == int(partition.single)


def test_a_row_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    twice = pa.table({n: pa.array([1, 1], pa.uint32()) for n in ("row", "unit", "class")})
    pq.write_table(twice, tmp_path / "m.parquet")
    task = RefineTask(parts=(RefinePart(stored=None, members=str(tmp_path / "m.parquet"), contributors=(4,)),))
    with Launcher() as launcher:
        assert launcher.run(task, tmp_path / "s", require_isolation=True).code == "source-rows"


def _file(file: Path, classes: dict[int, int], units: Sequence[int]) -> Path:
    columns = {"row": list(classes), "unit": [units[r] for r in classes], "class": list(classes.values())}
    pq.write_table(pa.table({n: pa.array(v, pa.uint32()) for n, v in columns.items()}), file)
    return file
