"""Does a text contain nothing but what a plan may contain? Walks DuckDB's own parse tree; the unknown is refused.

Accepted: exactly one SELECT over the plan's tables and its own CTEs (with their true scopes), with the node classes
below and the functions that the plan lists. The text that was walked is the text that runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from sandbox.protocol import Limits

Tree = Mapping[str, Any]
Scope = frozenset[str]

MAX_TREE_BYTES = 16 << 20
MAX_NODES = 400_000

_RECURSIVE = "RECURSIVE_CTE_NODE"
QUERIES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", _RECURSIVE})
TABLES = frozenset({"BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY"})
MODIFIERS = frozenset({"ORDER_MODIFIER", "LIMIT_MODIFIER", "DISTINCT_MODIFIER"})
ORDERS = frozenset({"ORDER_DEFAULT", "ASCENDING", "DESCENDING"})
EXPRESSIONS = frozenset(
    {"BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "LAMBDA"}
    | {"LAMBDA_REF", "OPERATOR", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY", "TYPE", "WINDOW"}
)
OPERATORS = frozenset(
    {"OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "OPERATOR_COALESCE", "OPERATOR_TRY"}
    | {"OPERATOR_NULLIF", "COMPARE_IN", "COMPARE_NOT_IN", "ARRAY_EXTRACT", "ARRAY_SLICE", "STRUCT_EXTRACT"}
    | {"ARRAY_CONSTRUCTOR", "GROUPING_FUNCTION"}
)
TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest"})
# Names that the parser makes of plain syntax: count(*), [1, 2], {'a': 1}, (1, 2), INTERVAL 1 DAY.
SYNTAX_FUNCTIONS = frozenset(
    {"list_value", "struct_pack", "row", "trunc", "to_years", "to_months", "to_weeks", "to_days", "to_hours"}
    | {"to_minutes", "to_seconds", "to_milliseconds", "to_microseconds", "to_quarters", "to_decades", "to_centuries"}
)
MADE_OF = {"count_star": "count"}
# Never, even when a plan lists them: they read files, settings, catalogs or statistics, or run a text.
FORBIDDEN = frozenset(
    {"getenv", "getvariable", "current_setting", "query", "query_table", "stats", "error", "write_log", "sleep_ms"}
    | {"json_execute_serialized_sql", "json_serialize_plan", "json_deserialize_sql", "nextval", "currval", "finalize"}
    | {"read_text", "read_blob", "read_csv", "read_csv_auto", "read_json", "read_json_auto", "read_parquet", "glob"}
    | {"parquet_scan", "parquet_metadata", "parquet_schema", "sniff_csv", "txid_current", "version", "current_query"}
    | {"in_search_path", "current_schemas", "current_database", "current_schema", "current_user", "session_user"}
)
SESSION_VALUES = frozenset(
    {"current_catalog", "current_database", "current_date", "current_localtime", "current_localtimestamp"}
    | {"current_role", "current_schema", "current_time", "current_timestamp", "current_user", "localtime"}
    | {"localtimestamp", "session_user", "user", "rowid", "filename", "file_row_number", "file_index"}
)
# The engine reads a table that it does not find as a file: no name within a text may be one, whoever resolves it.
FILE_MARKS = frozenset("./\\:*?[]")
TYPES_REFUSED = frozenset({"variant"})


_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def folded(name: str) -> str:
    """The name as the engine compares names: only the letters A to Z have no case."""
    return name.translate(_LOWER)


def framed(sql: str) -> str:
    """The text on lines of its own: so it is walked, and so it must be put where it runs.

    At the end of its input the engine reads some texts in another way: a no-break space there belongs to the name.
    """
    return f"\n{sql}\n"


class Refused(Exception):
    """The text contains what a plan may not contain; the argument says what, for the log of a developer's test only."""


class TooLarge(Refused):
    """The text is longer, or its tree larger or deeper, than the limits of its plan."""


