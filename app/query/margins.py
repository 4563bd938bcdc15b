"""Which aggregations of a query add up to one another? Frontiers over the same rows, one by fewer keys than the other.

So are the sets of keys of ROLLUP, CUBE and GROUPING SETS, but also a total that stands beside its parts in a UNION ALL
or in a query of its own: what they have in common is the text of their sources and of their measures.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence

from app.domain.proofs import FrontierOutline, Margin
from app.domain.values import Dataset
from app.query.evidence import Prefix
from app.query.frontier import ADDITIVE, SUMS, Frontier, Measure
from app.query.guarded import total_sql

_TOTALS = frozenset({"sum", "fsum", "kahan_sum", "sumkahan"})


def outlines(frontiers: Sequence[Frontier], prefix: Prefix, datasets: Sequence[Dataset]) -> tuple[FrontierOutline, ...]:
    """What the check needs to know of each frontier, and which of them add up."""
    signatures = _signatures(frontiers, prefix, datasets)
    return tuple(
        FrontierOutline(
            number=f.number,
            units=tuple(u.type for u in f.units),
            measures=tuple(m.call.sql("duckdb") for m in f.measures),
            keys=len(f.keys),
            margin_of=f.margin_of,
            positions=f.positions,
            kinds=tuple(_kind(m) for m in f.measures),
            margins=_margins(f, frontiers),
            signature=signatures[f.number],
            population=len(f.population.keys) if f.population is not None else None,
        )
        for f in frontiers
    )


def margin_exports(outlined: Sequence[FrontierOutline]) -> list[tuple[str, str]]:
    """(file, SELECT) of the cells of every frontier with margins or among them: hashes of their keys, their values.

    The values of means are not needed. They stay in quarantine until the margins are judged, and are gone then.
    """
    finer = {m.finer for o in outlined for m in o.margins}
    found = []
    for i, outline in ((o.number, o) for o in outlined if o.margins or o.number in finer):
        columns = [f"hash(k{j}) AS h{j}" for j in range(outline.keys)]
        columns += [f"CAST(a{j} AS DOUBLE) AS v{j}" for j, kind in enumerate(outline.kinds) if kind in _VALUED]
        found.append((f"margins_{i}.parquet", f"SELECT {', '.join(['cell', *columns])} FROM __f{i} ORDER BY cell"))
    return found


_VALUED = ("count", "sum")


def _kind(measure: Measure) -> str | None:
    """How cells of a measure add up: as a "count", a "sum", a "mean" (once the counts are known), or None: not."""
    if measure.distinct:
        return None
    if measure.function in ADDITIVE:
        return "count"
    if measure.function in _TOTALS:
        return "sum"
    return "mean" if measure.function in SUMS else None


def _margins(own: Frontier, frontiers: Sequence[Frontier]) -> tuple[Margin, ...]:
    """Of which frontiers' cells those of `own` are sums, by the next larger sets of keys only."""
    found: dict[int, list[tuple[int, int]]] = {}
    for j, measure in enumerate(own.measures):
        if _kind(measure) is not None:
            holders = {f.number: (f, at) for f in frontiers if (at := _place(measure, f)) is not None}
            for number in _next_larger(own, [f for f, _ in holders.values()]):
                found.setdefault(number, []).append((j, holders[number][1]))
    numbered = {f.number: f for f in frontiers}
    return tuple(
        Margin(finer=n, positions=tuple(_keys(numbered[n]).index(k) for k in _keys(own)), measures=tuple(pairs))
        for n, pairs in sorted(found.items())
    )


def _next_larger(own: Frontier, frontiers: Sequence[Frontier]) -> list[int]:
    """The frontiers over the same rows whose keys are those of `own` and as few more as there are.

    Of frontiers with the same keys the first stands for all, and they are sums of one cell each.
    """
    keys = frozenset(_keys(own))
    sets: dict[frozenset[str], int] = {}
    for f in sorted(frontiers, key=lambda f: f.number):
        if _source(f) == _source(own) and keys <= frozenset(_keys(f)):
            sets.setdefault(frozenset(_keys(f)), f.number)
    if sets.get(keys) == own.number:
        del sets[keys]
    return [number for larger, number in sets.items() if not any(other < larger for other in sets)]


def _place(measure: Measure, frontier: Frontier) -> int | None:
    """Where a measure stands among those of `frontier`."""
    texts = [total_sql(m.call) for m in frontier.measures]
    wanted = total_sql(measure.call)
    return texts.index(wanted) if wanted in texts else None


def _keys(frontier: Frontier) -> list[str]:
    return [total_sql(k) for k in frontier.keys]


def _source(frontier: Frontier) -> list[str]:
    """The rows that a frontier aggregates, and the units in them."""
    trees = [frontier.from_, *frontier.joins, *([frontier.where] if frontier.where is not None else [])]
    return [*(total_sql(t) for t in trees), *(f"{u.type} {u.alias}.{u.reference}" for u in frontier.units)]


def _signatures(frontiers: Sequence[Frontier], prefix: Prefix, datasets: Sequence[Dataset]) -> dict[int, str]:
    """Number → SHA-256 (hex) of what makes the rows of a frontier and its keys; measures and rule apart.

    The same rows grouped by the same keys in another query have the same signature.
    """
    found: dict[int, str] = {}
    for f in sorted(frontiers, key=lambda f: f.number):
        text = prefix(f.trees()) + " ".join(_source(f))
        below = [found.get(int(n), "") for n in _CELLS.findall(text)]
        measures = [[total_sql(m.call) for m in g.measures] for g in frontiers if f"__s{g.number}" in text]
        read = [_seen(d) for d in datasets if d.name.casefold() in text.casefold()]
        found[f.number] = hashlib.sha256(json.dumps([text, _keys(f), below, measures, read]).encode()).hexdigest()
    return found


_CELLS = re.compile(r"__s(\d+)")


def _seen(dataset: Dataset) -> list[str]:
    """Which rows and values of a data set are seen; of a mask's argument, which may be a key, only a hash."""
    filters = [f"{f.column} {f.test} {f.values}" for f in dataset.filters]
    masks = [
        f"{f.name} {f.mask.kind} {hashlib.sha256(f.mask.argument.encode()).hexdigest()}"
        for f in dataset.fields
        if f.mask is not None
    ]
    return [dataset.name, dataset.version, *filters, *masks]
