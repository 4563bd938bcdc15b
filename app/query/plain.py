"""What text answers a query over rows that protect nobody? Generated from the checked tree, governed by nothing."""

from __future__ import annotations

from sqlglot import exp

from app.query.analysis import Understood
from app.query.guarded import total_sql


def plain_sql(understood: Understood) -> str:
    """The text of an understood query as it was meant, for synthetic rows: nothing is suppressed.

    It is as total as governed SQL is: a value that cannot be converted or computed is missing.
    """
    resolved = understood.resolved
    return under_names(total_sql(resolved.tree), resolved.outputs)


def columns_read(understood: Understood) -> frozenset[str]:
    """The names, in lower case, of all columns that the query may read of any table."""
    return frozenset(column.name.lower() for column in understood.resolved.tree.find_all(exp.Column))


def under_names(query: str, outputs: tuple[str, ...]) -> str:
    """The generated `query` with its columns called what the operator wrote."""
    inner = exp.to_identifier("__out", quoted=True).sql("duckdb")
    columns = ", ".join(exp.to_identifier(n, quoted=True).sql("duckdb") for n in outputs)
    return f"SELECT * FROM ({query}) AS {inner}({columns})"
