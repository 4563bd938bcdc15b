"""What does one row give to a measure? As SQL: does it count, how much, by which content, and how parts add up."""

from __future__ import annotations

from sqlglot import exp

from app.query.facts import UNKNOWN, Facts
from app.query.frontier import SUMS, Measure
from app.query.guarded import total_sql

COUNTS = frozenset({"count", "count_if", "countif"})
CONDITIONS = frozenset({"count_if", "countif"})
NETS = frozenset({"sum", "fsum", "kahan_sum", "sumkahan"})
"""Functions in which a unit whose rows cancel takes no part."""

_TOTALS = {
    "count": "CAST(coalesce(sum({part}), 0) AS BIGINT)",
    "count_if": "sum({part})",
    "countif": "sum({part})",
    "sum": "sum({part})",
    "min": "min({part})",
    "max": "max({part})",
}
"""Function → how the results over disjoint sets of rows make the result over all of them, with the same type."""


def changes(measure: Measure, facts: Facts = UNKNOWN) -> str:
    """SQL: could the measure be another without this row? A zero is nothing to a sum, but it lowers an average."""
    return _met(measure, facts, zeros=measure.function not in NETS)


def contributes(measure: Measure, facts: Facts = UNKNOWN) -> str:
    """SQL: does this row's unit contribute to the measure through it? "TRUE" when every row does."""
    return _met(measure, facts, zeros=measure.function not in SUMS)


def _met(measure: Measure, facts: Facts, *, zeros: bool) -> str:
    conditions = [f"coalesce({total_sql(measure.condition)}, FALSE)"] if measure.condition is not None else []
    if measure.argument is not None:
        argument = f"({total_sql(measure.argument)})"
        if measure.function in CONDITIONS:
            conditions.append(f"coalesce({argument}, FALSE)")
        elif not facts.nonzero(measure.argument):
            conditions += [f"{argument} IS NOT NULL"] if not facts.never_null(measure.argument) else []
            conditions += [f"{argument} <> 0"] if not zeros else []
    return " AND ".join(conditions) or "TRUE"


def condition(measure: Measure) -> str | None:
    """SQL: does this row meet the FILTER of the measure, or what it counts? None when it asks for nothing."""
    asked = [measure.condition] if measure.condition is not None else []
    asked += [measure.argument] if measure.argument is not None and measure.function in CONDITIONS else []
    return " AND ".join(f"coalesce({total_sql(a)}, FALSE)" for a in asked) or None


def value(measure: Measure, facts: Facts = UNKNOWN) -> str:
    """SQL: what this row adds to a sum, as DOUBLE; NULL when it adds nothing."""
    added = f"CAST(({total_sql(measure.argument)}) AS DOUBLE)" if measure.argument is not None else "1"
    counts = contributes(measure, facts)
    return added if counts == "TRUE" else f"CASE WHEN {counts} THEN {added} END"


def total(measure: Measure, facts: Facts = UNKNOWN) -> str:
    """SQL: the sum of what rows add, as DOUBLE; of a plain sum it is the measure itself, which is there anyhow."""
    if measure.function in ("sum", "avg", "mean") and not measure.distinct and measure.argument is not None:
        return f"CAST({total_sql(_in_place(measure, exp.Sum))} AS DOUBLE)"
    return f"sum({value(measure, facts)})"


def content(measure: Measure, tag: str) -> str | None:
    """SQL: the hash that tells contributions of the unit `tag` apart; None: that of the tag, so equal counts are equal.

    A number that counts as 1 has the content of a counted row: the sum of ones over some rows is their count.
    """
    counted = measure.function in COUNTS and not measure.distinct
    if counted or measure.argument is None:
        return f"hash({tag}, 1)" if measure.family else None
    argument = f"({total_sql(measure.argument)})"
    whole = f"hash({tag}, {argument})"
    return whole if measure.family else f"CASE WHEN {argument} = 1 THEN hash({tag}) ELSE {whole} END"


def parts(measure: Measure, name: str) -> tuple[list[str], str] | None:
    """SQL of the partial results of a measure as columns `name`…, and of the total of them; None: it has no parts."""
    if measure.distinct:
        return None
    if measure.function in ("avg", "mean") and measure.argument is not None:
        count, whole = f"{name}_n", f"{name}_s"
        columns = [
            f"{total_sql(_in_place(measure, exp.Sum))} AS {whole}",
            f"{total_sql(_in_place(measure, exp.Count))} AS {count}",
        ]
        return columns, f"CAST(sum({whole}) AS DOUBLE) / nullif(sum({count}), 0)"
    if measure.function not in _TOTALS:
        return None
    return [f"{total_sql(measure.call)} AS {name}"], _TOTALS[measure.function].format(part=name)


def _in_place(measure: Measure, function: type[exp.Sum | exp.Count]) -> exp.Expr:
    """The call of a measure with another function of the same argument, filter and marks."""
    call = measure.call.copy()
    base = call.this if isinstance(call, exp.Filter) else call
    argument = measure.argument.copy() if measure.argument is not None else exp.Star()
    other = function(this=argument)
    other.meta.update(base.meta)
    if base is call:
        return other
    base.replace(other)
    return call
