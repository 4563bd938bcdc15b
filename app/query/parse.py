"""Is this text one SELECT in the SQL that Sluice understands? Text → checked tree, or why not, with the place."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Protocol

from sqlglot import Dialect, exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from app.domain.errors import Finding, Invalid, Refusal
from app.domain.parameters import Values
from app.domain.sql_text import MAX_DEPTH, check_text, position_at
from app.domain.values import HIDDEN_PREFIX, Position
from app.query.depth import beyond, deepest, nested_too_deep, too_deep
from app.query.grammar import ARGUMENTS, COMPARISONS, FUNCTION_NODES, JOINS, NODES, QUERIES, SYNTAX_FUNCTIONS
from app.query.grouping import SETS
from app.query.literals import computed_bounds, computed_unit, literal_where_needed
from app.query.parameters import mark, name_outputs, put_in
from app.query.sugar import without_sugar

DIALECT = "duckdb"
_DUCKDB = Dialect.get_or_raise(DIALECT)

FunctionClass = Callable[[str], str | None]
"""Answers the class of a function by its DuckDB name (`policies/functions.toml`), None when it is not listed."""


class Functions(Protocol):
    """The table of functions, as the policy stage reads it from `policies/functions.toml`."""

    @property
    def raises(self) -> frozenset[str]:
        """Functions that stop a query for some values."""

    @property
    def constants(self) -> Mapping[str, tuple[int, ...]]:
        """Function → the arguments, from 1, that must be literals."""

    def function_class(self, name: str) -> str | None:
        """The class of a function by its DuckDB name, None when it is not listed."""


RAISES = "raises"
"""Mark in the `meta` of calls that can fail for some values; `app.query.guarded` wraps them."""

logging.getLogger("sqlglot").setLevel(logging.CRITICAL + 1)
"""Its warnings quote the operator's text, and say nothing that a finding does not say."""

_CALLED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\(")


def parse(sql: str, functions: Functions, values: Values | None = None) -> exp.Query:
    """The tree of `sql`, every node and function of which is on the allow-list.

    `values` are those of the parameters of a template; None for a text that is none: then `$name` is refused.

    Raises Invalid "sql-too-long", "sql-too-deep", "sql-syntax"; Refusal "construct-refused", "function-refused",
    and what `app.query.parameters` raises.
    """
    check_text(sql)
    written = _tokens(sql)
    tokens, found = (written, ()) if values is None else put_in(written, values, sql, functions.constants)
    _refuse_tokens(tokens, sql, functions)
    statements = _statements(tokens, sql)
    if len(statements) != 1:
        params = (("found", str(len(statements))),)
        raise Refusal(Finding(code="one-statement", params=params, position=_second_statement(sql)))
    tree = statements[0]
    if not isinstance(tree, QUERIES):
        raise Refusal(_construct(tree, sql, _describe(tree)))
    deep = beyond(tree)
    if deep is not None:
        raise Invalid(too_deep(position(deep, sql), MAX_DEPTH))
    if found:
        mark(tree, found, sql)
        name_outputs(tree, lambda: _statements(written, sql)[0])
    tree = without_sugar(tree, lambda name: functions.function_class(name) in AGGREGATES)
    findings = [f for node in tree.walk() for f in _node_findings(node, sql, functions)]
    if findings:
        raise Refusal(findings[0], *findings[1:])
    return tree  # type: ignore[return-value]  # QUERIES are subclasses of exp.Query


def _tokens(sql: str) -> list[Token]:
    """The tokens of a text that nests no deeper than the parser can follow."""
    try:
        tokens = _DUCKDB.tokenize(sql)
    except SqlglotError as error:
        raise Invalid(_syntax_finding(error)) from None
    deep = nested_too_deep(tokens, sql)
    if deep is not None:
        raise Invalid(deep)
    return tokens


def _statements(tokens: list[Token], sql: str) -> list[exp.Expr]:
    """The statements of a text, empty ones left out."""
    try:
        return [s for s in _DUCKDB.parser().parse(tokens, sql) if s is not None]
    except SqlglotError as error:
        raise Invalid(_syntax_finding(error)) from None
    except RecursionError:
        raise Invalid(deepest(tokens, sql)) from None


def _second_statement(sql: str) -> Position | None:
    """Where the second statement of a text begins."""
    tokens = _DUCKDB.tokenize(sql)
    ends = [t.token_type is TokenType.SEMICOLON for t in tokens]
    begins = [
        t for t, after in zip(tokens, [True, *ends], strict=False) if after and t.token_type is not TokenType.SEMICOLON
    ]
    return position_at(begins[1].start, sql) if len(begins) > 1 else None


def _refuse_tokens(tokens: list[Token], sql: str, functions: Functions) -> None:
    """Refuse what the parser takes for something that DuckDB does not: `x -> …` for a lambda, a column for a unit."""
    for token in tokens:
        if token.token_type is TokenType.ARROW:
            where = position_at(token.start, sql)
            raise Refusal(Finding(code="construct-refused", params=(("construct", "->"),), position=where))
    unit = computed_unit(tokens, functions.constants)
    if unit is not None:
        where = position_at(unit[0].start, sql)
        raise Refusal(Finding(code="function-needs-constant", params=(("function", unit[1]),), position=where))


AGGREGATES = frozenset({"aggregate", "order_statistic", "extreme"})
"""Classes of the functions that make one value of many rows."""


def position(node: exp.Expr, sql: str) -> Position | None:
    """Where `node` begins in `sql`: the first token that any part of it was read from; None for generated nodes."""
    starts = [n.meta["start"] for n in node.walk() if "start" in n.meta]
    if not starts:
        return None
    return position_at(min(starts), sql)


def function_name(node: exp.Expr) -> str:
    """DuckDB's name of the function that `node` calls, in lower case."""
    special = FUNCTION_NODES.get(type(node))
    if special is not None:
        return special
    text = node.sql(DIALECT)
    called = _CALLED.match(text)
    return called.group(1).lower() if called else text.lower() if text.isidentifier() else type(node).__name__.lower()


def is_call(node: exp.Expr) -> bool:
    """Whether `node` is a function that the table of functions decides about."""
    if type(node) in FUNCTION_NODES:
        return True
    return (
        isinstance(node, exp.Func) and type(node) not in SYNTAX_FUNCTIONS and type(node) not in NODES
    ) or isinstance(node, exp.Count)


def _node_findings(node: exp.Expr, sql: str, functions: Functions) -> list[Finding]:
    """What is wrong with this one node, its children apart."""
    if is_call(node):
        found = _call_finding(node, sql, functions)
        if found is not None:
            return [found]
    elif type(node) not in NODES:
        return [_construct(node, sql, _describe(node))]
    allowed = ARGUMENTS.get(type(node))
    if allowed is not None:
        extra = [k for k, v in node.args.items() if v not in (None, [], False, "") and k not in allowed]
        if extra:
            return [_construct(node, sql, f"{_describe(node)} … {extra[0].strip('_').upper()}")]
    return _special_findings(node, sql)


def _special_findings(node: exp.Expr, sql: str) -> list[Finding]:
    """Rules for single node classes: join kinds, rows of values, hidden names, types, constants."""
    if isinstance(node, exp.Join) and not _known_join(node):
        words = f"{node.method} {node.side} {node.kind} JOIN{' USING' if node.args.get('using') else ''}"
        return [_construct(node, sql, " ".join(words.split()))]
    if isinstance(node, exp.Tuple) and not (isinstance(node.parent, _HOLDS_ROWS) or node.arg_key == "on"):
        return [_construct(node, sql, "(…, …)")]
    if isinstance(node, exp.Identifier) and node.name.startswith(HIDDEN_PREFIX):
        return [_construct(node, sql, node.name)]
    if isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier):
        return [_construct(node, sql, node.sql(DIALECT)[:40])]
    if isinstance(node, exp.Values) and node.find(exp.Column, exp.Query) is not None:
        return [_construct(node, sql, "VALUES (column)")]
    if isinstance(node, exp.Dot) and not isinstance(node.expression, exp.Identifier):
        return [_construct(node, sql, node.sql(DIALECT)[:40])]
    if isinstance(node, exp.DataType) and node.this in (exp.DataType.Type.VARIANT, exp.DataType.Type.USERDEFINED):
        return [_construct(node, sql, node.sql(DIALECT))]
    return [_construct(e, sql, f"{_describe(node)} …") for e in computed_bounds(node)]


