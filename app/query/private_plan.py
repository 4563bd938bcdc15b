"""Which noise does a query with differential privacy need, and how is its epsilon split? Frontiers → private frontiers.

Every number of every cell takes a part of the epsilon of the job by its weight; parts add up to the whole. What has no
bound that one unit could move it by is refused, with its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from math import exp as power_of_e

from sqlglot import exp

from app.domain.errors import Finding, Refusal
from app.domain.privacy import (
    CELLS,
    CONTRIBUTORS,
    COUNT,
    SUM,
    NoiseColumn,
    Privacy,
    PrivateFrontier,
    PrivateRun,
    tail,
)
from app.domain.proofs import Analysis
from app.domain.rules import LevelRule
from app.domain.values import DatasetKind
from app.query.bounds import Bounds, sources_of
from app.query.equality import Equalities, key_of
from app.query.frontier import Frontier, Measure
from app.query.govern import Governed
from app.query.parse import position
from app.query.private import SUMMED, Prefix, PrivateSql, Share

COUNTS = frozenset({"count", "count_if", "countif"})
WEIGHTS = {CELLS: 1, CONTRIBUTORS: 4, COUNT: 4, SUM: 4}
"""How much of the epsilon a column of noise takes. The number of cells can be noisy: it is only held against a cap."""
HARMLESS = frozenset({"measure-transform", "measure-pieces", "rows-repeated"})
"""Reasons for review that are about a measure's values alone, or the number of a unit's own rows, which bounds cut. Any
other one says that rows hang on other units' rows, as ranks and LIMIT make them: then one unit could move any number of
them, and no noise is enough."""
GRID = 9
"""A row's bounds are at most 10^9 steps of the grid away from zero: far below what a DOUBLE holds exactly."""


def privately(
    analysis: Analysis, governed: Governed, rule: LevelRule, privacy: Privacy, prefix: Prefix
) -> tuple[list[PrivateSql], PrivateRun]:
    """Every frontier of a governed query with noise, and what the run costs.

    Raises Refusal "dp-…" with every measure that has no bound, frontiers of several units, rows that hang on those of
    other units, and "dp-split-too-fine" when there are so many numbers that the noise of the number of cells hides it.
    """
    bounds = Bounds(datasets={d.name.lower(): d for d in analysis.datasets}, ctes=dict(governed.ctes))
    findings = [f for frontier in governed.frontiers for f in _findings(frontier, bounds, analysis.sql)]
    told = {f.position for f in findings}
    findings += [
        Finding(code="dp-dependent-rows", position=reason.position)
        for reason in governed.reasons
        if reason.code not in HARMLESS and reason.position not in told
    ]
    if findings:
        raise Refusal(*dict.fromkeys(findings))
    shares = [tuple(share(m, f, bounds, privacy) for m in f.measures) for f in governed.frontiers]
    wanted = [_columns(f, s, privacy) for f, s in zip(governed.frontiers, shares, strict=True)]
    total = sum(WEIGHTS[what] for columns in wanted for what, _, _ in columns)
    found, first = [], 0
    for frontier, own, columns in zip(governed.frontiers, shares, wanted, strict=True):
        priced = tuple(
            NoiseColumn(
                what=what, measure=j, sensitivity=most, epsilon=Fraction(privacy.epsilon) * WEIGHTS[what] / total
            )
            for what, j, most in columns
        )
        outline = _outline(frontier, own, priced, first, privacy, rule.contributors, len(governed.frontiers))
        found.append(
            PrivateSql(
                frontier=frontier,
                outline=outline,
                rule=rule,
                shares=own,
                cells_per_unit=privacy.cells_per_unit,
                prefix=prefix,
            )
        )
        first += len(priced)
    run = PrivateRun(
        epsilon=privacy.epsilon,
        delta=privacy.delta,
        cells=privacy.cells,
        datasets=tuple(d.name for d in analysis.datasets if d.units and d.kind is DatasetKind.PUBLIC),
        frontiers=tuple(f.outline for f in found),
    )
    return found, run


