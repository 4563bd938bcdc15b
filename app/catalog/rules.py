"""Does `catalog.toml` make sense? Rules of meaning, each a function over data that already has the right form.

A rule sees plain data from which every value of a wrong form was taken out, so a key may be absent although the
schema requires it; what is there has its type.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from stdnum.cn import uscc

from app.catalog import places, types
from app.catalog.declared import UNORDERED, declared
from app.catalog.syntax import Source
from app.domain.errors import Finding
from app.domain.values import HIDDEN_PREFIX, REFRESHES

Raw = dict[str, Any]
Rule = Callable[[Source, Raw], Iterator[Finding]]
SUFFIXES = {".csv": "csv", ".parquet": "parquet"}
_DATES = ("publish_date", "time_range")
_BOUNDS = ("minimum", "maximum")
_CODES = ("bottom_code", "top_code")
_DECLARATIONS = ("values", *_BOUNDS, "bands", *_CODES)


def datasets(data: Raw) -> Iterator[tuple[places.Path, Raw]]:
    """Every data set with its path."""
    for i, item in enumerate(data.get("dataset", [])):
        yield ("dataset", i), item


def fields(data: Raw) -> Iterator[tuple[places.Path, Raw]]:
    """Every field of every data set with its path."""
    for path, item in datasets(data):
        for i, field in enumerate(item.get("field", [])):
            yield (*path, "field", i), field


def credit_codes_are_valid(source: Source, data: Raw) -> Iterator[Finding]:
    """The unified social credit code has 18 characters and a right check character (GB 32100-2015)."""
    for i, provider in enumerate(data.get("provider", [])):
        code = provider.get("uscc")
        if code is not None and not uscc.is_valid(code):
            yield source.finding("catalog-bad-uscc", ("provider", i, "uscc"), given=code)


def _repeated(source: Source, items: Iterator[tuple[places.Path, Raw]], key: str) -> Iterator[Finding]:
    seen: dict[str, places.Path] = {}
    for path, item in items:
        if key not in item:
            continue
        folded = str(item[key]).casefold()
        if folded in seen:
            first = places.words(source.data, seen[folded])
            yield source.finding("catalog-duplicate-name", (*path, key), given=item[key], first=first)
        seen.setdefault(folded, path)


def names_are_unique(source: Source, data: Raw) -> Iterator[Finding]:
    """No two providers share a code, no two data sets a name or a code, no two fields of a data set a name."""
    providers = ((("provider", i), p) for i, p in enumerate(data.get("provider", [])))
    yield from _repeated(source, iter(providers), "code")
    yield from _repeated(source, datasets(data), "name")
    yield from _repeated(source, datasets(data), "code")
    for path, item in datasets(data):
        own = (((*path, "field", i), f) for i, f in enumerate(item.get("field", [])))
        yield from _repeated(source, iter(own), "name")


def names_are_not_ours(source: Source, data: Raw) -> Iterator[Finding]:
    """Names that start with two underscores belong to Sluice."""
    for path, item in (*datasets(data), *fields(data)):
        if str(item.get("name", "")).startswith(HIDDEN_PREFIX):
            yield source.finding("catalog-reserved-name", (*path, "name"), given=item["name"])


def providers_are_known(source: Source, data: Raw) -> Iterator[Finding]:
    """The provider of a data set is one of the file's providers."""
    known = [p["code"] for p in data.get("provider", []) if "code" in p]
    for path, item in datasets(data):
        if "provider" in item and item["provider"] not in known:
            allowed = ", ".join(known)
            yield source.finding("catalog-unknown-provider", (*path, "provider"), given=item["provider"], known=allowed)


def units_are_identifiers(source: Source, data: Raw) -> Iterator[Finding]:
    """Each declared unit is an identifier field of the data set."""
    for path, item in datasets(data):
        identifiers = [f["name"] for f in item.get("field", []) if "identifier" in f and "name" in f]
        for unit in item.get("units", []):
            if unit is not None and unit not in identifiers:
                allowed = ", ".join(identifiers) or "–"
                yield source.finding("catalog-unit-not-identifier", (*path, "units"), given=unit, known=allowed)


def groups_are_of_fields(source: Source, data: Raw) -> Iterator[Finding]:
    """Keys, and fields that may be multiplied, are fields of the data set."""
    for path, item in datasets(data):
        known = [f["name"] for f in item.get("field", []) if "name" in f]
        for key in ("keys", "products", "hierarchies"):
            for number, names in enumerate(item.get(key, [])):
                for given in names or ():
                    if given is not None and given not in known:
                        where = (*path, key, number)
                        yield source.finding("catalog-field-of-group", where, given=given, known=", ".join(known))


