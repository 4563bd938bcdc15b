"""What runs below a frontier, and what goes on above it? Cuts an aggregating SELECT in two.

ROLLUP, CUBE and GROUPING SETS are one frontier per set of keys, since totals are cells of their own: what goes on above
reads the safe cells of all of them, each with NULL for the keys that its set leaves out.
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from app.domain.errors import Refusal
from app.query.frontier import Frontier, MakeFinding, UnitExpression, measure_of
from app.query.grouping import MAX_SETS, grouping_keys, grouping_sets, key_sets
from app.query.parse import FunctionClass, function_name
from app.query.subqueries import belongs_to


def cut_frontier(
    select: exp.Select,
    keys: list[exp.Expr],
    units: tuple[UnitExpression, ...],
    number: int,
    function_class: FunctionClass,
    finding: MakeFinding,
) -> Frontier:
    """Cut `select` in two: the frontier, and `select` itself rewritten in place to read its safe cells."""
    frontier = _frontier(select, keys, units, number, function_class, finding)
    cells = _cells(f"__s{number}", keys, _measure_calls(select))
    for call in _groupings(select, keys, finding):
        cells[call] = _grouping_id(call, keys)
    _read_cells(select, f"__s{number}", cells, finding)
    return frontier


def cut_margins(
    select: exp.Select,
    units: tuple[UnitExpression, ...],
    number: int,
    name: str,
    function_class: FunctionClass,
    finding: MakeFinding,
) -> tuple[list[Frontier], exp.Expr]:
    """Cut a SELECT with several sets of keys into a frontier for each, numbered from `number` with the largest first.

    Also answers the query of all their safe cells, which `select` then reads as `name`: the keys k0 …, the aggregates
    a0 …, and what each GROUPING call gives, g0 …. A key of the data that is NULL and one that its set leaves out are
    cells of different frontiers, so they are never the same cell.
    """
    sets, keys = key_sets(select), list(dict.fromkeys(grouping_keys(select)))
    if len(sets) > MAX_SETS:
        raise Refusal(finding("too-many-grouping-sets", grouping_sets(select), limit=str(MAX_SETS)))
    groupings = _groupings(select, keys, finding)
    frontiers: list[Frontier] = []
    branches: list[exp.Expr] = []
    for own in sets:
        frontier = replace(
            _frontier(select, list(own), units, number + len(frontiers), function_class, finding),
            margin_of=number if frontiers else None,
            positions=tuple(keys.index(k) for k in own),
        )
        frontiers.append(frontier)
        branches.append(_branch(frontier, len(keys), [_grouping_id(call, list(own)) for call in groupings]))
    cells = _cells(name, keys, _measure_calls(select))
    for i, call in enumerate(groupings):
        cells[call] = exp.column(f"g{i}", table=name, quoted=True)
    _read_cells(select, name, cells, finding)
    union = branches[0]
    for branch in branches[1:]:
        union = exp.Union(this=union, expression=branch, distinct=False)
    return frontiers, union


def _branch(frontier: Frontier, keys: int, groupings: list[exp.Expr]) -> exp.Expr:
    """The safe cells of one set of keys, as rows of all sets."""
    source = f"__s{frontier.number}"
    columns: list[exp.Expr] = []
    for i in range(keys):
        held = frontier.positions.index(i) if i in frontier.positions else None
        value = exp.Null() if held is None else exp.column(f"k{held}", table=source, quoted=True)
        columns.append(exp.alias_(value, f"k{i}", quoted=True))
    columns += [
        exp.alias_(exp.column(f"a{i}", table=source, quoted=True), f"a{i}", quoted=True)
        for i in range(len(frontier.measures))
    ]
    columns += [exp.alias_(g, f"g{i}", quoted=True) for i, g in enumerate(groupings)]
    return exp.Select(expressions=columns, from_=exp.From(this=governed_table(source)))


def _frontier(
    select: exp.Select,
    keys: list[exp.Expr],
    units: tuple[UnitExpression, ...],
    number: int,
    function_class: FunctionClass,
    finding: MakeFinding,
) -> Frontier:
    return Frontier(
        number=number,
        from_=select.args["from_"].copy(),
        joins=tuple(j.copy() for j in select.args.get("joins") or []),
        where=select.args["where"].copy() if select.args.get("where") is not None else None,
        keys=tuple(k.copy() for k in keys),
        measures=tuple(measure_of(call, function_class, finding) for call in _measure_calls(select)),
        units=units,
    )


def _cells(source: str, keys: list[exp.Expr], calls: list[exp.Expr]) -> dict[exp.Expr, exp.Expr]:
    """Expression of a grouping SELECT → the column of `source` that holds its value; calls before keys."""
    cells: dict[exp.Expr, exp.Expr] = {}
    for i, key in reversed(list(enumerate(keys))):
        cells[key.copy()] = exp.column(f"k{i}", table=source, quoted=True)
    for i, call in enumerate(calls):
        cells[call] = exp.column(f"a{i}", table=source, quoted=True)
    return cells


def _groupings(select: exp.Select, keys: list[exp.Expr], finding: MakeFinding) -> list[exp.Expr]:
    """The GROUPING calls of `select` itself, which may only be about its keys."""
    found = [g for g in select.find_all(exp.Grouping) if g.find_ancestor(exp.Query) is select]
    for call in found:
        if not call.expressions or any(e not in keys for e in call.expressions):
            raise Refusal(finding("column-not-grouped", call, column_name=function_name(call)))
    return [call.copy() for call in dict.fromkeys(found)]


def _grouping_id(call: exp.Expr, keys: list[exp.Expr]) -> exp.Expr:
    """What GROUPING gives where `keys` are grouped by: a bit per argument, the last one lowest, 1 where it is not."""
    bits = "".join("0" if e in keys else "1" for e in call.expressions)
    return exp.cast(exp.Literal.number(int(bits, 2)), "BIGINT")


def split_groups(
    select: exp.Select, keys: list[exp.Expr], more: list[exp.Expr], name: str, finding: MakeFinding
) -> exp.Select:
    """Cut a GROUP BY out of `select` into a query of its own, which `select` then reads as `name`.

    Its columns are the keys k0 …, the aggregates a0 … and `more`.
    """
    calls = _measure_calls(select)
    columns = [exp.alias_(k.copy(), f"k{i}", quoted=True) for i, k in enumerate(keys)]
    columns += [exp.alias_(c.copy(), f"a{i}", quoted=True) for i, c in enumerate(calls)]
    positions = [exp.Literal.number(i + 1) for i in range(len(keys))]
    inner = exp.Select(expressions=[*columns, *more], group=exp.Group(expressions=positions))
    for clause in ("from_", "where", "joins"):
        held = select.args.get(clause)
        if held:
            inner.set(clause, [j.copy() for j in held] if isinstance(held, list) else held.copy())
    cells = _cells(name, keys, calls)
    for call in _groupings(select, keys, finding):
        cells[call] = _grouping_id(call, keys)
    _read_cells(select, name, cells, finding)
    return inner


def _measure_calls(select: exp.Select) -> list[exp.Expr]:
    """Aggregate calls of `select`, each once, with their FILTER; a window's own call is none, those inside it are."""
    found: dict[exp.Expr, None] = {}
    for call in select.find_all(exp.AggFunc):
        holder: exp.Expr = call.parent if isinstance(call.parent, exp.Filter) else call
        if call.find_ancestor(exp.Query) is not select or isinstance(holder.parent, exp.Window):
            continue
        if not isinstance(call, exp.Grouping):
            found.setdefault(holder.copy())
    return list(found)


