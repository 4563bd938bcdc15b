"""Does anything about fewer than k units follow from all released cells together? The audit of one partition.

If every class has k units, no combination of any cells isolates fewer: that is a certificate, and ends the question.
Otherwise the null space is audited where there are small classes, in each component by itself: cells that have no class
in common, directly or through others, tell nothing about one another. Found are classes that are known, two classes
that are known in some combination, and sums over a few classes as elimination yields them. Combinations of three and
more classes are not found in general (that is as hard as the minimum distance of a code), so how much follows about
small classes alone is capped: the rank of it may be no more than a share of the units in them.

Cells of a stricter level need more units. For each k in turn, of cells that need no more: what follows without those
that need exactly k was let through under a smaller one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.disclosure.nullspace import PRIME, Audit, audit
from app.disclosure.partition.classes import Numbers
from app.disclosure.partition.state import Partition, within
from app.domain.rules import FirewallRule


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is wrong with a partition: a code, or None; and the releases whose cells take part.

    `rank` is that of all that follows about the `small` units alone, which are in classes with fewer than `k`;
    `derivable` the number of classes of which something follows, alone or with a few others.
    """

    code: str | None
    releases: tuple[str, ...] = ()
    k: int = 0
    rank: int = 0
    small: int = 0
    derivable: int = 0


CERTIFIED = Verdict(code=None)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Component:
    """Cells and classes that hang together, by their numbers: classes with enough units first, `large` of them."""

    cells: Numbers
    classes: Numbers
    large: int


def judge(partition: Partition, rule: FirewallRule, rng: np.random.Generator, *, least: int = 0) -> Verdict:
    """The verdict of the first k, from `least` on, by which something is wrong; `rng` must be unknown to the analysts.

    What cells that need fewer than the newest ones tell is what it was before.
    """
    found = CERTIFIED
    for k in sorted({n for n in partition.needs.tolist() if n >= least}):
        seen = within(partition, k)
        if (seen.units < k).any():
            found = _of_k(seen, k, rule, rng)
        if found.code is not None:
            break
    return found


def _of_k(partition: Partition, k: int, rule: FirewallRule, rng: np.random.Generator) -> Verdict:
    """The verdict on the cells that need at most `k` units."""
    small = partition.small[k]
    components = list(_components(partition, k))
    if sum(len(c.cells) * len(c.classes) for c in components) > rule.max_entries:
        return Verdict(code="firewall-too-many-cells", releases=partition.releases, k=k, small=small)
    rank, isolated = 0, set[int]()
    for component in components:
        matrix = _matrix(partition, component)
        whole, before = audit(matrix, rng), audit(matrix[partition.needs[component.cells] < k], rng)
        rank += _rank(whole, component) - _rank(before, component)
        isolated.update(component.classes[_isolated(partition, component, whole, before, k)].tolist())
    code, taking_part = None, isolated
    if isolated:
        code = "firewall-combination"
    elif rank > rule.max_rank_share * small:
        code, taking_part = "firewall-rank", {int(c) for component in components for c in component.classes}
    releases = _releases(partition, taking_part) if code else ()
    return Verdict(code=code, releases=releases, k=k, rank=rank, small=small, derivable=len(isolated))


def _components(partition: Partition, k: int) -> Iterator[_Component]:
    """Every component of the cells that need at most `k` units, in which a class has fewer."""
    chosen: NDArray[np.bool_] = partition.needs[partition.cells] <= k
    classes, cells = partition.classes[chosen] - 1, partition.cells[chosen]
    label = _labels(classes, cells, len(partition.units), len(partition.owner))
    few = partition.units < k
    order = np.lexsort((few, label))
    wanted = np.isin(label[order], np.unique(label[np.intersect1d(np.flatnonzero(few), classes)]))
    members = order[wanted]
    by_label = np.argsort(label[classes], kind="stable")
    of_entry = label[classes][by_label]
    for own in np.split(members, np.flatnonzero(np.diff(label[members])) + 1) if len(members) else []:
        start, end = np.searchsorted(of_entry, [label[own[0]], label[own[0]] + 1])
        yield _Component(cells=np.unique(cells[by_label[start:end]]), classes=own, large=int((~few[own]).sum()))


def _labels(classes: Numbers, cells: Numbers, of_classes: int, of_cells: int) -> Numbers:
    """For each class the smallest number of a class that it hangs together with."""
    label = np.arange(of_classes)
    while True:
        of_cell = np.full(of_cells, of_classes, dtype=np.int64)
        np.minimum.at(of_cell, cells, label[classes])
        smaller = label.copy()
        np.minimum.at(smaller, classes, of_cell[cells])
        if (smaller == label).all():
            return label
        label = smaller[smaller]


def _matrix(partition: Partition, component: _Component) -> Numbers:
    """Ones where a class (column) of the component stands in a cell (row)."""
    column = np.full(len(partition.units), -1, dtype=np.int64)
    column[component.classes] = np.arange(len(component.classes))
    row = np.full(len(partition.owner), -1, dtype=np.int64)
    row[component.cells] = np.arange(len(component.cells))
    i, j = row[partition.cells], column[partition.classes - 1]
    inside = (i >= 0) & (j >= 0)
    matrix = np.zeros((len(component.cells), len(component.classes)), dtype=np.int64)
    matrix[i[inside], j[inside]] = 1
    return matrix


def _rank(found: Audit, component: _Component) -> int:
    """The rank of all that follows about classes with too few units alone."""
    return sum(pivot >= component.large for pivot in found.pivots)


def _isolated(partition: Partition, component: _Component, found: Audit, before: Audit, k: int) -> list[int]:
    """The component's classes of which, alone or with others, something follows about fewer than `k` units.

    What follows `before`, from the cells that need fewer, is none of it.
    """
    units = partition.units[component.classes]
    isolated = {c for c in found.known if units[c] < k and c not in before.known}
    for group in found.together:
        isolated.update(_pairs(partition, units, np.array(group), found, before, k))
    own = [(p, row) for p, row in zip(found.pivots, found.reduced, strict=True) if p >= component.large]
    few = [row for _, row in own if units[row != 0].sum() < k]
    for row in few:
        if not before.derivable(row[None, :])[0]:
            isolated.update(np.flatnonzero(row).tolist())
    return sorted(isolated)


def _pairs(partition: Partition, units: Numbers, group: Numbers, found: Audit, before: Audit, k: int) -> Iterator[int]:
    """Of classes that move in proportion, those that have fewer than `k` units with some other one.

    Units may be in both classes of a pair: then there are at least as many as in the larger one.
    """
    small = group[units[group] < k]
    for at, first in enumerate(small.tolist()):
        others = small[at + 1 :]
        both = units[first] + units[others] if partition.single else np.maximum(units[first], units[others])
        others = others[both < k]
        moves = int(np.flatnonzero(found.vectors[first])[0])
        ratios = found.vectors[others, moves] * pow(int(found.vectors[first, moves]), -1, PRIME) % PRIME
        left = ratios[:, None] * before.vectors[first] % PRIME != before.vectors[others]
        others = others[left.any(axis=1)]
        yield from [first, *others.tolist()] if len(others) else []


def _releases(partition: Partition, classes: Iterable[int]) -> tuple[str, ...]:
    """The releases with a cell in which one of the classes (from 0) stands."""
    standing = np.isin(partition.classes - 1, np.array(sorted(classes), dtype=np.int64))
    owners = np.unique(partition.owner[partition.cells[standing]])
    return tuple(dict.fromkeys(partition.releases[owner] for owner in owners))
