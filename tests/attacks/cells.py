"""Attacks by single cells: what is refused or suppressed, cells of one, padding, rounding.

Refusals that tell: Kenthapadi, Mishra & Nissim 2005.
"""

from __future__ import annotations

import math

from tests.attacks.asking import Guess, K, difference, double, income, one_more, sick
from tests.attacks.operator import Operator
from tests.attacks.world import Person

# -- refusals and suppressed cells that tell


def what_the_firewall_stops(op: Operator, t: Person) -> Guess:
    op.see(sick(t))
    return op.number(sick(t, f"not {t.described}")) is None


def how_many_cells_are_suppressed(op: Operator, t: Person) -> Guess:
    return (
        op.see(f"select {t.described} k, count(*) from person where region = {t.region} and sick group by k").suppressed
        > 0
    )


def one_who_dominates_if_sick(op: Operator, t: Person) -> Guess:
    """A measure that goes to people: what was taken out of it is told before they have looked."""
    view = op.see(income(t, f"sum(case when {t.described} and sick then 1000000 else 1 end)"))
    return view.suppressed > 0 or "dominated" in view.verdicts


def one_who_completes_a_cell(op: Operator, t: Person) -> Guess:
    """A set of K - 1 persons, known from a table of what everybody may count, and the target if it is sick."""
    cells = op.see("select region, trade, count(*) from person group by all").rows
    few = next(((r, d) for r, d, n in sorted(cells) if n == K - 1 and r != t.region), None)
    if few is None:
        return False
    view = op.see(
        f"select count(income) from person where (region = {few[0]} and trade = {few[1]}) or ({t.described} and sick)"
    )
    return view.number is not None


def everyone_alike(op: Operator, t: Person) -> Guess:
    """All of the target's trade have the same secret: no small cell tells it, the cell of everybody does."""
    everyone = op.number(f"select count(*) from person where trade = {t.trade}")
    return (
        everyone is not None and op.number(f"select count(*) from person where trade = {t.trade} and sick") == everyone
    )


# -- cells of one


def cell_of_one(op: Operator, t: Person) -> Guess:
    return op.number(f"select sum(income) from person where {t.described}")


def cell_by_its_keys(op: Operator, t: Person) -> Guess:
    rows = op.see("select region, age, sex, trade, sum(income) from person group by all").rows
    return next((float(s) for *keys, s in rows if keys == [t.region, t.age, t.sex, t.trade] and s is not None), None)


def average_of_one(op: Operator, t: Person) -> Guess:
    return op.number(f"select avg(income) from person where {t.described}")


def filter_of_one(op: Operator, t: Person) -> Guess:
    return op.number(f"select sum(income) filter (where {t.described}) from person")


def bisection_by_having(op: Operator, t: Person) -> Guess:
    low, high = 5_000.0, 100_000.0
    for _ in range(6):
        middle = math.sqrt(low * high)
        cell = f"select region from person where {t.described} group by region having sum(income) > {middle:.0f}"
        low, high = (middle, high) if op.see(cell).rows else (low, middle)
    return math.sqrt(low * high)


def limit_of_an_inner_query(op: Operator, t: Person) -> Guess:
    inner = f"select trade from person where {t.described} and sick group by trade order by count(*) limit 1"
    return op.number(f"select count(*) from ({inner})") == 1


def order_of_two_cells(op: Operator, t: Person) -> Guess:
    """Whether the target's cell comes before the cell of everyone else's thirds."""
    rows = op.see(
        f"select case when {t.described} then 'target' else 'rest' end k, avg(case when sick then 1 else 0 end) a "
        f"from person where region = {t.region} group by k order by a desc"
    ).rows
    return tuple(k for k, _ in rows) == ("target", "rest")


def label_of_a_cell(op: Operator, t: Person) -> Guess:
    rows = op.see(f"select sick, count(*) from person where {t.described} group by sick").rows
    return any(bool(label) for label, _ in rows)


