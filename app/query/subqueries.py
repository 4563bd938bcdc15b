"""What does a sub-query refer to? Its query, the aliases that each SELECT defines, and what it takes from outside."""

from __future__ import annotations

from sqlglot import exp


def query_of(node: exp.Expr) -> exp.Expr:
    """The query inside an IN, EXISTS or scalar sub-query."""
    query = node.args.get("query") if isinstance(node, exp.In) else node.this
    while isinstance(query, exp.Subquery):
        query = query.this
    if not isinstance(query, exp.Expr):
        raise TypeError(f"{type(node).__name__} holds no query")
    return query


def visible_ctes(node: exp.Expr) -> set[str]:
    """Names of the WITH queries that `node` may refer to: those of its ancestors, and earlier ones of its own WITH."""
    names: set[str] = set()
    child: exp.Expr = node
    parent = node.parent
    while parent is not None:
        if isinstance(parent, exp.With):
            earlier = parent.expressions[: parent.expressions.index(child)] if child in parent.expressions else []
            names |= {c.alias.lower() for c in earlier}
        else:
            with_ = parent.args.get("with_")
            if with_ is not None and with_ is not child:
                names |= {c.alias.lower() for c in with_.expressions}
        child, parent = parent, parent.parent
    return names


def own_sources(select: exp.Expr) -> list[exp.Expr]:
    """The sources in the FROM of `select` itself."""
    from_ = select.args.get("from_")
    return [*([from_.this] if from_ is not None else []), *(j.this for j in select.args.get("joins") or [])]


def own_aliases(select: exp.Expr) -> set[str]:
    """Aliases of the sources in the FROM of `select` itself."""
    return {s.alias_or_name.lower() for s in own_sources(select)}


def belongs_to(node: exp.Expr, select: exp.Expr) -> bool:
    """Whether `node` is an expression of `select` itself, or a sub-query's column that names a source of it."""
    holder = node.find_ancestor(exp.Select)
    while isinstance(node, exp.Column) and holder is not None and holder is not select:
        if node.table.lower() in own_aliases(holder):
            return False
        holder = holder.find_ancestor(exp.Select)
    return holder is select


def correlated_columns(query: exp.Expr) -> list[exp.Column]:
    """Columns inside `query` that name a source outside of it.

    A column belongs to the nearest SELECT around it that defines its alias; a source of FROM doesn't see its siblings.
    """
    return [c for c in query.find_all(exp.Column) if c.table and not _defined_inside(c, query)]


def _defined_inside(column: exp.Column, query: exp.Expr) -> bool:
    node: exp.Expr = column
    through_source = False
    while True:
        if isinstance(node, exp.Select):
            if not through_source and column.table.lower() in own_aliases(node):
                return True
            through_source = False
        if node is query or node.parent is None:
            return False
        if isinstance(node, exp.Subquery) and isinstance(node.parent, exp.From | exp.Join):
            through_source = True
        if isinstance(node, exp.CTE):
            through_source = True
        node = node.parent
