"""Which values must stand in the text as they are? Units, patterns, limits: no value of a row may choose them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

FIRST = (1,)
"""A leading unit or width, as of date_trunc('month', day): read from the text, as the parser takes any name for one."""

_BOUNDS: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.Limit: ("expression",),
    exp.Offset: ("expression",),
    exp.WindowSpec: ("start", "end"),
    exp.Slice: ("this", "expression"),
}


def computed_bounds(node: exp.Expr) -> list[exp.Expr]:
    """The numbers of a LIMIT, OFFSET, window frame or [slice] that are no literals."""
    held = [node.args.get(n) for n in _BOUNDS.get(type(node), ())]
    held += node.expressions if isinstance(node, exp.Bracket) else []
    return [e for e in held if isinstance(e, exp.Expr) and not isinstance(e, exp.Slice) and not _literal(e)]


def literal_where_needed(node: exp.Expr, positions: tuple[int, ...]) -> bool:
    """Whether the arguments of a call at `positions`, from 1, are literals."""
    if positions == FIRST:
        return True
    values = [v for v in node.args.values() if v is not None]
    flat = [a for v in values for a in (v if isinstance(v, list) else [v]) if isinstance(a, exp.Expr)]
    literal = [_literal(a) or isinstance(a, exp.Boolean | exp.Null | exp.Var) for a in flat]
    return all(literal[p - 1] for p in positions if p <= len(literal))


def computed_unit(tokens: Sequence[Token], constants: Mapping[str, tuple[int, ...]]) -> tuple[Token, str] | None:
    """The first call whose first argument must be a literal and is written otherwise, with the function's name."""
    for i, token in enumerate(tokens[:-1]):
        name = token.text.lower()
        called = tokens[i + 1].token_type is TokenType.L_PAREN
        if called and constants.get(name) == FIRST and not _written(tokens[i + 2 :]):
            return token, name
    return None


def _written(tokens: Sequence[Token]) -> bool:
    """Whether an argument that ends with a comma is 'text' or INTERVAL 'text' or INTERVAL number UNIT."""
    first = [t.token_type for t in tokens[:4]]
    if first[:1] == [TokenType.INTERVAL]:
        number = first[1:2] == [TokenType.NUMBER] or first[1:2] == [TokenType.STRING]
        return number and TokenType.COMMA in first[2:4]
    return first[:2] == [TokenType.STRING, TokenType.COMMA]


def _literal(node: exp.Expr) -> bool:
    return isinstance(node.this if isinstance(node, exp.Interval | exp.Neg) else node, exp.Literal)