class Gate:
    """Checks the texts of one plan: which tables and columns are there, which functions they may call, how large."""

    def __init__(
        self, serialize: Callable[[str], str], *, columns: Iterable[str], functions: Iterable[str], limits: Limits
    ) -> None:
        """`serialize` gives the engine's tree of a text as JSON; `columns` are the columns of the plan's views."""
        self._serialize, self._limits = serialize, limits
        self._columns = frozenset(map(folded, columns))
        listed = set(map(folded, functions))
        made = {name for name, source in MADE_OF.items() if source in listed}
        self._functions = frozenset(listed | made | SYNTAX_FUNCTIONS) - FORBIDDEN

    def check(self, sql: str, tables: Iterable[str]) -> None:
        """Raise `Refused` unless `sql` is a SELECT that reads only `tables`, with permitted nodes and functions.

        Raises `TooLarge` when it passes the limits of a text.
        """
        if "\0" in sql:
            raise Refused("a NUL byte")
        if len(sql.encode("utf-8", "surrogatepass")) > self._limits.sql_bytes:
            raise TooLarge("the text is too long")
        statement = self._statement(sql)
        walk = _Walk(frozenset(map(folded, tables)), self._functions, self._columns, self._limits.sql_depth)
        try:
            walk.through(statement["node"])
        except (AttributeError, IndexError, KeyError, TypeError) as error:
            raise Refused("a node without its parts") from error

    def _statement(self, sql: str) -> Tree:
        """The tree of the one SELECT that `sql` is, without parameters."""
        text = self._serialize(framed(sql))
        if len(text) > MAX_TREE_BYTES:
            raise TooLarge("the tree is too large")
        try:
            tree = json.loads(text)
        except RecursionError as error:
            raise TooLarge("the tree is too deep to be read") from error
        except ValueError as error:
            raise Refused("the tree cannot be read") from error
        if tree.get("error") is not False or len(tree.get("statements", ())) != 1:
            raise Refused("not exactly one SELECT")
        statement: Tree = tree["statements"][0]
        if set(statement) != {"node", "named_param_map"} or statement["named_param_map"]:
            raise Refused("parameters")
        return statement


