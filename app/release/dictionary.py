"""What do the columns of a released table mean? The data dictionary of a bundle, in Chinese and English.

It follows the lineage of the report, not the names of the columns: a count that calls itself like a field is a count.
"""

from __future__ import annotations

from typing import Any

from app.domain.proofs import CheckReport, FieldFlow
from app.domain.values import Dataset, Field

AS_IT_IS = frozenset({"show", "group"})
"""Uses by which a column shows the values of a field themselves."""


def dictionary(report: CheckReport, datasets: tuple[Dataset, ...]) -> list[dict[str, Any]]:
    """One entry per column: name, type, meaning in both languages, and the fields that it is made of."""
    fields = {(d.name.casefold(), f.name.casefold()): (d, f) for d in datasets for f in d.fields}
    flows = {line.column: line.sources for line in report.lineage if line.column is not None}
    return [_entry(name, kind, flows.get(name, ()), fields) for name, kind in report.columns]


def _entry(
    name: str, kind: str, flows: tuple[FieldFlow, ...], fields: dict[tuple[str, str], tuple[Dataset, Field]]
) -> dict[str, Any]:
    sources = [_source(flow, fields.get((flow.dataset.casefold(), flow.field.casefold()))) for flow in flows]
    if len(sources) == 1 and sources[0]["use"] in AS_IT_IS:
        zh, en = sources[0]["label_zh"], sources[0]["label_en"]
    elif sources:
        zh = f"由{'、'.join(dict.fromkeys(s['label_zh'] for s in sources))}计算得出"
        en = f"computed from {', '.join(dict.fromkeys(s['label_en'] for s in sources))}"
    else:
        zh, en = "由分析计算得出", "computed by the analysis"
    return {"name": name, "type": kind, "label_zh": zh, "label_en": en, "sources": sources}


def _source(flow: FieldFlow, found: tuple[Dataset, Field] | None) -> dict[str, str]:
    """A field that a column is made of; what the operator brought in itself has no label of the catalog."""
    label = (flow.field, flow.field, "") if found is None else _label(found[1])
    zh, en, measured = label
    return {
        "dataset": flow.dataset,
        "field": flow.field,
        "use": flow.use,
        "label_zh": zh,
        "label_en": en,
        "measured_in": measured,
    }


def _label(field: Field) -> tuple[str, str, str]:
    return field.label.zh or field.name, field.label.en or field.name, field.unit_of_measure
