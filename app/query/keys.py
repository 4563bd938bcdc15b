"""In which columns are no two rows of a relation alike, and of which types are its columns?

Data sets declare keys, which mounting proves. Groups have their grouping keys, DISTINCT rows all columns, a VALUES
list those columns in which all its literals differ. A SELECT passes on the keys of the rows that it yields once each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from sqlglot import exp

from app.domain.values import Dataset
from app.query.column_types import named, type_of
from app.query.equality import ColumnKey, key_of
from app.query.grouping import grouping_keys, grouping_sets, own_aggregates
from app.query.repeats import Joined, Key

Keys = tuple[Key, ...]


def types_of_table(dataset: Dataset) -> dict[str, str]:
    """The type of each field."""
    return {f.name.lower(): named(f.type) for f in dataset.fields}


def keys_of_table(dataset: Dataset) -> Keys:
    """The declared keys all of whose fields are seen as they are: a mask may make different values equal."""
    seen = {f.name for f in dataset.fields if f.mask is None}
    return tuple(frozenset(c.lower() for c in key) for key in dataset.keys if set(key) <= seen)


def keys_of_values(values: exp.Values) -> Keys:
    """The columns of a VALUES list in which all its literals are of one kind and differ."""
    names = [n.lower() for n in values.alias_column_names]
    rows = [row.expressions for row in values.expressions if isinstance(row, exp.Tuple)]
    if len(rows) != len(values.expressions):
        return ()
    found = [frozenset({n}) for n, *held in zip(names, *rows, strict=False) if _differ(held)]
    return (frozenset(), *found) if len(rows) == 1 else tuple(found)


def types_of_values(values: exp.Values) -> dict[str, str]:
    """The types of those columns of a VALUES list whose literals are of one kind."""
    names = [n.lower() for n in values.alias_column_names]
    rows = [row.expressions for row in values.expressions if isinstance(row, exp.Tuple)]
    kinds = {n: {type_of(e, {}) for e in held} for n, *held in zip(names, *rows, strict=False)}
    return {n: kind for n, (kind, *more) in kinds.items() if kind is not None and not more}


def _differ(literals: list[exp.Expr]) -> bool:
    plain = all(isinstance(e, exp.Literal) and (e.is_string or e.name.isdigit()) for e in literals)
    values = {e.name if e.args.get("is_string") else int(e.name) for e in literals} if plain else set()
    return len({type_of(e, {}) for e in literals}) == 1 and len(values) == len(literals)


def types_of_select(select: exp.Select, sources: Iterable[Joined]) -> dict[str, str]:
    """The types of those output columns of `select` whose type is known."""
    types = {(s.alias, c): t for s in sources for c, t in s.types.items()}
    found = {name: type_of(column, types) for column, name in _outputs(select)}
    return {name: kind for name, kind in found.items() if kind is not None}


def types_of_union(query: exp.SetOperation, left: Mapping[str, str], right: Mapping[str, str]) -> dict[str, str]:
    """The types of the columns of a set operation that are of the same known type on both sides."""
    names = [[n.lower() for n in side.named_selects] for side in (query.this, query.expression)]
    return {a: left[a] for a, b in zip(*names, strict=False) if a in left and left[a] == right.get(b)}


def keys_of_union(query: exp.SetOperation) -> Keys:
    """All columns, if a set operation leaves no two rows alike."""
    return (frozenset(n.lower() for n in query.named_selects),) if query.args.get("distinct") else ()


def keys_of_select(select: exp.Select, sources: Iterable[Joined], once: frozenset[str]) -> Keys:
    """The keys of the output of `select`; rows of the sources `once` stand once each in what it reads."""
    found: list[Key] = []
    distinct = select.args.get("distinct")
    if distinct is not None and distinct.args.get("on") is None:
        found.append(frozenset(n.lower() for n in select.named_selects))
    if select.args.get("group") is not None or own_aggregates(select):
        return (*found, *_of_groups(select))
    names = _plain_outputs(select)
    for source in sources:
        for key in source.keys if source.alias in once else ():
            found += _renamed(source.alias, key, names)
    return tuple(found)


def _of_groups(select: exp.Select) -> list[Key]:
    """The grouping keys, if all of them are shown."""
    if grouping_sets(select) is not None:
        return []
    shown = dict(_outputs(select))
    keys = [shown.get(key) for key in grouping_keys(select)]
    return [] if None in keys else [frozenset(k for k in keys if k is not None)]


def _plain_outputs(select: exp.Select) -> Mapping[ColumnKey, str]:
    """Column → the output column that it is."""
    return {key_of(column): name for column, name in _outputs(select) if isinstance(column, exp.Column)}


def _outputs(select: exp.Select) -> list[tuple[exp.Expr, str]]:
    """Each output column and its name, if no other one is called so."""
    shown = [(p.unalias(), p.alias_or_name.lower()) for p in select.expressions]
    times = Counter(name for _, name in shown)
    return [(column, name) for column, name in shown if times[name] == 1]


def _renamed(alias: str, key: Key, names: Mapping[ColumnKey, str]) -> list[Key]:
    columns = [names.get((alias, column)) for column in key]
    return [] if None in columns else [frozenset(c for c in columns if c is not None)]
