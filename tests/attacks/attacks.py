"""By which ways may an operator go for one person's secret? Each attack plays with what left, and guesses.

A guess about `sick` is a bool; a guess about `income` a number, None for none. An attack that learned nothing makes
the same guess in both worlds and is wrong in one of them. Names of the literature: tracker (Denning & Schlörer 1980),
reconstruction (Dinur & Nissim 2003), refusals that tell (Kenthapadi, Mishra & Nissim 2005).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.attacks import cells, combining, differencing
from tests.attacks.asking import Guess
from tests.attacks.operator import Operator
from tests.attacks.world import Person

LISTENS = "the audit of combinations looks at who is in the cells, which is a secret, and so its refusal tells it"
APART = "rows of persons, of their visits and of groups of those are counted apart: one person fewer does not show"


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
    _attack(differencing.exclusion, "sick"),
    _attack(differencing.exclusion_of_a_sum, "income"),
    _attack(differencing.exclusion_in_one_output, "income"),
    _attack(differencing.exclusion_in_one_row, "income"),
    _attack(differencing.exclusion_by_sub_query, "income"),
    _attack(differencing.exclusion_by_average, "income"),
    _attack(differencing.case_in_place_of_where, "income"),
    _attack(differencing.division_that_fails_for_one, "sick"),
    _attack(differencing.reworded_and_averaged, "sick"),
    _attack(differencing.colluding_operators, "income"),
    _attack(differencing.other_fields_in_the_measure, "income"),
    _attack(differencing.average_of_a_condition, "sick"),
    _attack(differencing.persons_against_rows, "sick"),
    _attack(differencing.scaled, "income"),
    _attack(differencing.scaled_and_toned_down, "income"),
    _attack(differencing.shifted_and_toned_down, "income"),
    _attack(differencing.rows_twice, "sick"),
    _attack(differencing.rows_twice_in_a_sum, "income"),
    _attack(differencing.everyone_with_everyone, "sick"),
    _attack(combining.tracker, "sick"),
    _attack(combining.tracker_that_listens, "sick", LISTENS, by_refusals=True),
    _attack(combining.union_of_two_cells, "income"),
    _attack(combining.margins, "income"),
    _attack(combining.margins_of_a_rollup, "income"),
    _attack(combining.margins_of_margins, "income"),
    _attack(combining.reconstruction, "sick", long=True),
    _attack(combining.reconstruction_by_an_own_list, "sick"),
    _attack(combining.weights_of_an_own_list, "sick"),
    _attack(cells.what_the_firewall_stops, "sick", by_refusals=True),
    _attack(cells.how_many_cells_are_suppressed, "sick", by_refusals=True),
    _attack(cells.one_who_dominates_if_sick, "sick", by_refusals=True),
    _attack(cells.one_who_completes_a_cell, "sick", by_refusals=True),
    _attack(cells.everyone_alike, "sick"),
    _attack(cells.cell_of_one, "income"),
    _attack(cells.cell_by_its_keys, "income"),
    _attack(cells.average_of_one, "income"),
    _attack(cells.filter_of_one, "income"),
    _attack(cells.bisection_by_having, "income"),
    _attack(cells.limit_of_an_inner_query, "sick"),
    _attack(cells.order_of_two_cells, "sick"),
    _attack(cells.label_of_a_cell, "sick"),
    _attack(cells.distinct_label, "income"),
    _attack(cells.count_distinct_of_one, "sick"),
    _attack(cells.padded_with_own_rows, "income"),
    _attack(cells.padded_with_other_persons, "income"),
    _attack(cells.rows_that_outweigh, "sick"),
    _attack(cells.star_around_one, "income"),
    _attack(cells.padded_with_pennies, "income"),
    _attack(cells.padded_with_what_cancels, "income"),
    _attack(cells.pennies_and_two_friends, "income"),
    _attack(cells.what_cancels_and_two_friends, "income"),
    _attack(differencing.exclusion_in_a_query_per_person, "income"),
    _attack(differencing.exclusion_by_outer_join, "income"),
    _attack(differencing.exclusion_in_a_query_per_person_of_visits, "income", APART),
    _attack(differencing.exclusion_in_one_output_of_visits, "income", APART),
    _attack(differencing.persons_by_their_visits, "sick"),
    _attack(differencing.visits_in_place_of_persons, "sick", APART),
    _attack(differencing.groups_in_place_of_persons, "sick"),
    _attack(cells.rounding_outgrown, "sick"),
    _attack(cells.rounding_averaged, "sick"),
)
