"""Which columns are known to be equal? Union-find over the equalities that a SELECT's inner joins and WHERE demand."""

from __future__ import annotations

from sqlglot import exp

ColumnKey = tuple[str, str]
"""(alias of the source, column), both in lower case."""


def key_of(column: exp.Column) -> ColumnKey:
    """The key of a resolved column."""
    return column.table.lower(), column.name.lower()


class Equalities:
    """Classes of columns that are equal in every row."""

    def __init__(self) -> None:
        """No column is known to equal another."""
        self._parent: dict[ColumnKey, ColumnKey] = {}

    @staticmethod
    def of(select: exp.Select) -> Equalities:
        """What the inner joins and the WHERE of `select` demand. An outer join's ON demands nothing of all rows."""
        found = Equalities()
        for join in select.args.get("joins") or []:
            if not (join.side or join.method) and join.kind.upper() not in ("SEMI", "ANTI"):
                found._add(join.args.get("on"))
        where = select.args.get("where")
        found._add(where.this if where is not None else None)
        return found

    @staticmethod
    def of_condition(condition: exp.Expr | None) -> Equalities:
        """What one condition demands."""
        found = Equalities()
        found._add(condition)
        return found

    def same(self, a: ColumnKey, b: ColumnKey) -> bool:
        """Whether two columns are equal in every row."""
        return self._root(a) == self._root(b)

    def _root(self, key: ColumnKey) -> ColumnKey:
        while key in self._parent:
            key = self._parent[key]
        return key

    def _add(self, condition: exp.Expr | None) -> None:
        if isinstance(condition, exp.Paren):
            self._add(condition.this)
        elif isinstance(condition, exp.And):
            self._add(condition.this)
            self._add(condition.expression)
        elif isinstance(condition, exp.EQ):
            left, right = condition.this, condition.expression
            if isinstance(left, exp.Column) and isinstance(right, exp.Column):
                a, b = self._root(key_of(left)), self._root(key_of(right))
                if a != b:
                    self._parent[a] = b