_HOLDS_ROWS = (*COMPARISONS, *SETS, exp.In, exp.Values)
"""Where several values may stand in brackets: compared as a row, a set of grouping keys, VALUES; also DISTINCT ON."""


def _known_join(join: exp.Join) -> bool:
    """Whether a join is one of `JOINS`. ASOF … USING would compare its last column by order and not for equality."""
    kind = (join.method.upper(), join.side.upper(), join.kind.upper())
    return kind in JOINS and not (kind[0] == "ASOF" and join.args.get("using"))


def _call_finding(node: exp.Expr, sql: str, functions: Functions) -> Finding | None:
    name = function_name(node)
    kind = functions.function_class(name)
    if name in functions.raises:
        node.meta[RAISES] = True
    needs_constant = not literal_where_needed(node, functions.constants.get(name, ()))
    if kind is not None and kind not in ("internal", "table") and not needs_constant:
        return None
    code = "function-needs-constant" if needs_constant else "function-refused"
    return Finding(code=code, params=(("function", name),), position=_nearest_position(node, name, sql))


def _construct(node: exp.Expr, sql: str, name: str) -> Finding:
    return Finding(code="construct-refused", params=(("construct", name),), position=_nearest_position(node, name, sql))


def _nearest_position(node: exp.Expr, name: str, sql: str) -> Position | None:
    """Where `node` begins; else where the word `name` first stands, as CURRENT_DATE does; else what is around it."""
    found = position(node, sql)
    if found is None:
        words = (t for t in _DUCKDB.tokenize(sql) if t.text.lower() == name.lower())
        word = next(words, None)
        found = position_at(word.start, sql) if word is not None else None
    while found is None and node.parent is not None:
        node = node.parent
        found = position(node, sql)
    return found


def _describe(node: exp.Expr) -> str:
    """A short name of a syntax element for people: the class name split into words, upper case."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).upper()


def _syntax_finding(error: SqlglotError) -> Finding:
    """The place of a syntax error; never the parser's text, which quotes the input."""
    places = getattr(error, "errors", None) or [{}]
    line, column = places[0].get("line"), places[0].get("col")
    where = Position(line=int(line), column=int(column)) if line and column else None
    return Finding(code="sql-syntax", position=where)
