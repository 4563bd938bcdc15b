"""Is an output safe to leave? Evidence + firewall → `CheckReport`, or the cells that must be taken out first."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from app.disclosure.evidence import Judged, Stopped
from app.disclosure.explained import histogram, near_cells, taken
from app.disclosure.firewall import Comparison, Near
from app.disclosure.private import told
from app.disclosure.recoded import coded_fields, merged_fields, with_repairs
from app.disclosure.text import TextRules, judge_texts, text_reasons
from app.domain.errors import Broken, Invalid
from app.domain.proofs import Analysis, CheckReport, Plan, Restriction, RunResult
from app.domain.values import Bilingual, Decision

TABLE = "result.parquet"


def report(
    plan: Plan,
    result: RunResult,
    judged: Judged,
    near: tuple[Near, ...],
    segment: str,
    max_bytes: int,
    text: TextRules,
) -> CheckReport:
    """The report on a run whose unsafe cells are all out of the table; `near` are those the firewall took out.

    Raises Broken("plan-result-mismatch") when the result is not of this plan, Invalid("output-too-large"), and what
    `text_reasons` raises.
    """
    if result.plan_hash != plan.hash:
        raise Broken("plan-result-mismatch")
    analysis = plan.grant.analysis
    file = Path(result.folder) / TABLE
    schema, rows = _table(file)
    if file.stat().st_size > max_bytes:
        raise Invalid("output-too-large", limit=max_bytes)
    if tuple(schema.names) != plan.columns:
        raise Broken("evidence-malformed", file=TABLE)
    texts = judge_texts(plan.columns, result.scan, text)
    reasons = (*analysis.reasons, *text_reasons(texts, analysis.level, text))
    return CheckReport(
        decision=Decision.REVIEW if reasons else Decision.CHECKED,
        reasons=reasons,
        level=analysis.level,
        plan_hash=plan.hash,
        policy_version=plan.grant.policy_version,
        columns=tuple((f.name, str(f.type)) for f in schema),
        rows=rows,
        suppressed=judged.suppressed,
        stopped_by_firewall=judged.stopped,
        cells=with_repairs(judged.cells, plan, file.parent),
        table=TABLE,
        segment=segment,
        near=Comparison(near=near).releases(),
        restrictions=restrictions(analysis),
        privacy=told(plan),
        texts=texts,
        near_cells=near_cells(plan, file.parent, near),
        histogram=histogram(judged.rows, plan.rule.contributors),
        taken=taken(judged.verdicts),
        lineage=analysis.lineage,
        rounding=plan.rule.rounding_base if plan.frontiers else None,
        noise=plan.noise,
        merged=merged_fields(plan, file.parent),
        coded=coded_fields(plan, file.parent),
    )


def restrictions(analysis: Analysis) -> tuple[Restriction, ...]:
    """The row rules and kept versions of every data set that is read, and the masks of every field that is used."""
    used = {(use.dataset, use.field) for use in analysis.uses}
    found = [
        Restriction(rule=f.rule, what="rows", dataset=d.name, field=None, zh=f.text.zh, en=f.text.en)
        for d in analysis.datasets
        for f in d.filters
    ]
    found += [
        Restriction(rule=m.rule, what=f"mask:{m.kind}", dataset=d.name, field=f.name, zh=m.text.zh, en=m.text.en)
        for d in analysis.datasets
        for f in d.fields
        if (m := f.mask) is not None and (d.name, f.name) in used
    ]
    found += [
        Restriction(rule=f"refresh:{d.refresh}", what="version", dataset=d.name, field=None, zh=_KEPT.zh, en=_KEPT.en)
        for d in analysis.datasets
        if d.superseded
    ]
    return tuple(dict.fromkeys(found))


_KEPT = Bilingual(
    zh="授权沿用开始时的版本；已有较新的版本，须由数据提供单位更新。",
    en="The authorization keeps the version it began with; there is a newer one, which its provider may renew it to.",
)


def merged(old: Stopped, new: Stopped) -> Stopped:
    """Both sets of stopped cells together."""
    frontiers = {*old, *new}
    return {
        f: {
            m: old.get(f, {}).get(m, frozenset()) | new.get(f, {}).get(m, frozenset())
            for m in {*old.get(f, {}), *new.get(f, {})}
        }
        for f in frontiers
    }


def _table(file: Path) -> tuple[pa.Schema, int]:
    try:
        found = pq.read_metadata(file)
        return found.schema.to_arrow_schema(), found.num_rows
    except (pa.ArrowException, OSError, ValueError):
        raise Broken("evidence-malformed", file=file.name) from None