def distinct_label(op: Operator, t: Person) -> Guess:
    rows = op.see(f"select distinct income from person where {t.described}").rows
    return float(rows[0][0]) if rows else None


def count_distinct_of_one(op: Operator, t: Person) -> Guess:
    return op.number(f"select count(distinct case when sick then region end) from person where {t.described}") == 1


def padded_with_own_rows(op: Operator, t: Person) -> Guess:
    found = op.number(f"select sum(income) from person, mine where {t.described}")
    return None if found is None else found / len(op.persons)


def padded_with_other_persons(op: Operator, t: Person) -> Guess:
    """One row per pair of the target with anybody: many persons, but one of them in every row."""
    mine = t.described.replace("(", "(a.").replace(" and ", " and a.")
    return op.number(f"select avg(a.income) from person a join person b on a.region = b.region where {mine}")


def rows_that_outweigh(op: Operator, t: Person) -> Guess:
    """The target, if it is sick, has two hundred rows, everyone else in the region has one."""
    found = op.number(
        f"select count(*) from {double(200)} where region = {t.region} and sick and ({t.described} or i = 0)"
    )
    return found is not None and found >= 200


def star_around_one(op: Operator, t: Person) -> Guess:
    """Pairs of persons, each with the target on one side: either side has many persons, every row is about one."""
    one, other = (t.described.replace("(", f"({s}.").replace(" and ", f" and {s}.") for s in "ab")
    star = f"person a join person b on a.region = b.region where ({one} or {other}) and not ({one} and {other})"
    found = op.number(f"select sum(case when {one} then a.income else b.income end) from {star}")
    pairs = op.number(f"select count(*) from {star}")
    return found / pairs if found and pairs else None


def padded_with_pennies(op: Operator, t: Person) -> Guess:
    return op.number(income(t, f"sum(case when {t.described} then income else 0.0001 end)"))


def padded_with_what_cancels(op: Operator, t: Person) -> Guess:
    """Every person adds and takes away the same, but for the target."""
    signed = f"sum(case when i = 1 then income when {t.described} then 0 else -income end)"
    return op.number(income(t, signed, source="person, (values (1), (2)) v(i)"))


def _friends(op: Operator, t: Person) -> tuple[list[Person], str]:
    """Two persons of the target's region with high incomes, which they told the operator."""
    near = sorted((p for p in op.persons if p.region == t.region and p is not t), key=lambda p: -p.income)[:2]
    return near, f"({' or '.join(p.described for p in (t, *near))})"


def pennies_and_two_friends(op: Operator, t: Person) -> Guess:
    friends, three = _friends(op, t)
    found = op.number(income(t, f"sum(case when {three} then income else 0.0001 end)"))
    return difference(found, sum(p.income for p in friends))


def what_cancels_and_two_friends(op: Operator, t: Person) -> Guess:
    friends, three = _friends(op, t)
    signed = f"sum(case when i = 1 then income when {three} then 0 else -income end)"
    found = op.number(income(t, signed, source="person, (values (1), (2)) v(i)"))
    return difference(found, sum(p.income for p in friends))


def rounding_outgrown(op: Operator, t: Person) -> Guess:
    """Numbers of the strictest level are rounded to tens: ten rows per person make a ten of each."""
    stem = f"where region = {t.region} and dosed"
    whole = op.number(f"select count(*) from {double(10)} {stem}")
    without = op.number(f"select count(*) from {double(20)} {stem} and not {t.described}")
    return one_more(None if whole is None else whole / 10, None if without is None else without / 20)


def rounding_averaged(op: Operator, t: Person) -> Guess:
    """The same number again and again, in the hope that it is rounded another way."""
    stem = f"select count(*) from person where region = {t.region} and dosed"
    wholes = [n for i in range(3) if (n := op.number(f"{stem} and age >= {i}")) is not None]
    parts = [n for i in range(3) if (n := op.number(f"{stem} and not {t.described} and age >= {i}")) is not None]
    return bool(wholes and parts) and round(sum(wholes) / len(wholes) - sum(parts) / len(parts)) == 1