def refreshed_rows_have_keys(source: Source, data: Raw) -> Iterator[Finding]:
    """Where rows are the subjects, only a key tells that a row which changed is still the same subject."""
    for path, item in datasets(data):
        levels = {field.get("level") for field in item.get("field", [])}
        rows_are_units = not item.get("units") and item.get("kind") != "enterprise" and levels & {"L3", "L4"}
        if item.get("refresh", REFRESHES[0]) != REFRESHES[0] and rows_are_units and not item.get("keys"):
            yield source.finding("catalog-refresh-keys", (*path, "refresh"), given=item["refresh"])


def types_are_known(source: Source, data: Raw) -> Iterator[Finding]:
    """Each field has a type of the closed list."""
    for path, field in fields(data):
        given = field.get("type")
        if given is not None and types.canonical(given) is None:
            near = types.nearest(given)
            yield source.finding(
                "catalog-unknown-type", (*path, "type"), given=given, nearest=near, allowed=types.ALLOWED
            )


def identifiers_declare_no_values(source: Source, data: Raw) -> Iterator[Finding]:
    """An identifier is replaced by a reference: neither a set nor a range of its values may be published."""
    for path, field in fields(data):
        if "identifier" in field:
            for key in _DECLARATIONS:
                if key in field:
                    yield source.finding("catalog-identifier-values", (*path, key), key=key)


def declared_values_fit(source: Source, data: Raw) -> Iterator[Finding]:
    """Declared values and bounds are of the field's type; a field has a set or a range, and only what has an order."""
    for path, field in fields(data):
        kind = types.canonical(field.get("type", ""))
        if kind is None or "identifier" in field:
            continue
        bounds = [key for key in _BOUNDS if key in field]
        if "values" in field and bounds:
            yield source.finding("catalog-values-and-range", (*path, bounds[0]), key=bounds[0])
        elif kind in UNORDERED and bounds:
            yield source.finding("catalog-range-without-order", (*path, bounds[0]), key=bounds[0], type=kind)
        else:
            yield from _values_of(source, path, field, kind)


def _values_of(source: Source, path: places.Path, field: Raw, kind: str) -> Iterator[Finding]:
    """What is wrong with the values themselves, and with their order."""
    given = [((*path, "values", i), value) for i, value in enumerate(field.get("values", ()))]
    given += [((*path, key), field[key]) for key in _BOUNDS if key in field]
    for where, value in given:
        if value is not None and declared(kind, value) is None:
            yield source.finding("catalog-value-type", where, given=value, type=kind)
    low, high = (declared(kind, field[key]) if key in field else None for key in _BOUNDS)
    if low is not None and high is not None and low.order > high.order:
        yield source.finding("catalog-range-empty", (*path, "minimum"), minimum=low.text, maximum=high.text)


def hierarchies_are_of_texts(source: Source, data: Raw) -> Iterator[Finding]:
    """Merged values are shown as texts of a coarser field, so every field of a hierarchy is a plain text."""
    for path, item in datasets(data):
        known = {f["name"]: f for f in item.get("field", []) if "name" in f}
        for number, names in enumerate(item.get("hierarchies", [])):
            for given in names or ():
                field = known.get(given, {"type": "VARCHAR"})
                if types.canonical(field.get("type", "")) != "VARCHAR" or "identifier" in field:
                    yield source.finding("catalog-hierarchy-type", (*path, "hierarchies", number), given=given)


def bands_nest(source: Source, data: Raw) -> Iterator[Finding]:
    """Bands are of the field's type and rise; each coarser level keeps some ends of the finer one, from the minimum."""
    for path, field in fields(data):
        kind, bands = types.canonical(field.get("type", "")), field.get("bands")
        if kind is not None and bands and "identifier" not in field:
            wrong = _calendar_problem(kind, bands) if isinstance(bands[0], str) else _ends_problem(kind, field)
            if wrong is not None:
                yield source.finding("catalog-bands", (*path, "bands"), why_zh=wrong[0], why_en=wrong[1], type=kind)


_CALENDAR = ("hour", "day", "month", "quarter", "year")
_Why = tuple[str, str]


def _calendar_problem(kind: str, bands: list[object]) -> _Why | None:
    first = 2 if kind == "DATE" else 0
    allowed = list(_CALENDAR[first:]) if kind in ("DATE", "TIMESTAMP") else []
    places = [allowed.index(b) if b in allowed else -1 for b in bands]
    if not allowed or min(places) < 0 or places != sorted(set(places)):
        return f"可用（由细到粗）：{allowed}", f"there are, from fine to coarse: {allowed}"
    return None


