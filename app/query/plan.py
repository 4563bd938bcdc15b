"""Exactly what runs? `Grant` + rule → `Plan`: secure views, steps, exports; the operator's text is not among them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from sqlglot import exp

from app.domain.errors import Broken, Refusal
from app.domain.privacy import Privacy, PrivateRun
from app.domain.proofs import Analysis, FrontierOutline, Grant, Plan
from app.domain.repairs import Repair
from app.domain.rules import LevelRule
from app.domain.values import Dataset
from app.query.analysis import GovernedQuery
from app.query.evidence import NO_STOPS, FrontierSql, Prefix, Stops
from app.query.facts import facts_of
from app.query.frontier import ADDITIVE, SUMS, Frontier
from app.query.govern import Governed
from app.query.guarded import total_sql
from app.query.margins import margin_exports, outlines
from app.query.membership import NONE, Memberships, memberships
from app.query.ordering import ordered
from app.query.plain import under_names
from app.query.private_plan import privately
from app.query.repaired import Repaired, repaired
from sandbox.protocol import Export, Filter, Limits, Mask, QueryTask, Step, View, encode

RESULT = "result.parquet"


def make_plan(
    grant: Grant,
    rule: LevelRule,
    functions: Iterable[str],
    limits: Limits,
    *,
    stops: dict[int, Stops] | None = None,
    reproducible: bool = False,
    repair: Repair | None = None,
    fingerprints: bool = True,
) -> Plan:
    """The plan of a granted analysis. `stops` are cells per frontier that the firewall keeps from leaving.

    A `reproducible` plan runs on one thread and gives the same result whatever the order of the source's rows; see
    `app.query.ordering`.

    Without `fingerprints` it proves its cells in the cheapest way; what it gives may not be released, nor held against
    what was.

    Raises Broken when the analysis was not governed, what `repaired` raises for a `repair`, and for noise of
    differential privacy what `privately` raises and Refusal("dp-not-reproducible").
    """
    query = grant.analysis.governed
    if not isinstance(query, GovernedQuery):
        raise Broken("plan-without-governed-query")
    if repair is not None and repair.privacy is not None:
        if reproducible:
            raise Refusal("dp-not-reproducible")
        return _private_plan(grant, query, rule, repair.privacy, tuple(functions), limits)
    wanted = repaired(grant.analysis, query.governed, rule, repair, _prefix)
    governed = _in_order(wanted.governed) if reproducible else wanted.governed
    frontiers = _frontiers(wanted, governed, stops or {}, reproducible=reproducible, fingerprints=fingerprints)
    outlined = _with_prints(outlines(wanted.governed.frontiers, _prefix(wanted.governed), wanted.datasets), frontiers)
    members = _members(wanted, fingerprints=fingerprints)
    evidence = [
        *(e for f in frontiers for e in f.exports()),
        *margin_exports(outlined),
        *wanted.exports,
        *members.exports,
    ]
    steps = [step for f in frontiers for step in (*wanted.steps.get(f.frontier.number, ()), *f.steps())]
    task = QueryTask(
        views=tuple(_view(d, position=d.name in members.numbered) for d in wanted.datasets),
        steps=tuple(Step(table=t, sql=s) for t, s in (*steps, *members.steps)),
        exports=(
            Export(file=RESULT, sql=_result(governed, query.outputs)),
            *(Export(file=n, sql=s, max_rows=_EVIDENCE_ROWS) for n, s in evidence),
        ),
        functions=tuple(functions),
        limits=limits,
        reproducible=reproducible,
        scan=RESULT,
    )
    return Plan(
        grant=grant,
        rule=wanted.rule,
        task=task,
        frontiers=outlined,
        columns=query.outputs,
        hash=_hash(task, wanted.datasets),
        noise=wanted.noise.largest if wanted.noise is not None else None,
        recodings=wanted.recodings,
        codings=wanted.codings,
        partitions=members.partitions,
        uncovered=members.uncovered,
        fingerprints=fingerprints,
    )


def stands_alone(analysis: Analysis) -> bool:
    """Whether no two cells of an output, or sums of them, could come too near to one another.

    So it is when there is one aggregation of at most one plain measure, and its cells tell of nobody but those in them:
    two of its sums then differ by whole cells, each of which has its contributors.
    """
    query = analysis.governed
    frontiers = query.governed.frontiers if isinstance(query, GovernedQuery) else ()
    if len(frontiers) != 1 or frontiers[0].population is not None or len(frontiers[0].measures) > 1:
        return False
    return all(
        m.function in ADDITIVE | SUMS
        and m.condition is None
        and not m.distinct
        and (m.argument is None or isinstance(m.argument, exp.Column))
        for m in frontiers[0].measures
    )


_EVIDENCE_ROWS = 1 << 26
"""Evidence has up to 64 rows per cell and measure; the limit on bytes still holds."""


def _with_prints(
    outlined: tuple[FrontierOutline, ...], frontiers: Iterable[FrontierSql]
) -> tuple[FrontierOutline, ...]:
    """The outlines with what the fingerprints of each frontier hold."""
    return tuple(
        replace(
            outline,
            prints=sql.prints(),
            families=tuple(m.family for m in sql.frontier.measures),
            population_prints=sql.population_prints(),
        )
        for outline, sql in zip(outlined, frontiers, strict=True)
    )


def _private_plan(
    grant: Grant, query: GovernedQuery, rule: LevelRule, privacy: Privacy, functions: tuple[str, ...], limits: Limits
) -> Plan:
    """The plan with noise. Its result is in order: in which order the engine found the cells would tell about rows."""
    governed = replace(query.governed, tree=ordered(query.governed.tree, result=True))
    frontiers, private = privately(grant.analysis, governed, rule, privacy, _prefix(governed))
    task = QueryTask(
        views=tuple(_view(d) for d in grant.analysis.datasets),
        steps=tuple(Step(table=t, sql=s) for f in frontiers for t, s in f.steps()),
        exports=(
            Export(file=RESULT, sql=_result(governed, query.outputs)),
            *(Export(file=n, sql=s, max_rows=privacy.cells) for f in frontiers for n, s in f.exports()),
        ),
        functions=functions,
        limits=limits,
        scan=RESULT,
    )
    return Plan(
        grant=grant,
        rule=rule,
        task=task,
        frontiers=(),
        columns=query.outputs,
        hash=_hash(task, grant.analysis.datasets, private),
        private=private,
    )


def _in_order(governed: Governed) -> Governed:
    """The same query, whose answer no order of rows can change."""
    return replace(
        governed,
        tree=ordered(governed.tree, result=True),
        frontiers=tuple(_frontier_in_order(f) for f in governed.frontiers),
        ctes=tuple((name, ordered(query)) for name, query in governed.ctes),
    )


def _frontier_in_order(frontier: Frontier) -> Frontier:
    return replace(
        frontier,
        from_=ordered(frontier.from_),
        joins=tuple(ordered(j) for j in frontier.joins),
        where=ordered(frontier.where) if frontier.where is not None else None,
        keys=tuple(ordered(k) for k in frontier.keys),
        measures=tuple(replace(m, call=ordered(m.call)) for m in frontier.measures),
    )


def _frontiers(
    wanted: Repaired, governed: Governed, stops: dict[int, Stops], *, reproducible: bool, fingerprints: bool
) -> list[FrontierSql]:
    """The SQL of each frontier of `governed`, which is the wanted query, perhaps in order."""
    return [
        FrontierSql(
            frontier=f,
            rule=wanted.rule,
            prefix=_prefix(governed),
            stops=stops.get(f.number, NO_STOPS),
            in_order=reproducible,
            noise=wanted.noise,
            facts=facts_of(f, wanted.datasets, [name for name, _ in governed.ctes]),
            fingerprints=fingerprints,
        )
        for f in governed.frontiers
    ]


def _members(wanted: Repaired, *, fingerprints: bool) -> Memberships:
    """Which rows stand in which cells; nobody need know where one unit is enough, or nothing may be released."""
    if wanted.rule.contributors <= 1 or not fingerprints:
        return NONE
    governed = wanted.governed
    return memberships(
        governed.frontiers,
        governed.ctes,
        wanted.datasets,
        lambda ctes: _prefix(replace(governed, ctes=ctes)),
        wanted.rule.contributors,
    )


def _view(dataset: Dataset, *, position: bool = False) -> View:
    hidden = [c for u in dataset.units for c in (u.column, u.tag)]
    columns = dict.fromkeys([*(f.name for f in dataset.fields), *hidden])
    masks = [Mask(column=f.name, kind=f.mask.kind, argument=f.mask.argument) for f in dataset.fields if f.mask]
    if {m.column.lower() for m in masks} & {c.lower() for c in hidden}:
        raise Broken("plan-unit-masked", dataset=dataset.name)
    return View(
        name=dataset.name,
        path=dataset.path,
        columns=tuple(columns),
        filters=tuple(Filter(column=f.column, test=f.test, values=f.values) for f in dataset.filters),
        masks=tuple(masks),
        position=position,
    )


def _result(governed: Governed, outputs: tuple[str, ...]) -> str:
    """The query above its frontiers, its columns renamed to what the operator wrote."""
    return under_names(_prefix(governed)([governed.tree]) + total_sql(governed.tree), outputs)


def _prefix(governed: Governed) -> Prefix:
    def prefix(trees: list[exp.Expr]) -> str:
        """The WITH queries that `trees` need, directly or through one another, in their order."""
        bodies = dict(governed.ctes)
        needed: set[str] = set()
        waiting = list(trees)
        while waiting:
            for table in waiting.pop().find_all(exp.Table):
                if table.name in bodies and table.name not in needed:
                    needed.add(table.name)
                    waiting.append(bodies[table.name])
        parts = [f'"{n}" AS ({total_sql(q)})' for n, q in governed.ctes if n in needed]
        return f"WITH {', '.join(parts)} " if parts else ""

    return prefix


def _hash(task: QueryTask, datasets: tuple[Dataset, ...], private: PrivateRun | None = None) -> str:
    """SHA-256 of the canonical task, with versions in place of paths so that it is the same on every machine.

    Of noise it says how much there is, never what was drawn.

    A pseudonym's key stands in it as a hash: a plan's hash is shown and kept.
    """
    versions = {d.path: d.version for d in datasets}
    views = tuple(replace(v, path=versions[v.path], masks=tuple(map(_without_key, v.masks))) for v in task.views)
    noise = private.body() if private is not None else b""
    return hashlib.sha256(encode(replace(task, views=views)) + noise).hexdigest()


def _without_key(mask: Mask) -> Mask:
    if mask.kind != "pseudonym":
        return mask
    return replace(mask, argument=hashlib.sha256(mask.argument.encode()).hexdigest())
