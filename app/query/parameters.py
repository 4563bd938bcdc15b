"""Where do the values of a template's parameters stand? `$name` → the tokens of a literal, before the text is parsed.

A value becomes a token and never text: no tokenizer sees it, so nothing in it can be syntax. From there on all is as
for a literal that the operator wrote, and its place is that of `$name` in the template.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.tokenizer_core import Token, TokenType

from app.domain.errors import Finding, Invalid, Refusal
from app.domain.parameters import ParameterType, Value, Values
from app.domain.sql_text import position_at
from app.domain.values import Dataset, Position
from app.query.grammar import COMPARISONS
from app.query.literals import FIRST

PARAMETER = "parameter"
"""Key in the `meta` of a literal: the name of the parameter whose value it is."""
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")

_NUMBERS = frozenset({ParameterType.INTEGER, ParameterType.DECIMAL})
_CAST_TO: dict[ParameterType, tuple[TokenType, str]] = {
    ParameterType.DATE: (TokenType.DATE, "DATE"),
    ParameterType.TIMESTAMP: (TokenType.TIMESTAMP, "TIMESTAMP"),
    ParameterType.BOOLEAN: (TokenType.BOOLEAN, "BOOLEAN"),
}


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One `$name` in a text, at the character `offset`.

    `inside` is "interval" or "unit" where the parser reads the token itself and keeps no place of it, else None.
    """

    value: Value
    offset: int
    inside: str | None


def put_in(
    tokens: list[Token], values: Values, sql: str, constants: Mapping[str, tuple[int, ...]]
) -> tuple[list[Token], tuple[Occurrence, ...]]:
    """The tokens of a template with values in place of its parameters, and where they stand.

    Raises Refusal "parameter-undeclared", "parameter-unused" and "parameter-type" with every place. `$1` and `?` are no
    parameters: they stay, for the parser to refuse.
    """
    by_name = {v.name: v for v in values}
    put: list[Token] = []
    found: list[Occurrence] = []
    findings: list[Finding] = []
    for i, token in enumerate(tokens):
        name = _name_at(tokens, i)
        if _name_at(tokens, i - 1) is not None:
            continue
        if name is None:
            put.append(token)
        elif name not in by_name:
            where = position_at(token.start, sql)
            declared = ", ".join(by_name) or "-"
            findings.append(
                Finding(code="parameter-undeclared", params=(("name", name), ("known", declared)), position=where)
            )
        else:
            inside = _inside(put, tokens[i + 2 : i + 3], constants)
            found.append(Occurrence(value=by_name[name], offset=token.start, inside=inside))
            put += _tokens(by_name[name], token, tokens[i + 1])
    findings += _unfit_inside(found, sql)
    used = {o.value.name for o in found}
    findings += [Finding(code="parameter-unused", params=(("name", v.name),)) for v in values if v.name not in used]
    if findings:
        raise Refusal(*findings)
    return put, tuple(found)


def _name_at(tokens: list[Token], i: int) -> str | None:
    """The name of the parameter that begins with the token `i`: a dollar and a word right behind it."""
    if not 0 <= i < len(tokens) - 1 or tokens[i].token_type is not TokenType.PARAMETER or tokens[i].text != "$":
        return None
    word = tokens[i + 1]
    quoted = word.token_type in (TokenType.STRING, TokenType.IDENTIFIER)
    joined = word.start == tokens[i].end + 1
    return word.text if joined and not quoted and re.fullmatch(r"[^\W\d]\w*", word.text) else None


def _inside(before: list[Token], after: list[Token], constants: Mapping[str, tuple[int, ...]]) -> str | None:
    """Whether a parameter stands as the number of an INTERVAL or as the leading unit of a call."""
    if before and before[-1].token_type is TokenType.INTERVAL:
        return "interval"
    called = len(before) > 1 and before[-1].token_type is TokenType.L_PAREN
    leads = bool(after) and after[0].token_type is TokenType.COMMA
    return "unit" if called and leads and constants.get(before[-2].text.lower()) == FIRST else None


_FITS_INSIDE = {"interval": ParameterType.INTEGER, "unit": ParameterType.TEXT}


def _unfit_inside(found: list[Occurrence], sql: str) -> list[Finding]:
    return [
        _unfit(o.value, _FITS_INSIDE[o.inside].value, position_at(o.offset, sql))
        for o in found
        if o.inside is not None and o.value.type is not _FITS_INSIDE[o.inside]
    ]


