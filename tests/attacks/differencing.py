"""Attacks by differencing: two answers that differ in the target, plainly or in a way that does not look like it."""

from __future__ import annotations

from tests.attacks.asking import Guess, difference, double, income, one_more, sick
from tests.attacks.operator import Operator
from tests.attacks.world import Person

# -- differencing


def exclusion(op: Operator, t: Person) -> Guess:
    return one_more(op.number(sick(t)), op.number(sick(t, f"not {t.described}")))


def exclusion_of_a_sum(op: Operator, t: Person) -> Guess:
    return difference(op.number(income(t)), op.number(income(t, more=f"not {t.described}")))


def exclusion_in_one_output(op: Operator, t: Person) -> Guess:
    return op.number(f"select ({income(t)}) - ({income(t, more=f'not {t.described}')})")


def exclusion_in_one_row(op: Operator, t: Person) -> Guess:
    rows = op.see(income(t, f"sum(income), sum(income) filter (where not {t.described})")).rows
    return difference(*rows[0]) if rows else None


def exclusion_by_sub_query(op: Operator, t: Person) -> Guess:
    without = f"person_id in (select person_id from person where not {t.described})"
    return difference(op.number(income(t)), op.number(income(t, more=without)))


def exclusion_in_a_query_per_person(op: Operator, t: Person) -> Guess:
    each = income(t, "person_id, sum(income) s", f"not {t.described}")
    return difference(op.number(income(t)), op.number(f"select sum(s) from ({each} group by person_id)"))


def exclusion_by_outer_join(op: Operator, t: Person) -> Guess:
    others = f"(select person_id, income from person where not {t.described}) q"
    joined = f"person p left join {others} on p.person_id = q.person_id"
    return difference(
        op.number(income(t)), op.number(f"select sum(q.income) from {joined} where p.region = {t.region}")
    )


def exclusion_by_average(op: Operator, t: Person) -> Guess:
    count = op.number(income(t, "count(*)"))
    mean = op.number(income(t, "avg(income)", f"not {t.described}"))
    whole = op.number(income(t))
    return None if count is None or mean is None or whole is None else whole - mean * (count - 1)


def case_in_place_of_where(op: Operator, t: Person) -> Guess:
    without = op.number(income(t, f"sum(case when {t.described} then 0 else income end)"))
    return difference(op.number(income(t)), without)


def division_that_fails_for_one(op: Operator, t: Person) -> Guess:
    fails = f"1 // (case when {t.described} and sick then 0 else 1 end) is not null"
    whole = op.number(income(t, "count(income)"))
    return one_more(whole, op.number(income(t, "count(income)", fails)))


def reworded_and_averaged(op: Operator, t: Person) -> Guess:
    forms = [
        f"not {t.described}",
        f"({t.described}) is false",
        f"case when {t.described} then 0 else 1 end = 1",
        f"(region <> {t.region} or age <> {t.age} or sex <> '{t.sex}' or trade <> {t.trade})",
    ]
    wholes = [op.number(sick(t, f"age >= {i}")) for i in range(len(forms))]
    seen = [
        a - b for a, f in zip(wholes, forms, strict=True) if a is not None and (b := op.number(sick(t, f))) is not None
    ]
    return bool(seen) and sum(seen) / len(seen) > 0.5


def colluding_operators(op: Operator, t: Person) -> Guess:
    return difference(op.number(income(t)), op.colleague().number(income(t, more=f"not {t.described}")))


# -- differencing that does not look like it


def other_fields_in_the_measure(op: Operator, t: Person) -> Guess:
    return difference(op.number(income(t)), op.number(income(t, "sum(income + 0 * age)", f"not {t.described}")))


def average_of_a_condition(op: Operator, t: Person) -> Guess:
    share = f"avg(case when sick then 1 + 0 * age else 0 end) from person where region = {t.region}"
    count, part = op.number(income(t, "count(*)")), op.number(f"select {share} and not {t.described}")
    whole = op.number(sick(t))
    return count is not None and part is not None and one_more(whole, part * (count - 1))


def persons_against_rows(op: Operator, t: Person) -> Guess:
    whole = op.number(sick(t, what="count(distinct person_id)"))
    return one_more(whole, op.number(sick(t, f"not {t.described}")))


def scaled(op: Operator, t: Person) -> Guess:
    twice = op.number(income(t, "sum(2 * income)", f"not {t.described}"))
    return difference(op.number(income(t)), None if twice is None else twice / 2)


def scaled_and_toned_down(op: Operator, t: Person) -> Guess:
    twice = op.number(income(t, f"sum(2 * case when {t.described} then 0.001 else income end)"))
    return difference(op.number(income(t)), None if twice is None else twice / 2)


def shifted_and_toned_down(op: Operator, t: Person) -> Guess:
    count = op.number(income(t, "count(*)"))
    shifted = op.number(income(t, f"sum(1 + case when {t.described} then 0 else income end)"))
    return difference(op.number(income(t)), None if shifted is None or count is None else shifted - count)


def rows_twice(op: Operator, t: Person) -> Guess:
    twice = op.number(sick(t, f"not {t.described}", source=double(2)))
    return one_more(op.number(sick(t)), None if twice is None else twice / 2)


def rows_twice_in_a_sum(op: Operator, t: Person) -> Guess:
    twice = op.number(income(t, more=f"not {t.described}", source=double(2)))
    return difference(op.number(income(t)), None if twice is None else twice / 2)


def everyone_with_everyone(op: Operator, t: Person) -> Guess:
    pairs = "person a join person b on a.region = b.region"
    without = t.described.replace("(", "(b.").replace(" and ", " and b.")
    other = without.replace("b.", "a.")
    found = op.number(
        f"select count(*) from {pairs} where a.region = {t.region} and a.sick and not {without} and not {other}"
    )
    count, whole = op.number(income(t, "count(*)")), op.number(sick(t))
    return found is not None and count is not None and one_more(whole, found / (count - 1))


# -- differencing between tables: everybody has two visits, and the incomes of both are those of the person

_VISITS = "visit join person using (person_id)"


def _per_person(t: Person) -> str:
    """The income of each person but the target, by its visits."""
    each = income(t, "person_id, sum(earned) s", f"not {t.described}", source=_VISITS)
    return f"select sum(s) s from ({each} group by person_id)"


def exclusion_in_a_query_per_person_of_visits(op: Operator, t: Person) -> Guess:
    return difference(op.number(income(t, "sum(earned)", source=_VISITS)), op.number(_per_person(t)))


def exclusion_in_one_output_of_visits(op: Operator, t: Person) -> Guess:
    whole = income(t, "sum(earned) s", source=_VISITS)
    return op.number(f"select a.s - b.s from ({whole}) a, ({_per_person(t)}) b")


def persons_by_their_visits(op: Operator, t: Person) -> Guess:
    persons = sick(t, f"not {t.described}", what="count(distinct person_id)", source=_VISITS)
    return one_more(op.number(sick(t)), op.number(persons))


def visits_in_place_of_persons(op: Operator, t: Person) -> Guess:
    visits = op.number(sick(t, f"not {t.described}", source=_VISITS))
    return one_more(op.number(sick(t)), None if visits is None else visits / 2)


def groups_in_place_of_persons(op: Operator, t: Person) -> Guess:
    each = sick(t, f"not {t.described}", what="person_id", source=_VISITS)
    return one_more(op.number(sick(t)), op.number(f"select count(*) from ({each} group by person_id)"))