def _outline(
    frontier: Frontier,
    shares: tuple[Share, ...],
    columns: tuple[NoiseColumn, ...],
    first: int,
    privacy: Privacy,
    contributors: int,
    frontiers: int,
) -> PrivateFrontier:
    by = {c.what: c for c in columns if c.measure is None}
    delta = float(privacy.delta) / frontiers
    number = by[CELLS]
    most_cells = privacy.cells - tail(number.scale, delta * power_of_e(-float(number.epsilon)))
    if most_cells < privacy.cells // 2:
        raise Refusal("dp-split-too-fine", epsilon=privacy.epsilon, frontiers=frontiers)
    return PrivateFrontier(
        number=frontier.number,
        unit=frontier.units[0].type,
        measures=tuple(m.call.sql("duckdb") for m in frontier.measures),
        columns=columns,
        first=first,
        threshold=contributors + tail(by[CONTRIBUTORS].scale, delta / privacy.cells_per_unit),
        most_cells=most_cells,
        steps=tuple(s.step for s in shares),
    )


def _columns(frontier: Frontier, shares: tuple[Share, ...], privacy: Privacy) -> list[tuple[str, int | None, int]]:
    """(what, measure, sensitivity) of each column of noise of a frontier."""
    most = privacy.cells_per_unit
    found: list[tuple[str, int | None, int]] = [(CELLS, None, most), (CONTRIBUTORS, None, most)]
    for j, (measure, own) in enumerate(zip(frontier.measures, shares, strict=True)):
        average = SUMMED.get(measure.function)
        if average is None and not _is_contributors(measure, frontier):
            found.append((COUNT, j, most * own.rows))
        elif average is not None:
            found += [(COUNT, j, most * own.rows)] if average else []
            found.append((SUM, j, most * own.most))
    return found


def _findings(frontier: Frontier, bounds: Bounds, sql: str) -> Iterator[Finding]:
    """Why a frontier cannot have noise, measure by measure."""
    if len(frontier.units) != 1:
        places = [p for t in frontier.trees() if (p := position(t, sql)) is not None]
        types = ", ".join(u.type for u in frontier.units)
        yield Finding(code="dp-several-units", params=(("units", types),), position=min(places, default=None))
    for measure in frontier.measures:
        where, function = position(measure.call, sql), (("function", measure.function),)
        if measure.distinct and not _of_units(measure, frontier):
            yield Finding(code="dp-distinct", position=where)
        elif measure.function not in COUNTS | set(SUMMED):
            yield Finding(code="dp-function", params=function, position=where)
        elif measure.function in SUMMED and not _interval_is_finite(measure, frontier, bounds):
            yield Finding(code="dp-no-bounds", params=function, position=where)


def _interval_is_finite(measure: Measure, frontier: Frontier, bounds: Bounds) -> bool:
    return measure.argument is not None and bounds.of(measure.argument, _sources(frontier)).finite


def _sources(frontier: Frontier) -> list[exp.Expr]:
    return sources_of(_select(frontier))


def _select(frontier: Frontier) -> exp.Select:
    """The SELECT that the frontier was cut out of, as far as its sources and conditions go."""
    select = exp.Select(from_=frontier.from_.copy(), joins=[j.copy() for j in frontier.joins])
    if frontier.where is not None:
        select.set("where", frontier.where.copy())
    return select


def _of_units(measure: Measure, frontier: Frontier) -> bool:
    """Whether the values of a measure are the units of the frontier: then each unit counts once in a cell."""
    argument = measure.argument
    if not isinstance(argument, exp.Column) or len(frontier.units) != 1:
        return False
    return Equalities.of(_select(frontier)).same(key_of(argument), frontier.units[0].key)


def _is_contributors(measure: Measure, frontier: Frontier) -> bool:
    """Whether a measure is the number of contributors, which has its noise already."""
    return measure.distinct and measure.condition is None and _of_units(measure, frontier)


def share(measure: Measure, frontier: Frontier, bounds: Bounds, privacy: Privacy) -> Share:
    """What a row gives to a measure at most, on the grid of its type; coarser where the bounds are wide."""
    if measure.function not in SUMMED or measure.argument is None:
        return Share(rows=1 if measure.distinct else privacy.rows_per_unit)
    interval = bounds.of(measure.argument, _sources(frontier))
    widest = max(abs(interval.low), abs(interval.high), Decimal(1).scaleb(-GRID))
    coarsest = widest.adjusted() + 1 - GRID
    step = Decimal(1).scaleb(max(coarsest, -GRID if interval.step is None else interval.step))
    low = int((interval.low / step).to_integral_value(ROUND_FLOOR))
    high = int((interval.high / step).to_integral_value(ROUND_CEILING))
    middle = int((Decimal(low + high) / 2).to_integral_value(ROUND_HALF_EVEN)) if SUMMED[measure.function] else 0
    return Share(
        rows=privacy.rows_per_unit,
        low=low,
        high=high,
        middle=middle,
        step=step,
        exact=interval.step is not None,
    )
