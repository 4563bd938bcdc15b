"""Which table and column does each name mean? Checked tree + data sets → tree in which every column names its source.

Names resolve against the authorized data sets only. Suggestions for misspelt names come from those alone.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify

from app.domain.errors import Finding, Invalid, Refusal
from app.domain.sql_text import MAX_DEPTH
from app.domain.values import Dataset, Position
from app.query.depth import too_deep
from app.query.grouping import expand_positions
from app.query.joins import semi_joins_as_conditions
from app.query.parse import DIALECT, position
from app.query.places import (
    PLACE,
    drop_alias_places,
    first_places,
    joined_using,
    mark_bare,
    mark_generators,
    mark_places,
)
from app.query.subqueries import own_aliases, own_sources, visible_ctes
from app.query.widths import mark_wide_sums


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A tree whose columns all carry the alias of their source, and the names of its output columns.

    `positions` says where the operator wrote a name, for nodes that resolution made anew (USING, stars).
    """

    tree: exp.Query
    outputs: tuple[str, ...]
    datasets: dict[str, Dataset]
    positions: dict[str, Position]
    sql: str

    def place(self, node: exp.Expr) -> Position | None:
        """Where `node` stands in the operator's text; for a generated column, its table or where its name first is."""
        found = position(node, self.sql)
        if found is None and isinstance(node, exp.Column):
            found = node.meta.get(PLACE) or self.positions.get(node.name)
        return found


def resolve(tree: exp.Query, sql: str, datasets: tuple[Dataset, ...]) -> Resolved:
    """Resolve every name of `tree`.

    Raises Refusal "unknown-table", "unknown-column", "names-unresolved", and Invalid "sql-too-deep", with their places.
    """
    by_name = {d.name.lower(): d for d in datasets}
    read = _tables_read(tree, sql, by_name)
    positions = first_places(tree, sql)
    written, bare = _written_outputs(tree), _like_tables(tree)
    written_tree, tree = tree, tree.copy()
    mark_bare(tree)
    for select in list(tree.find_all(exp.Select)):
        _inline_named_windows(select)
        _name_outputs(select, set(positions))
        mark_generators(select)
    schema: dict[str, object] = {name: {f.name.lower(): f.type for f in by_name[name].fields} for name in read}
    try:
        tree = qualify(tree, schema=schema, dialect=DIALECT, validate_qualify_columns=False, quote_identifiers=True)
        drop_alias_places(tree)
        for select in list(tree.find_all(exp.Select)):
            _expand_group_by_all(select)
            expand_positions(select)
            _drop_literal_keys(select)
            _plain_using_columns(select)
            mark_places(select, sql)
            semi_joins_as_conditions(select)
        mark_wide_sums(tree)
    except SqlglotError:
        raise _misspelt(written_tree, sql, by_name) from None
    except RecursionError:
        raise Invalid(too_deep(position(tree, sql), MAX_DEPTH)) from None
    resolved = Resolved(tree=tree, outputs=(), datasets=by_name, positions=positions, sql=sql)
    _check_columns(resolved, [by_name[name] for name in read])
    _check_no_table_is_a_value(bare, resolved)
    outputs = _outputs(tree, written, by_name)
    return Resolved(tree=tree, outputs=outputs, datasets=by_name, positions=positions, sql=sql)


def _tables_read(tree: exp.Query, sql: str, datasets: dict[str, Dataset]) -> set[str]:
    """The names of the data sets that the text mentions; raises Refusal "unknown-table" for any other table."""
    findings, read = [], set()
    for table in tree.find_all(exp.Table):
        name = table.name.lower()
        read |= {name} & set(datasets)
        if name not in datasets and name not in visible_ctes(table):
            near = difflib.get_close_matches(name, datasets, n=1)
            params = (("table", table.name), ("suggestion", datasets[near[0]].name if near else "-"))
            findings.append(Finding(code="unknown-table", params=params, position=position(table, sql)))
    if findings:
        raise Refusal(findings[0], *findings[1:])
    return read