def _tokens(value: Value, dollar: Token, word: Token) -> list[Token]:
    """The tokens of a literal of the value's type, each at the place of the parameter."""

    def at(kind: TokenType, text: str) -> Token:
        return Token(kind, text, dollar.line, word.col, dollar.start, word.end, [])

    opened, closed = at(TokenType.L_PAREN, "("), at(TokenType.R_PAREN, ")")
    if value.type in _NUMBERS:
        number = at(TokenType.NUMBER, value.text.removeprefix("-"))
        return [opened, at(TokenType.DASH, "-"), number, closed] if value.text.startswith("-") else [number]
    text = at(TokenType.STRING, value.text)
    if value.type not in _CAST_TO:
        return [text]
    kind = at(*_CAST_TO[value.type])
    return [at(TokenType.VAR, "CAST"), opened, text, at(TokenType.ALIAS, "AS"), kind, closed]


# -- what the parser made of them


def mark(tree: exp.Expr, found: tuple[Occurrence, ...], sql: str) -> None:
    """Name in the tree the literals that are values of parameters.

    Raises Refusal "parameter-misplaced" where a parameter stands for something else than a value: a name, a table, a
    type, the number of an output column.
    """
    literals = {n.meta["start"]: n for n in tree.find_all(exp.Literal) if "start" in n.meta}
    misplaced = []
    for occurrence in found:
        literal = literals.get(occurrence.offset)
        if literal is not None:
            literal.meta[PARAMETER] = occurrence.value.name
        if occurrence.inside is None and (literal is None or _is_no_value(_whole(literal, occurrence.value))):
            where = position_at(occurrence.offset, sql)
            params = (("name", occurrence.value.name),)
            misplaced.append(Finding(code="parameter-misplaced", params=params, position=where))
    if misplaced:
        raise Refusal(*misplaced)


_NO_VALUES = (
    exp.Table,
    exp.TableAlias,
    exp.Identifier,
    exp.Column,
    exp.DataType,
    exp.DataTypeParam,
    exp.Ordered,
    exp.Group,
    exp.Rollup,
    exp.Cube,
    exp.GroupingSets,
    exp.Distinct,
    exp.Star,
)
"""Parents under which a literal is no value: it would name something, or number an output column."""


def _is_no_value(node: exp.Expr) -> bool:
    """Whether `node`, perhaps with brackets around it, stands right under one of `_NO_VALUES`."""
    parent = node.parent
    while isinstance(parent, exp.Paren | exp.Tuple):
        parent = parent.parent
    return isinstance(parent, _NO_VALUES)


def name_outputs(tree: exp.Expr, template: Callable[[], exp.Expr]) -> None:
    """Call the nameless output columns of `tree` what they are called in the template: `$days` and not a value of it.

    `template` parses the text as it stands, parameters and all; asked only where a column has no name.
    """
    select = _first_select(tree)
    if all(isinstance(p, _NAMED) for p in select.expressions):
        return
    written = _first_select(template())
    if len(select.expressions) != len(written.expressions):
        raise Invalid("sql-syntax")
    for projection, as_written in zip(select.expressions, written.expressions, strict=True):
        if not isinstance(projection, _NAMED) and as_written.find(exp.Placeholder) is not None:
            name = as_written.sql("duckdb", normalize_functions="lower")
            projection.replace(exp.alias_(projection.copy(), name, quoted=True))


_NAMED = (exp.Alias, exp.Column, exp.Star)
"""Output columns that have a name without their expression."""


def _first_select(query: exp.Expr) -> exp.Expr:
    while not isinstance(query, exp.Select):
        query = query.this
    return query


# -- do they fit where they stand?


def check_fit(tree: exp.Query, values: Values, datasets: Mapping[str, Dataset], sql: str) -> None:
    """Raise Refusal "parameter-type" for every parameter of a resolved `tree` that stands where its type does not fit.

    A value fits beside a field of its own family (text, number, time, truth). Where a family cannot be told, e.g. among
    the arguments of a function, every value fits.
    """
    by_name = {v.name: v for v in values}
    if not any(PARAMETER in n.meta for n in tree.find_all(exp.Literal)):
        return
    typed = _typed(tree, datasets)
    findings = [
        _unfit(value, wanted, position_at(literal.meta["start"], sql))
        for literal in typed.find_all(exp.Literal)
        if (value := by_name.get(str(literal.meta.get(PARAMETER)))) is not None
        and (wanted := _wanted(_whole(literal, value))) is not None
        and _FAMILIES[value.type] not in wanted.split(", ")
    ]
    if findings:
        raise Refusal(*dict.fromkeys(findings))


