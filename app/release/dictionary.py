"""What do the columns of a released table mean? The data dictionary of a bundle, in Chinese and English."""

from __future__ import annotations

from app.domain.values import Dataset, Field


def dictionary(columns: tuple[tuple[str, str], ...], datasets: tuple[Dataset, ...]) -> list[dict[str, str]]:
    """One entry per column (name, type); a column that carries the name of a source field is described by it."""
    sources = {f.name.casefold(): (d, f) for d in reversed(datasets) for f in d.fields}
    return [_entry(name, kind, sources.get(name.casefold())) for name, kind in columns]


def _entry(name: str, kind: str, source: tuple[Dataset, Field] | None) -> dict[str, str]:
    if source is None:
        texts = {"label_zh": "由分析计算得出", "label_en": "computed by the analysis", "source": "", "measured_in": ""}
    else:
        dataset, field = source
        texts = {
            "label_zh": field.label.zh,
            "label_en": field.label.en,
            "source": f"{dataset.name}.{field.name}",
            "measured_in": field.unit_of_measure,
        }
    return {"name": name, "type": kind, **texts}
