"""Which fields are coded at the top and the bottom, before a query sees them? Uses → ends of the views' columns.

Top and bottom coding (Hundepool et al. 2012, Statistical Disclosure Control, 3.3): the whole query sees an end in place
of what is beyond it. As a key it is the last band, in a measure values are winsorised, in a condition they are the end.
Ends that the catalog declares are public and hold for every use. A measure without declared ends takes those that
enough subjects of the whole data set reach, whatever the query picks; it may be in sums only, where nothing shows them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.domain.errors import Finding, Refusal
from app.domain.proofs import Analysis
from app.domain.repairs import Coding
from app.domain.values import Bilingual, Dataset, DatasetKind, Field, FieldMask, FieldUse
from app.query.frontier import ADDITIVE, SUMS, Frontier

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_SUMMED = frozenset(f"aggregate:{name}" for name in SUMS)
_UNSEEN = _SUMMED | frozenset(f"aggregate:{name}" for name in ADDITIVE)
"""Uses in which a value is never shown, nor compared with what an operator chooses."""


@dataclass(frozen=True, kw_only=True)
class Coded:
    """The data sets as they are seen, what a report may tell, and the file with how many subjects reach the ends."""

    datasets: tuple[Dataset, ...]
    codings: tuple[Coding, ...]
    exports: tuple[tuple[str, str], ...]


def code(analysis: Analysis, frontiers: Iterable[Frontier], share: float, contributors: int) -> Coded:
    """Code every field that has ends, declared or by `share` of the subjects and at least `contributors` of them.

    Raises Refusal with every measure that has none and that the query also uses in another way ("code-no-ends"), and
    "code-nothing" when nothing is left to code.
    """
    uses: dict[tuple[str, str], list[FieldUse]] = {}
    for use in analysis.uses:
        uses.setdefault((use.dataset, use.field), []).append(use)
    known = [(d, f, uses[d.name, f.name]) for d in analysis.datasets for f in d.fields if (d.name, f.name) in uses]
    open_ = [k for k in known if _measured(*k)]
    findings = [
        Finding(code="code-no-ends", dataset=u.dataset, field=u.field, use=u.use, position=u.position)
        for _, _, made in open_
        for u in made
        if u.use not in _UNSEEN
    ]
    declared = [k for k in known if k[1].bottom_code is not None or k[1].top_code is not None]
    if findings or not (open_ or declared):
        raise Refusal(*(dict.fromkeys(findings) or [Finding(code="code-nothing")]))
    masks = {(d.name, f.name): _mask(f, "code", f"{f.bottom_code or ''}/{f.top_code or ''}") for d, f, _ in declared}
    masks |= {(d.name, f.name): _mask(f, "tails", f"{share:.9f}/{contributors}") for d, f, _ in open_}
    codings = [_told(d, f, None, frontiers) for d, f, _ in declared]
    codings += [_told(d, f, share, frontiers) for d, f, _ in open_]
    datasets = tuple(
        replace(d, fields=tuple(replace(f, mask=masks.get((d.name, f.name), f.mask)) for f in d.fields))
        for d in analysis.datasets
    )
    return Coded(datasets=datasets, codings=tuple(codings), exports=_reached(codings, datasets))


def _mask(field: Field, kind: str, argument: str) -> FieldMask:
    text = Bilingual(zh="顶底编码", en="top and bottom coding")
    return FieldMask(rule="repair:top-bottom", text=text, kind=kind, argument=argument, original=field)


def _measured(dataset: Dataset, field: Field, uses: list[FieldUse]) -> bool:
    """Whether a field is a number of protected subjects that is summed, and no end of it is declared."""
    free = field.mask is None and field.identifier is None and field.bottom_code is None and field.top_code is None
    number = field.type in (*_NUMBERS, "FLOAT", "DOUBLE") or field.type.startswith("DECIMAL")
    protected = bool(dataset.units) and dataset.kind is DatasetKind.PUBLIC
    return free and number and protected and any(u.use in _SUMMED for u in uses)


def _told(dataset: Dataset, field: Field, share: float | None, frontiers: Iterable[Frontier]) -> Coding:
    place = f"{dataset.name}.{field.name}"
    cells = tuple(
        (f.number, j)
        for f in frontiers
        for j, m in enumerate(f.measures)
        if place.casefold() in m.family.casefold().replace(":", " ").replace(",", " ").split()
    )
    return Coding(
        dataset=dataset.name, field=field.name, low=field.bottom_code, high=field.top_code, share=share, cells=cells
    )


def _reached(codings: list[Coding], datasets: tuple[Dataset, ...]) -> tuple[tuple[str, str], ...]:
    """How many subjects (rows, where there are none) of a data set are at the ends of a field, as the views show it."""
    known = {d.name: d for d in datasets}
    parts = []
    for number, coding in enumerate(codings):
        dataset, column = known[coding.dataset], _quoted(coding.field)
        view = _quoted(coding.dataset)
        counted = f"DISTINCT {_quoted(dataset.units[0].column)}" if dataset.units else "*"
        tails = coding.share is not None
        low = f"(SELECT min({column}) FROM {view})" if tails else coding.low
        high = f"(SELECT max({column}) FROM {view})" if tails else coding.high
        at = [f"count({counted}) FILTER (WHERE {column} = {end})" if end else "0" for end in (low, high)]
        parts.append(
            f"SELECT {number} AS coding, {at[0]} AS low, {at[1]} AS high, count({counted}) AS total FROM {view}"
        )
    return (("coding.parquet", f"{' UNION ALL '.join(parts)} ORDER BY coding"),)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