_FAMILIES: dict[ParameterType, str] = {
    ParameterType.DATE: "time",
    ParameterType.TIMESTAMP: "time",
    ParameterType.INTEGER: "integer",
    ParameterType.DECIMAL: "decimal",
    ParameterType.TEXT: "text",
    ParameterType.BOOLEAN: "boolean",
}
_ANY_NUMBER = "integer, decimal"

_BESIDE: tuple[tuple[tuple[type[exp.Expr], ...], str], ...] = (
    ((exp.Limit, exp.Offset, exp.WindowSpec, exp.Slice, exp.Bracket, exp.Interval), "integer"),
    ((exp.Like, exp.ILike, exp.Glob, exp.Escape, exp.DPipe), "text"),
    ((exp.And, exp.Or, exp.Not, exp.Where, exp.Having, exp.Qualify), "boolean"),
    ((exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg), _ANY_NUMBER),
)
"""What a value must be by what it stands in."""


def _wanted(value: exp.Expr) -> str | None:
    """The families, as words, that fit where `value` stands; None: any."""
    parent = value.parent
    while isinstance(parent, exp.Paren):
        value, parent = parent, parent.parent
    fixed = next((words for classes, words in _BESIDE if isinstance(parent, classes)), None)
    if fixed is not None or parent is None:
        return fixed
    if isinstance(parent, exp.If) and value.arg_key == "this":
        return _branch(parent)
    beside = [n for n in parent.iter_expressions() if n is not value]
    if isinstance(parent, (*COMPARISONS, exp.Between, exp.In, exp.Add, exp.Sub)):
        return _family_of_any(beside, sums=isinstance(parent, exp.Add | exp.Sub))
    if isinstance(parent, exp.Case) and value.arg_key == "this":
        return _family_of_any([branch.this for branch in parent.args["ifs"]])
    return None


def _branch(branch: exp.If) -> str | None:
    """What fits as the condition of a branch: what the CASE is about, or a truth."""
    case = branch.parent
    operand = case.args.get("this") if isinstance(case, exp.Case) else None
    return "boolean" if operand is None else _family_of_any([operand])


def _family_of_any(beside: list[exp.Expr], *, sums: bool = False) -> str | None:
    """The family of the first of some expressions that has one; sums of moments take whole days, of numbers numbers."""
    for node in beside:
        family = _family(node)
        if family is not None:
            return "time, integer" if sums and family == "time" else family
    return _ANY_NUMBER + ", time" if sums else None


def _family(node: exp.Expr) -> str | None:
    kind = node.type.this if node.type is not None else None
    if kind in exp.DataType.TEXT_TYPES:
        return "text"
    if kind in exp.DataType.NUMERIC_TYPES:
        return _ANY_NUMBER
    if kind in exp.DataType.TEMPORAL_TYPES:
        return "time"
    return "boolean" if kind is exp.DataType.Type.BOOLEAN else None


def _typed(tree: exp.Query, datasets: Mapping[str, Dataset]) -> exp.Expr:
    """A copy of a resolved tree whose expressions know their types."""
    read = {t.name.lower() for t in tree.find_all(exp.Table)} & set(datasets)
    schema: dict[str, object] = {name: {f.name.lower(): f.type for f in datasets[name].fields} for name in read}
    try:
        return annotate_types(tree.copy(), schema=schema, dialect="duckdb")
    except (SqlglotError, RecursionError):
        raise Invalid("parameter-types-unknown") from None


def _whole(literal: exp.Expr, value: Value) -> exp.Expr:
    """The literal of a value with what `_tokens` put around it: a CAST, or a sign in brackets."""
    around = 1 if value.type in _CAST_TO else 2 if value.text.startswith("-") and value.type in _NUMBERS else 0
    node = literal
    for _ in range(around):
        node = node.parent or node
    return node


def _unfit(value: Value, wanted: str, where: Position) -> Finding:
    params = (("name", value.name), ("type", value.type.value), ("wanted", wanted))
    return Finding(code="parameter-type", params=params, position=where)
