"""By which ways may an operator go for one person's secret? Each attack plays with what left, and guesses.

A guess about `sick` is a bool; a guess about `income` a number, None for none. An attack that learned nothing makes
the same guess in both worlds and is wrong in one of them. Names of the literature: tracker (Denning & Schlörer 1980),
reconstruction (Dinur & Nissim 2003), refusals that tell (Kenthapadi, Mishra & Nissim 2005).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.attacks.operator import Operator
from tests.attacks.world import REGIONS, Person

Guess = bool | float | None
K = 10
"""The contributors that a cell of L3 fields needs, as everybody can read in the policies."""
HALVES = 10
"""Random halves that one query of a reconstruction asks for."""
LISTED = 80
"""Persons on the list of a reconstruction."""

OTHER_FIELDS = (
    "the firewall compares measures over the same fields alone: one more field, or DISTINCT, and it looks away"
)
TONED_DOWN = (
    "who is toned down to next to nothing is still present, and a scaled or shifted measure differs in every bucket"
)
REPEATED = (
    "presence adds up rows: where each person has several, every bucket differs and a missing person does not show"
)
COMBINED = "the firewall compares pairs (and sums within one output): what follows from three outputs is not seen"
TELLS = "what is refused depends on the secret, and the operator sees what is refused"
ALIKE = "a cell of persons who are all alike may leave"
OUTGROWN = "numbers are rounded as they are: a multiple outgrows the rounding"
WEIGHTS = "a measure may weigh each person with a number of the operator's own: one sum holds dozens of secrets"
OUTWEIGHS = (
    "how much of a count is one person's is not looked at: rows that a join repeats may outweigh everyone else's"
)
STAR = "in a self join each side is held alone against the rules, not the person on both sides together"
PENNIES = "whoever adds next to nothing, or adds and takes away the same, counts as a full contributor"


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One way: the secret that it is after, how it is played, and why it is known to succeed although it must not.

    With `by_refusals` it listens to refusals: with the checks off it has nothing to listen to.
    A `long` one takes many queries and is left to the stress run.
    An attack with `hole` is expected to succeed against the checks; whoever mends them takes the mark away.
    """

    name: str
    secret: str
    play: Callable[[Operator, Person], Guess]
    hole: str = ""
    by_refusals: bool = False
    long: bool = False


def _sick(t: Person, more: str = "true", *, what: str = "count(*)", source: str = "person") -> str:
    """How many of the target's region are sick, and `more`."""
    return f"select {what} from {source} where region = {t.region} and sick and {more}"


def _income(t: Person, what: str = "sum(income)", more: str = "true", *, source: str = "person") -> str:
    return f"select {what} from {source} where region = {t.region} and {more}"


def _one_more(whole: float | None, without: float | None) -> bool:
    """Whether the target is in the whole; nothing is concluded from a number that did not leave."""
    return whole is not None and without is not None and round(whole - without) == 1


def _difference(whole: float | None, without: float | None) -> float | None:
    return None if whole is None or without is None else whole - without


def _double(rows: int) -> str:
    return f"person, (values {', '.join(f'({i})' for i in range(rows))}) v(i)"


# -- differencing


def exclusion(op: Operator, t: Person) -> Guess:
    return _one_more(op.number(_sick(t)), op.number(_sick(t, f"not {t.described}")))


def exclusion_of_a_sum(op: Operator, t: Person) -> Guess:
    return _difference(op.number(_income(t)), op.number(_income(t, more=f"not {t.described}")))


def exclusion_in_one_output(op: Operator, t: Person) -> Guess:
    return op.number(f"select ({_income(t)}) - ({_income(t, more=f'not {t.described}')})")


def exclusion_in_one_row(op: Operator, t: Person) -> Guess:
    rows = op.see(_income(t, f"sum(income), sum(income) filter (where not {t.described})")).rows
    return _difference(*rows[0]) if rows else None


def exclusion_by_sub_query(op: Operator, t: Person) -> Guess:
    without = f"person_id in (select person_id from person where not {t.described})"
    return _difference(op.number(_income(t)), op.number(_income(t, more=without)))


def exclusion_in_a_query_per_person(op: Operator, t: Person) -> Guess:
    each = _income(t, "person_id, sum(income) s", f"not {t.described}")
    return _difference(op.number(_income(t)), op.number(f"select sum(s) from ({each} group by person_id)"))