def _ends_problem(kind: str, field: Raw) -> _Why | None:
    levels = [[declared(kind, end) for end in level] for level in field["bands"] if isinstance(level, list)]
    if kind in (*UNORDERED, *_MOMENTS) or len(levels) < len(field["bands"]) or any(None in level for level in levels):
        return f"区间下限须为 {kind} 类型的数值", f"lower ends must be numbers of type {kind}"
    ends = [[end.order for end in level if end is not None] for level in levels]
    low = declared(kind, field["minimum"]) if "minimum" in field else None
    if any(level != sorted(set(level)) for level in ends):
        return "区间下限须递增", "lower ends must rise"
    if low is None or any(level[0] > low.order for level in ends):
        return "须声明 minimum，且各级首个下限不大于它", "a minimum is needed, and no level may begin above it"
    if any(not set(b) <= set(a) for a, b in itertools.pairwise(ends)):
        return "较粗一级的下限须都在较细一级中", "every end of a coarser level must be one of the finer"
    return None


_MOMENTS = ("DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ")


def codes_are_ordered(source: Source, data: Raw) -> Iterator[Finding]:
    """Bottom and top codes are values of a number, and the bottom is below the top."""
    for path, field in fields(data):
        kind = types.canonical(field.get("type", ""))
        given = [key for key in _CODES if key in field]
        if kind is None or "identifier" in field or not given:
            continue
        found = [declared(kind, field[key]) if kind not in (*UNORDERED, *_MOMENTS) else None for key in given]
        if None in found:
            key = given[found.index(None)]
            yield source.finding("catalog-value-type", (*path, key), given=field[key], type=kind)
        elif len(found) == 2 and found[0].order >= found[1].order:  # type: ignore[union-attr]  # None is dealt with
            low, high = (field[key] for key in given)
            yield source.finding("catalog-range-empty", (*path, _CODES[0]), minimum=low, maximum=high)


def dates_exist(source: Source, data: Raw) -> Iterator[Finding]:
    """Dates are days of the calendar, and a range does not end before it begins."""
    for path, item in datasets(data):
        for key in _DATES:
            days = item.get(key, [])
            if not _ordered_days([days] if isinstance(days, str) else days):
                yield source.finding("catalog-bad-date", (*path, key), given=days)


def _ordered_days(texts: list[str]) -> bool:
    try:
        days = [date.fromisoformat(t) for t in texts]
    except (ValueError, TypeError):
        return False
    return days == sorted(days)


def files_fit_their_kind(source: Source, data: Raw) -> Iterator[Finding]:
    """A public data set names its provider and a file; an enterprise table has neither file nor number of rows."""
    for path, item in datasets(data):
        enterprise = item.get("kind") == "enterprise"
        if enterprise:
            for key in {"file", "format", "rows"} & set(item):
                yield source.finding("catalog-file-of-enterprise", (*path, key), key=key)
        else:
            for key in ("provider", "file"):
                if key not in _original(source, path):
                    yield source.finding("catalog-missing-key", path, key=key)


def _original(source: Source, path: places.Path) -> Raw:
    found: Raw = source.data[str(path[0])][int(path[1])]
    return found


def files_are_inside(source: Source, data: Raw) -> Iterator[Finding]:
    """A file lies in the folder, is a plain file and is reached without a link that leads out."""
    root = source.folder.resolve()
    for path, item in datasets(data):
        if "file" not in item or item.get("kind") == "enterprise":
            continue
        where = (*path, "file")
        given = item["file"]
        if "\0" in given or not (root / given).resolve().is_relative_to(root):
            yield source.finding("catalog-file-outside", where, given=given)
        elif not (root / given).is_file():
            yield source.finding("catalog-file-missing", where, given=given)
        elif "format" not in item and Path(given).suffix.lower() not in SUFFIXES:
            yield source.finding("catalog-file-format", where, given=given, allowed=", ".join(SUFFIXES))


RULES: tuple[Rule, ...] = (
    credit_codes_are_valid,
    names_are_unique,
    names_are_not_ours,
    providers_are_known,
    units_are_identifiers,
    groups_are_of_fields,
    refreshed_rows_have_keys,
    types_are_known,
    identifiers_declare_no_values,
    declared_values_fit,
    hierarchies_are_of_texts,
    bands_nest,
    codes_are_ordered,
    dates_exist,
    files_fit_their_kind,
    files_are_inside,
)
"""Every rule of meaning; the order is that of the report."""


def check_meaning(source: Source, data: Raw) -> list[Finding]:
    """Every problem of meaning of `data`, the sound part of `source`."""
    return [finding for rule in RULES for finding in rule(source, data)]