def _read_cells(select: exp.Select, source: str, cells: dict[exp.Expr, exp.Expr], finding: MakeFinding) -> None:
    """Rewrite `select` to read `cells` in `source`; HAVING becomes its WHERE."""
    _read_from(select, source)
    for clause in [*select.expressions, *(select.args.get(c) for c in ("where", "qualify", "order"))]:
        for node in list(clause.dfs()) if clause is not None else []:
            cell = cells.get(node) if _attached(node, select) and belongs_to(node, select) else None
            if cell is not None:
                node.replace(cell.copy())
    for column in select.find_all(exp.Column):
        if column.table and column.table != source and belongs_to(column, select):
            raise Refusal(finding("column-not-grouped", column, column_name=column.name))


def _attached(node: exp.Expr, select: exp.Select) -> bool:
    """Whether `node` still stands in `select`, no part of what was replaced."""
    while node.parent is not None and node is not select:
        node = node.parent
    return node is select


def _read_from(select: exp.Select, source: str) -> None:
    """Let `select` read the table `source` with nothing but its HAVING as filter, every output column named."""
    for projection in select.expressions:
        if not isinstance(projection, exp.Alias):
            projection.replace(exp.alias_(projection.copy(), projection.alias_or_name or "_col", quoted=True))
    having = select.args.get("having")
    select.set("where", exp.Where(this=having.this) if having is not None else None)
    for clause in ("having", "group", "joins"):
        select.set(clause, None)
    select.set("from_", exp.From(this=governed_table(source)))


def governed_table(name: str) -> exp.Table:
    """The table or WITH query `name` of ours."""
    table = exp.Table(this=exp.to_identifier(name, quoted=True))
    table.meta["governed"] = True
    return table