def exclusion_by_outer_join(op: Operator, t: Person) -> Guess:
    others = f"(select person_id, income from person where not {t.described}) q"
    joined = f"person p left join {others} on p.person_id = q.person_id"
    return _difference(
        op.number(_income(t)), op.number(f"select sum(q.income) from {joined} where p.region = {t.region}")
    )


def exclusion_by_average(op: Operator, t: Person) -> Guess:
    count = op.number(_income(t, "count(*)"))
    mean = op.number(_income(t, "avg(income)", f"not {t.described}"))
    whole = op.number(_income(t))
    return None if count is None or mean is None or whole is None else whole - mean * (count - 1)


def case_in_place_of_where(op: Operator, t: Person) -> Guess:
    without = op.number(_income(t, f"sum(case when {t.described} then 0 else income end)"))
    return _difference(op.number(_income(t)), without)


def division_that_fails_for_one(op: Operator, t: Person) -> Guess:
    fails = f"1 // (case when {t.described} and sick then 0 else 1 end) is not null"
    whole = op.number(_income(t, "count(income)"))
    return _one_more(whole, op.number(_income(t, "count(income)", fails)))


def reworded_and_averaged(op: Operator, t: Person) -> Guess:
    forms = [
        f"not {t.described}",
        f"({t.described}) is false",
        f"case when {t.described} then 0 else 1 end = 1",
        f"(region <> {t.region} or age <> {t.age} or sex <> '{t.sex}' or trade <> {t.trade})",
    ]
    wholes = [op.number(_sick(t, f"age >= {i}")) for i in range(len(forms))]
    seen = [
        a - b for a, f in zip(wholes, forms, strict=True) if a is not None and (b := op.number(_sick(t, f))) is not None
    ]
    return bool(seen) and sum(seen) / len(seen) > 0.5


def colluding_operators(op: Operator, t: Person) -> Guess:
    return _difference(op.number(_income(t)), op.colleague().number(_income(t, more=f"not {t.described}")))


# -- differencing that does not look like it


def other_fields_in_the_measure(op: Operator, t: Person) -> Guess:
    return _difference(op.number(_income(t)), op.number(_income(t, "sum(income + 0 * age)", f"not {t.described}")))


def average_of_a_condition(op: Operator, t: Person) -> Guess:
    share = f"avg(case when sick then 1 + 0 * age else 0 end) from person where region = {t.region}"
    count, part = op.number(_income(t, "count(*)")), op.number(f"select {share} and not {t.described}")
    whole = op.number(_sick(t))
    return count is not None and part is not None and _one_more(whole, part * (count - 1))


def persons_against_rows(op: Operator, t: Person) -> Guess:
    whole = op.number(_sick(t, what="count(distinct person_id)"))
    return _one_more(whole, op.number(_sick(t, f"not {t.described}")))


def scaled(op: Operator, t: Person) -> Guess:
    twice = op.number(_income(t, "sum(2 * income)", f"not {t.described}"))
    return _difference(op.number(_income(t)), None if twice is None else twice / 2)


def scaled_and_toned_down(op: Operator, t: Person) -> Guess:
    twice = op.number(_income(t, f"sum(2 * case when {t.described} then 0.001 else income end)"))
    return _difference(op.number(_income(t)), None if twice is None else twice / 2)


def shifted_and_toned_down(op: Operator, t: Person) -> Guess:
    count = op.number(_income(t, "count(*)"))
    shifted = op.number(_income(t, f"sum(1 + case when {t.described} then 0 else income end)"))
    return _difference(op.number(_income(t)), None if shifted is None or count is None else shifted - count)


def rows_twice(op: Operator, t: Person) -> Guess:
    twice = op.number(_sick(t, f"not {t.described}", source=_double(2)))
    return _one_more(op.number(_sick(t)), None if twice is None else twice / 2)


def rows_twice_in_a_sum(op: Operator, t: Person) -> Guess:
    twice = op.number(_income(t, more=f"not {t.described}", source=_double(2)))
    return _difference(op.number(_income(t)), None if twice is None else twice / 2)