def _check_columns(resolved: Resolved, read: list[Dataset]) -> None:
    findings = []
    for node in resolved.tree.find_all(exp.Column, exp.Star, exp.Join):
        if isinstance(node, exp.Column):
            if node.table and _source_of(node) is None:
                findings.append(Finding(code="names-unresolved", position=resolved.place(node)))
            if node.table or _orders_by_output(node):
                continue
            findings.append(_unknown_column(node, read, resolved.place(node)))
        elif _unresolved(node):
            findings.append(Finding(code="names-unresolved", position=resolved.place(node)))
    if findings:
        raise Refusal(*dict.fromkeys(findings))


def _unknown_column(column: exp.Column, read: Iterable[Dataset], place: Position | None) -> Finding:
    """No data set of `read` has `column`; the nearest name that one of them has is suggested."""
    near = difflib.get_close_matches(column.name.lower(), sorted({f.name.lower() for d in read for f in d.fields}), n=1)
    params = (("column_name", column.name), ("suggestion", near[0] if near else "-"))
    return Finding(code="unknown-column", params=params, position=place)


def _misspelt(tree: exp.Query, sql: str, datasets: dict[str, Dataset]) -> Refusal:
    """Why names of `tree` do not resolve: columns written with a table that has no such field, or with no table."""
    findings = []
    for column in tree.find_all(exp.Column):
        if not column.table:
            continue
        source = _source_of(column)
        if source is None:
            findings.append(Finding(code="names-unresolved", position=position(column, sql)))
        if not isinstance(source, exp.Table) or source.name.lower() in visible_ctes(source):
            continue
        dataset = datasets[source.name.lower()]
        if not _has(dataset, column):
            findings.append(_unknown_column(column, [dataset], position(column, sql)))
    return Refusal(*dict.fromkeys(findings or [Finding(code="names-unresolved")]))


def _source_of(column: exp.Column) -> exp.Expr | None:
    """The source that `column` names: of the nearest query around it that has one under this alias."""
    select = column.find_ancestor(exp.Select)
    while select is not None:
        for source in own_sources(select):
            if source.alias_or_name.lower() == column.table.lower():
                return source
        select = select.find_ancestor(exp.Select)
    return None


def _has(dataset: Dataset, column: exp.Column) -> bool:
    return isinstance(column.this, exp.Star) or dataset.field(column.name) is not None


def _unresolved(node: exp.Expr) -> bool:
    """Whether a star was left as it is, or a NATURAL join."""
    if isinstance(node, exp.Star):
        return not isinstance(node.parent, exp.Count)
    return isinstance(node, exp.Join) and node.method.upper() == "NATURAL"


def _like_tables(tree: exp.Query) -> list[exp.Column]:
    """Columns written without a table, under the name of a table beside them."""
    bare = [c for c in tree.find_all(exp.Column) if not c.table and not _orders_by_output(c)]
    holders = [(c, c.find_ancestor(exp.Select)) for c in bare]
    return [c for c, select in holders if select is not None and c.name.lower() in own_aliases(select)]


def _check_no_table_is_a_value(bare: list[exp.Column], resolved: Resolved) -> None:
    """To DuckDB the name of a table is its whole row where no column is called so; for us it would be an alias."""
    if not bare:
        return
    columns = {f.name.lower() for d in resolved.datasets.values() for f in d.fields}
    for query in resolved.tree.find_all(exp.CTE, exp.Subquery):
        columns.update(n.lower() for n in query.this.named_selects)
    wrong = [
        Finding(code="names-unresolved", position=resolved.place(c)) for c in bare if c.name.lower() not in columns
    ]
    if wrong:
        raise Refusal(*wrong)


def _orders_by_output(column: exp.Column) -> bool:
    """Whether `column` stands in an ORDER BY or DISTINCT ON and names an output column of that query."""
    clause = column.find_ancestor(exp.Order, exp.Distinct, exp.Select, exp.SetOperation)
    query = clause.parent if isinstance(clause, exp.Order | exp.Distinct) else None
    return isinstance(query, exp.Query) and column.name in query.named_selects


