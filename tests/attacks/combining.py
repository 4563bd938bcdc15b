"""Attacks by three answers and more: trackers, unions, margins, reconstruction.

Names of the literature: tracker (Denning & Schlörer 1980), reconstruction (Dinur & Nissim 2003).
"""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from tests.attacks.asking import Guess, difference, income, one_more
from tests.attacks.operator import Operator
from tests.attacks.world import REGIONS, Person

HALVES = 10
"""Random halves that one query of a reconstruction asks for."""
LISTED = 80
"""Persons on the list of a reconstruction."""


def tracker(op: Operator, t: Person) -> Guess:
    everyone = op.number("select count(*) from person where sick")
    left = op.number(f"select count(*) from person where sick and ({t.described} or age % 2 = 0)")
    right = op.number(f"select count(*) from person where sick and ({t.described} or age % 2 <> 0)")
    return None not in (everyone, left, right) and one_more((left or 0) + (right or 0), everyone)


def tracker_that_listens(op: Operator, t: Person) -> Guess:
    """The last of three numbers is refused where the target is one of those that they count."""
    op.number("select count(*) from person where sick")
    op.number(f"select count(*) from person where sick and ({t.described} or age % 2 = 0)")
    return op.number(f"select count(*) from person where sick and ({t.described} or age % 2 <> 0)") is None


def union_of_two_cells(op: Operator, t: Person) -> Guess:
    other = (t.region + 1) % REGIONS
    both = op.number(f"select sum(income) from person where region in ({t.region}, {other}) and not {t.described}")
    first, second = op.number(income(t)), op.number(f"select sum(income) from person where region = {other}")
    return None if first is None or second is None else difference(first + second, both)


def margins(op: Operator, t: Person) -> Guess:
    """The only small cell of a table, as what is left of its total."""
    parts = op.see(
        f"select case when {t.described} then 'target' else sex end k, sum(income) from person "
        f"where region = {t.region} group by k"
    ).rows
    shown = [float(s) for k, s in parts if s is not None and k != "target"]
    return difference(op.number(income(t)), sum(shown)) if len(shown) == 2 else None


def margins_of_a_rollup(op: Operator, t: Person) -> Guess:
    rows = op.see(
        f"select case when {t.described} then 'target' else 'rest' end k, sum(income) from person "
        f"where region = {t.region} group by rollup(k)"
    ).rows
    shown = {k: float(s) for k, s in rows if s is not None}
    return difference(shown.get(None), shown.get("rest"))


def margins_of_margins(op: Operator, t: Person) -> Guess:
    """A small cell among many, from the rows and columns of a table with both margins."""
    rows = op.see(
        f"select sex, case when {t.described} then 'target' else 'rest' end k, sum(income) from person "
        f"where region = {t.region} group by cube(sex, k)"
    ).rows
    shown = {(sex, k): float(s) for sex, k, s in rows if s is not None}
    columns = difference(shown.get((None, None)), shown.get((None, "rest")))
    return columns or difference(shown.get((t.sex, None)), shown.get((t.sex, "rest")))


def _subsets(op: Operator, source: str, key: str, persons: list[Person], knows: Callable[[Person], int]) -> list[float]:
    """Least squares over counts of random halves of `persons`, each half given by arithmetic over what is known.

    Answers what it finds of each of `persons`: near one for those who are sick, near zero for the others.
    """
    rows, counts = [], []
    chance = random.Random(1)
    for _ in range(-(-len(persons) * 5 // (4 * HALVES))):
        drawn = [(chance.randrange(3, 997), p) for p in chance.choices((1009, 1013, 1019, 1021), k=HALVES)]
        halves = [f"({key}) * {m} % {p} < {p // 2}" for m, p in drawn]
        measures = ", ".join(f"sum(case when {h} and sick then 1 else 0 end)" for h in halves)
        answer = op.see(f"select {measures} from {source}").rows
        for value, (m, p) in zip(answer[0] if answer else (), drawn, strict=False):
            if value is not None:
                rows.append([knows(q) * m % p < p // 2 for q in persons])
                counts.append(float(value))
    if not rows:
        return [0.0] * len(persons)
    solved: list[float] = np.linalg.lstsq(np.array(rows, dtype=float), np.array(counts), rcond=None)[0].tolist()
    return solved


def reconstruction(op: Operator, t: Person) -> Guess:
    """Random halves of an age group in one region, by arithmetic over what everybody knows of it."""
    there = [p for p in op.persons if p.region == t.region and abs(p.age - t.age) < 20]
    source = f"person where region = {t.region} and age > {t.age - 20} and age < {t.age + 20}"
    key = "(age * 30 + trade) * 2 + case sex when 'm' then 1 else 0 end"
    found = _subsets(op, source, key, there, lambda p: (p.age * 30 + p.trade) * 2 + (p.sex == "m"))
    return found[[p.number for p in there].index(t.number)] > 0.5


def reconstruction_by_an_own_list(op: Operator, t: Person) -> Guess:
    """Random halves of a list that the operator brought, by its own numbers: one answer for everyone in it."""
    if op.notes.get("list") is None:
        source = f"person join mine using (person_id) where n < {LISTED}"
        op.notes["list"] = _subsets(op, source, "n", list(op.persons[:LISTED]), lambda p: p.number)
    return op.notes["list"][t.number] > 0.5


def weights_of_an_own_list(op: Operator, t: Person) -> Guess:
    """Forty-eight secrets in one sum: each person of an own list counts with another power of two."""
    first = 48 * (t.number // 48)
    found = op.number(
        "select sum(case when sick then weight else 0 end)::varchar from person join mine using (person_id) "
        f"where n between {first} and {first + 47}"
    )
    return found is not None and bool(int(found) >> t.number % 48 & 1)