def everyone_with_everyone(op: Operator, t: Person) -> Guess:
    pairs = "person a join person b on a.region = b.region"
    without = t.described.replace("(", "(b.").replace(" and ", " and b.")
    other = without.replace("b.", "a.")
    found = op.number(
        f"select count(*) from {pairs} where a.region = {t.region} and a.sick and not {without} and not {other}"
    )
    count, whole = op.number(_income(t, "count(*)")), op.number(_sick(t))
    return found is not None and count is not None and _one_more(whole, found / (count - 1))


# -- three answers and more


def tracker(op: Operator, t: Person) -> Guess:
    everyone = op.number("select count(*) from person where sick")
    left = op.number(f"select count(*) from person where sick and ({t.described} or age % 2 = 0)")
    right = op.number(f"select count(*) from person where sick and ({t.described} or age % 2 <> 0)")
    return None not in (everyone, left, right) and _one_more((left or 0) + (right or 0), everyone)


def union_of_two_cells(op: Operator, t: Person) -> Guess:
    other = (t.region + 1) % REGIONS
    both = op.number(f"select sum(income) from person where region in ({t.region}, {other}) and not {t.described}")
    first, second = op.number(_income(t)), op.number(f"select sum(income) from person where region = {other}")
    return None if first is None or second is None else _difference(first + second, both)


def margins(op: Operator, t: Person) -> Guess:
    """The only small cell of a table, as what is left of its total."""
    parts = op.see(
        f"select case when {t.described} then 'target' else sex end k, sum(income) from person "
        f"where region = {t.region} group by k"
    ).rows
    shown = [float(s) for k, s in parts if s is not None and k != "target"]
    return _difference(op.number(_income(t)), sum(shown)) if len(shown) == 2 else None


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


# -- refusals and suppressed cells that tell


def what_the_firewall_stops(op: Operator, t: Person) -> Guess:
    op.see(_sick(t))
    return op.see(_sick(t, f"not {t.described}")).stopped > 0


def how_many_cells_are_suppressed(op: Operator, t: Person) -> Guess:
    return (
        op.see(f"select {t.described} k, count(*) from person where region = {t.region} and sick group by k").suppressed
        > 0
    )


def one_who_dominates_if_sick(op: Operator, t: Person) -> Guess:
    measure = f"sum(case when {t.described} and sick then 1000000 else 1 end)"
    return op.number(_income(t, measure)) is None


def one_who_completes_a_cell(op: Operator, t: Person) -> Guess:
    """A set of K - 1 persons, known from a table of what everybody may count, and the target if it is sick."""
    cells = op.see("select region, trade, count(*) from person group by all").rows
    few = next(((r, d) for r, d, n in sorted(cells) if n == K - 1 and r != t.region), None)
    if few is None:
        return False
    view = op.see(
        f"select count(income) from person where (region = {few[0]} and trade = {few[1]}) or ({t.described} and sick)"
    )
    return "few-contributors" not in view.verdicts


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
        f"select count(*) from {_double(200)} where region = {t.region} and sick and ({t.described} or i = 0)"
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
    return op.number(_income(t, f"sum(case when {t.described} then income else 0.0001 end)"))


def padded_with_what_cancels(op: Operator, t: Person) -> Guess:
    """Every person adds and takes away the same, but for the target."""
    signed = f"sum(case when i = 1 then income when {t.described} then 0 else -income end)"
    return op.number(_income(t, signed, source="person, (values (1), (2)) v(i)"))


def _friends(op: Operator, t: Person) -> tuple[list[Person], str]:
    """Two persons of the target's region with high incomes, which they told the operator."""
    near = sorted((p for p in op.persons if p.region == t.region and p is not t), key=lambda p: -p.income)[:2]
    return near, f"({' or '.join(p.described for p in (t, *near))})"


def pennies_and_two_friends(op: Operator, t: Person) -> Guess:
    friends, three = _friends(op, t)
    found = op.number(_income(t, f"sum(case when {three} then income else 0.0001 end)"))
    return _difference(found, sum(p.income for p in friends))


def what_cancels_and_two_friends(op: Operator, t: Person) -> Guess:
    friends, three = _friends(op, t)
    signed = f"sum(case when i = 1 then income when {three} then 0 else -income end)"
    found = op.number(_income(t, signed, source="person, (values (1), (2)) v(i)"))
    return _difference(found, sum(p.income for p in friends))


