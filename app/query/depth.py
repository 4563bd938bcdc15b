"""Is this text, or its tree, nested too deeply? And where does it get so; every walk over a tree relies on it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from app.domain.errors import Finding
from app.domain.sql_text import MAX_DEPTH, MAX_NESTING, position_at
from app.domain.values import Position

_OPENS = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE})
_CLOSES = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END})
_PREFIXES = frozenset({TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE})
"""Operators that nest when they follow one another."""


def nested_too_deep(tokens: Sequence[Token], sql: str) -> Finding | None:
    """The place of the first token at which more than `MAX_NESTING` things are open; None when there is none."""
    opened = chain = 0
    for token in tokens:
        kind = token.token_type
        chain = chain + 1 if kind in _PREFIXES else 0
        opened += (kind in _OPENS) - (kind in _CLOSES)
        if opened + chain > MAX_NESTING:
            return too_deep(position_at(token.start, sql), MAX_NESTING)
    return None


def deepest(tokens: Sequence[Token], sql: str) -> Finding:
    """The place of the token at which most things are open: where a parser ran out of stack."""
    opened, most, at = 0, -1, 0
    for token in tokens:
        opened += (token.token_type in _OPENS) - (token.token_type in _CLOSES)
        if opened > most:
            most, at = opened, token.start
    return too_deep(position_at(at, sql), MAX_NESTING)


def beyond(tree: exp.Expr) -> exp.Expr | None:
    """The first node below level `MAX_DEPTH` of the tree; None when it is not so deep."""
    level = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in node.iter_expressions()]
    return level[0] if level else None


def too_deep(position: Position | None, limit: int) -> Finding:
    """The finding that says so."""
    return Finding(code="sql-too-deep", params=(("limit", str(limit)),), position=position)