def _inline_named_windows(select: exp.Select) -> None:
    """Replace `OVER w` by the window that the WINDOW clause calls w."""
    named = {w.this.name.lower(): w for w in select.args.get("windows") or []}
    if not named:
        return
    for window in list(select.find_all(exp.Window)):
        alias = window.args.get("alias")
        if alias is None or alias.name.lower() not in named:
            continue
        definition = named[alias.name.lower()]
        window.set("alias", None)
        for part in ("partition_by", "order", "spec"):
            value = definition.args.get(part)
            if value and not window.args.get(part):
                window.set(part, [v.copy() for v in value] if isinstance(value, list) else value.copy())
    select.set("windows", None)


def _name_outputs(select: exp.Select, written: set[str]) -> None:
    """Name each output column that is an expression, as nothing in the text is called.

    The parser would call CAST(id AS …) `id`, and ORDER BY see that; or use a name that the operator uses.
    """
    for number, projection in enumerate(select.expressions):
        if not isinstance(projection.unnest(), exp.Alias | exp.Column | exp.Star):
            name = next(n for i in count() if (n := f"_col_{number}{'_' * i}") not in written)
            projection.replace(exp.alias_(projection.copy(), name))


def _expand_group_by_all(select: exp.Select) -> None:
    group = select.args.get("group")
    if group is None or not group.args.get("all"):
        return
    keys = [p.unalias().copy() for p in select.expressions if p.find(exp.AggFunc, exp.Grouping) is None]
    select.set("group", exp.Group(expressions=keys) if keys else None)


def _drop_literal_keys(select: exp.Select) -> None:
    """A constant groups nothing; as a key it would read as the position of a column."""
    group = select.args.get("group")
    keys = group.expressions if group is not None else []
    kept = [k for k in keys if not isinstance(k, exp.Literal)]
    if kept and len(kept) < len(keys):
        select.set("group", exp.Group(expressions=kept))


def _plain_using_columns(select: exp.Select) -> None:
    """USING of inner and left joins yields the first table's column, not COALESCE over equal ones."""
    sides = {j.side.upper() for j in select.args.get("joins") or []}
    if not joined_using(select) or sides & {"RIGHT", "FULL"}:
        return
    for node in list(select.find_all(exp.Coalesce)):
        operands = [node.this, *node.expressions]
        written = any("start" in n.meta for n in node.walk())
        made = not written and all(isinstance(o, exp.Column) for o in operands)
        if made and node.find_ancestor(exp.Query) is select and len({o.name for o in operands}) == 1:
            node.replace(operands[0].copy())


def _written_outputs(tree: exp.Query) -> list[str | None]:
    """The output names as the operator wrote them; None for a star, whose columns are known only later."""
    select = tree
    while not isinstance(select, exp.Select):
        select = select.this
    names: list[str | None] = []
    for projection in select.expressions:
        if isinstance(projection, exp.Star) or (isinstance(projection, exp.Column) and projection.is_star):
            return [None]
        named = isinstance(projection, exp.Alias | exp.Column)
        names.append(projection.alias_or_name if named else projection.sql(DIALECT, normalize_functions="lower"))
    return names


def _outputs(tree: exp.Query, written: list[str | None], datasets: dict[str, Dataset]) -> tuple[str, ...]:
    """Unique output names, as written where they were written, else in the spelling of the catalog."""
    spelling = {f.name.lower(): f.name for d in datasets.values() for f in d.fields}
    names = [n for n in written if n is not None]
    if None in written:
        names = [spelling.get(n, n) for n in tree.named_selects]
    unique: list[str] = []
    for name in names:
        candidate, n = name, 1
        while candidate.lower() in {u.lower() for u in unique}:
            candidate, n = f"{name}_{n}", n + 1
        unique.append(candidate)
    return tuple(unique)