def rounding_outgrown(op: Operator, t: Person) -> Guess:
    """Numbers of the strictest level are rounded to tens: ten rows per person make a ten of each."""
    stem = f"where region = {t.region} and dosed"
    whole = op.number(f"select count(*) from {_double(10)} {stem}")
    without = op.number(f"select count(*) from {_double(20)} {stem} and not {t.described}")
    return _one_more(None if whole is None else whole / 10, None if without is None else without / 20)


def rounding_averaged(op: Operator, t: Person) -> Guess:
    """The same number again and again, in the hope that it is rounded another way."""
    stem = f"select count(*) from person where region = {t.region} and dosed"
    wholes = [n for i in range(3) if (n := op.number(f"{stem} and age >= {i}")) is not None]
    parts = [n for i in range(3) if (n := op.number(f"{stem} and not {t.described} and age >= {i}")) is not None]
    return bool(wholes and parts) and round(sum(wholes) / len(wholes) - sum(parts) / len(parts)) == 1


def _attack(
    play: Callable[[Operator, Person], Guess],
    secret: str,
    hole: str = "",
    *,
    by_refusals: bool = False,
    long: bool = False,
) -> Attack:
    name = play.__name__.replace("_", " ")
    return Attack(name=name, secret=secret, play=play, hole=hole, by_refusals=by_refusals, long=long)


ATTACKS = (
    _attack(exclusion, "sick"),
    _attack(exclusion_of_a_sum, "income"),
    _attack(exclusion_in_one_output, "income"),
    _attack(exclusion_in_one_row, "income"),
    _attack(exclusion_by_sub_query, "income"),
    _attack(exclusion_by_average, "income"),
    _attack(case_in_place_of_where, "income"),
    _attack(division_that_fails_for_one, "sick"),
    _attack(reworded_and_averaged, "sick"),
    _attack(colluding_operators, "income"),
    _attack(other_fields_in_the_measure, "income", OTHER_FIELDS),
    _attack(average_of_a_condition, "sick", OTHER_FIELDS),
    _attack(persons_against_rows, "sick", OTHER_FIELDS),
    _attack(scaled, "income"),
    _attack(scaled_and_toned_down, "income", TONED_DOWN),
    _attack(shifted_and_toned_down, "income", TONED_DOWN),
    _attack(rows_twice, "sick", REPEATED),
    _attack(rows_twice_in_a_sum, "income", REPEATED),
    _attack(everyone_with_everyone, "sick", REPEATED),
    _attack(tracker, "sick", COMBINED),
    _attack(union_of_two_cells, "income", COMBINED),
    _attack(margins, "income"),
    _attack(reconstruction, "sick", COMBINED, long=True),
    _attack(reconstruction_by_an_own_list, "sick", COMBINED),
    _attack(weights_of_an_own_list, "sick", WEIGHTS),
    _attack(what_the_firewall_stops, "sick", TELLS, by_refusals=True),
    _attack(how_many_cells_are_suppressed, "sick", TELLS, by_refusals=True),
    _attack(one_who_dominates_if_sick, "sick", TELLS, by_refusals=True),
    _attack(one_who_completes_a_cell, "sick", TELLS, by_refusals=True),
    _attack(everyone_alike, "sick", ALIKE),
    _attack(cell_of_one, "income"),
    _attack(cell_by_its_keys, "income"),
    _attack(average_of_one, "income"),
    _attack(filter_of_one, "income"),
    _attack(bisection_by_having, "income"),
    _attack(limit_of_an_inner_query, "sick"),
    _attack(order_of_two_cells, "sick"),
    _attack(label_of_a_cell, "sick"),
    _attack(distinct_label, "income"),
    _attack(count_distinct_of_one, "sick"),
    _attack(padded_with_own_rows, "income"),
    _attack(padded_with_other_persons, "income"),
    _attack(rows_that_outweigh, "sick", OUTWEIGHS),
    _attack(star_around_one, "income", STAR),
    _attack(padded_with_pennies, "income"),
    _attack(padded_with_what_cancels, "income"),
    _attack(pennies_and_two_friends, "income", PENNIES),
    _attack(what_cancels_and_two_friends, "income", PENNIES),
    _attack(exclusion_in_a_query_per_person, "income"),
    _attack(exclusion_by_outer_join, "income"),
    _attack(rounding_outgrown, "sick", OUTGROWN),
    _attack(rounding_averaged, "sick"),
)