class _Walk:
    """One walk through one tree; every dictionary of it is visited and must be of a known kind.

    What is still to visit waits in a list and not on the interpreter's stack, which a deep tree would exhaust.
    """

    def __init__(self, tables: Scope, functions: frozenset[str], columns: frozenset[str], max_depth: int) -> None:
        self.tables, self.functions, self.columns, self.max_depth = tables, functions, columns, max_depth
        self.nodes = self.depth = 0
        self.waiting: list[tuple[Tree, Scope, int]] = []

    def through(self, root: object) -> None:
        """Visit the query `root` and all within. Raises `Refused`."""
        self.query(root, frozenset())
        while self.waiting:
            node, scope, self.depth = self.waiting.pop()
            self._enter(node, scope)

    def query(self, node: object, scope: Scope) -> None:
        """A query node: its CTEs one after the other, then all else within their scope."""
        if not isinstance(node, dict) or node.get("type") not in QUERIES or "class" in node:
            raise Refused("a kind of query")
        for entry in node.get("cte_map", {}).get("map", ()):
            scope = self._common_table(entry, scope)
        if node.get("sample") is not None:
            raise Refused("a sample")
        for name, value in node.items():
            if name not in ("cte_map", "type"):
                self.visit(value, scope | _recursive_name(node, name))

    def _common_table(self, entry: Tree, scope: Scope) -> Scope:
        """Have one CTE visited, which sees those before it; returns the scope in which it is visible."""
        name, body = folded(str(entry["key"])), entry["value"]
        if not FILE_MARKS.isdisjoint(name):
            raise Refused("a name that could be a file's")
        self._visit_query(body.get("query_node"), scope)
        for key, value in body.items():
            if key != "query_node":
                self.visit(value, scope)
        return scope | {name}

    def _visit_query(self, node: object, scope: Scope) -> None:
        """Have a part visited that must be a query."""
        if not isinstance(node, dict) or node.get("type") not in QUERIES:
            raise Refused("a kind of query")
        self.visit(node, scope)

    def visit(self, value: object, scope: Scope) -> None:
        """Have any part of the tree visited."""
        if isinstance(value, list):
            for item in value:
                self.visit(item, scope)
        elif isinstance(value, dict):
            self.waiting.append((value, scope, self.depth + 1))

    def _enter(self, node: Tree, scope: Scope) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES or self.depth > self.max_depth:
            raise TooLarge("the tree is too large")
        kind = node.get("type")
        if "class" in node:
            self._expression(node, scope)
        elif kind in QUERIES:
            self.query(node, scope)
        elif kind in TABLES:
            self._table(node, scope)
        elif kind is None or kind in MODIFIERS or kind in ORDERS or "type_info" in node or "is_null" in node:
            self._parts(node, scope)
        else:
            raise Refused(f"a node of type {kind}")

    def _parts(self, node: Tree, scope: Scope, *, without: tuple[str, ...] = ()) -> None:
        for name, value in node.items():
            if name not in without:
                self.visit(value, scope)

    def _table(self, node: Tree, scope: Scope) -> None:
        if node.get("sample") is not None or node.get("at_clause") is not None:
            raise Refused("a sample or a version of a table")
        if node["type"] == "BASE_TABLE":
            name = _bare(node, "table_name")
            if name not in scope and name not in self.tables:
                raise Refused(f"the table {name}")
        if node["type"] == "TABLE_FUNCTION":
            self._table_function(node["function"], scope)
        self._parts(node, scope, without=("function",))

    def _table_function(self, call: Tree, scope: Scope) -> None:
        name = _bare(call, "function_name")
        if call.get("class") != "FUNCTION" or name not in TABLE_FUNCTIONS or name not in self.functions:
            raise Refused(f"the table function {name}")
        self._parts(call, scope)

    def _expression(self, node: Tree, scope: Scope) -> None:
        kind = node["class"]
        if kind not in EXPRESSIONS:
            raise Refused(f"an expression {kind}")
        check = _CHECKS.get(kind)
        if check is not None:
            check(self, node)
        if kind == "SUBQUERY":
            if node["subquery"].get("named_param_map"):
                raise Refused("parameters")
            self._visit_query(node["subquery"]["node"], scope)
        self._parts(node, scope, without=("subquery",) if kind == "SUBQUERY" else ())

    def function(self, node: Tree) -> None:
        """A call must be by a bare name that the plan lists."""
        name = _bare(node, "function_name")
        if name not in self.functions:
            raise Refused(f"the function {name}")
        if node.get("export_state"):
            raise Refused("the inner state of an aggregate")

    def column(self, node: Tree) -> None:
        """A bare name must not turn into a session value or a hidden column."""
        name = folded(str(node["column_names"][-1]))
        if name in SESSION_VALUES and name not in self.columns:
            raise Refused(f"the session value {name}")

    def operator(self, node: Tree) -> None:
        """An operator must be one of the engine's logic nodes."""
        if node["type"] not in OPERATORS:
            raise Refused(f"the operator {node['type']}")

    def type_name(self, node: Tree) -> None:
        """A type must have a bare name."""
        if _bare(node, "type_name") in TYPES_REFUSED:
            raise Refused("a type")


_CHECKS: dict[str, Callable[[_Walk, Tree], None]] = {
    "FUNCTION": _Walk.function,
    "WINDOW": _Walk.function,
    "COLUMN_REF": _Walk.column,
    "OPERATOR": _Walk.operator,
    "TYPE": _Walk.type_name,
}


def _bare(node: Tree, key: str) -> str:
    """The name under `key`, lowered; refused when it is qualified by a schema or a catalog."""
    path = node.get("qualified_name", {}).get("path", [node[key]])
    if list(path) != [node[key]]:
        raise Refused("a qualified name")
    qualifiers = ("schema", "catalog", "schema_name", "catalog_name")
    if any(node.get(qualifier) for qualifier in qualifiers):
        raise Refused("a qualified name")
    return folded(str(node[key]))


def _recursive_name(node: Tree, part: str) -> Scope:
    """The name of a recursive CTE in the part that may read it: to its first member the name means another table."""
    return frozenset({folded(str(node["cte_name"]))} if node["type"] == _RECURSIVE and part == "right" else ())
